"""`heygem pass`: writes what another machine needs to use this server under `--lan`: address, token, pinned certificate.

The file is a server.json like the one that panels on this machine read, with a token of its own that ends after thirty days.
Whoever has the file may do what a person in the page may, or, with `--host` and `--project`, what that editor may: it is a secret.
"""

from __future__ import annotations

import argparse
import os
from importlib.metadata import version
from pathlib import Path

from heygem_core.errors import OutputError, SpecError
from heygem_core.printable import printable
from heygem_core.storage.os_errors import why


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("pass", help="let another machine in", description="Writes what another machine needs to use this server.")
    parser.add_argument("file", type=Path, metavar="FILE", help="the pass, a JSON file; its certificate is written beside it")
    parser.add_argument(
        "--name",
        metavar="NAME",
        help="by which the other machine calls this one (default: the first of allowed_hosts, else the address it listens at)",
    )
    parser.add_argument("--host", metavar="ID", help="for this editor alone")
    parser.add_argument("--project", metavar="ID", help="for this project of the editor alone")
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder of the server (default: that of the settings)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    import socket
    from urllib.parse import urlsplit

    from heygem_core.shot import to_json

    from ..client import Client
    from ..json_responses import NoServer
    from ..security.host_names import bracketed
    from ..security.private_files import write_private
    from ..settings import read_settings
    from ..single_instance import read_server_file
    from ..wire import ServerFile, TokenRequest

    settings = read_settings()
    found = read_server_file(options.data or settings.data_folder)
    if found is None:
        raise NoServer("pass.no-server")
    if found.certificate is None:
        raise SpecError("pass.local-only")
    told = urlsplit(found.url).hostname  # where it was told to listen
    here = socket.gethostname() if told in (None, "127.0.0.1", "::1", "localhost") else told
    name = options.name or next(iter(settings.allowed_hosts), here)
    request = TokenRequest(scope="host" if options.host else "page", host=options.host, project=options.project)
    target = options.file.resolve()
    beside = target.with_suffix(".pem")
    with Client.of(found) as client:
        token = client.new_token(request)
    file = ServerFile(
        url=f"https://{bracketed(name)}:{found.port}",
        port=found.port,
        pid=found.pid,
        token=token,
        version=version("heygem-bridge"),
        certificate=beside.name,
    )
    try:
        write_private(beside, Path(found.certificate).read_bytes())
        write_private(target, to_json(file))
    except OSError as error:
        raise OutputError("pass.not-written", why=why(error, target.parent), folder=target.parent) from error
    print(f"{printable(target)}{os.linesep}{printable(beside)}")
    return 0
