"""`heygem serve`: the render server in the foreground, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..errors import AlreadyRunning
from ..front.running import only_one
from ..settings import ServerSettings, add_flags, flags_of, read_settings


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "serve", help="start the render server", description="Starts the render server of this user and prints its address."
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="settings file (default: server.toml in the platform's folder for settings)"
    )
    add_flags(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    settings = read_settings(flags_of(options), file=options.config)
    try:
        with only_one(settings.data_folder):
            return _serve(settings)
    except AlreadyRunning as found:
        print(found)
        _print_new_link(settings)
        return 0


def _serve(settings: ServerSettings) -> int:
    import asyncio

    from ..front.serving import Ready, serve

    def ready(at: Ready) -> None:
        print(f"HeyGem render server: {at.url}")
        print(f"Sign in once, within ten minutes: {at.sign_in}")
        for address in at.elsewhere:
            print(f"From other machines: {address} (they need a pass: heygem pass FILE)")
        if at.fingerprint is not None:
            print(f"Certificate (SHA-256): {at.fingerprint}")
        sys.stdout.flush()

    asyncio.run(serve(settings, ready))
    return 0


def _print_new_link(settings: ServerSettings) -> None:
    """A second start opens the first one's door: a fresh link, if it proves to be ours."""
    from ..client import Client
    from ..errors import ServerError

    try:
        with Client.connect(settings.data_folder) as client:
            print(f"Sign in once, within ten minutes: {client.url}/#code={client.new_code()}")
    except (ServerError, OSError) as error:
        print(f"heygem: {error}", file=sys.stderr)
