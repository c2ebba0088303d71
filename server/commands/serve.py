"""`heygem serve`: the render server in the foreground, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from heygem_core.messages import here
from heygem_core.printable import printable_lines

from ..errors import AlreadyRunning
from ..settings import ServerSettings, add_flags, flags_of, read_settings
from ..single_instance import only_one


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "serve", help="start the render server", description="Starts the render server of this user and prints its address."
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="settings file (default: server.toml in the platform's folder for settings)"
    )
    parser.add_argument("--open", action="store_true", help="open the page in the browser, signed in")
    add_flags(parser)
    parser.set_defaults(run=run)
    opening = commands.add_parser(
        "open", help="open the page of the running server", description="Opens the running server's page in the browser, signed in."
    )
    opening.add_argument("--data", type=Path, metavar="DIR", help="data folder of the server, or a pass of one on another machine")
    opening.set_defaults(run=_open)


def run(options: argparse.Namespace) -> int:
    settings = read_settings(flags_of(options), file=options.config)
    try:
        with only_one(settings.data_folder):
            return _serve(settings, show=options.open)
    except AlreadyRunning as found:
        print(here(found.said))
        _print_new_link(settings, show=options.open)
        return 0


def _serve(settings: ServerSettings, *, show: bool) -> int:
    import asyncio

    from ..http.server import Ready, serve

    def ready(at: Ready) -> None:
        print(f"HeyGem render server: {at.url}")
        print(f"Sign in once, within ten minutes: {at.sign_in}")
        for address in at.elsewhere:
            print(f"From other machines: {address} (they need a pass: heygem pass FILE)")
        if at.fingerprint is not None:
            print(f"Certificate (SHA-256): {at.fingerprint}")
        sys.stdout.flush()
        if show:
            asyncio.get_running_loop().run_in_executor(None, _show, at.sign_in)

    asyncio.run(serve(settings, ready))
    return 0


def _print_new_link(settings: ServerSettings, *, show: bool) -> None:
    """Prints a new sign-in link of the server that runs already, once it has proved that it is ours."""
    from ..client import Client
    from ..errors import ServerError

    try:
        with Client.connect(settings.data_folder) as client:
            link = f"{client.url}/#code={client.new_code()}"
        print(f"Sign in once, within ten minutes: {link}")
        if show:
            _show(link)
    except (ServerError, OSError) as error:
        print(f"heygem: {printable_lines(error)}", file=sys.stderr)


def _open(options: argparse.Namespace) -> int:
    """Opens the page anew, for whoever has closed the tab. Raises: NoServer."""
    from ..client import Client

    with Client.connect(options.data) as client:
        link = f"{client.url}/#code={client.new_code()}"
    if not _show(link):
        print(f"Open this link in a browser; it signs in once, within ten minutes: {link}")
    return 0


def _show(link: str) -> bool:
    """Opens a link in the user's browser; False where there is none."""
    import webbrowser

    try:
        return webbrowser.open(link)
    except webbrowser.Error:
        return False
