"""Fetches one model for a program that watches: `python -m heygem_core.weights ID [--accept-licence]`. Each line of the output is JSON:
`Fetching` while it goes on, and at the end `Fetched` or `Failed`."""

from __future__ import annotations

import sys

from ..__main__ import cancel_on_signals
from ..errors import HeygemError
from ..shot import Failed, to_json
from .progress import Fetched, Fetching
from .store import get


def main(arguments: list[str]) -> int:
    cancel_on_signals()
    model_id, *flags = arguments
    try:
        path = get(model_id, accept_licence="--accept-licence" in flags, tell_progress=_say)
    except HeygemError as error:
        said = error.said
        _say(Failed(error=type(error).__name__, message=said.message, exit_code=error.exit_code, code=said.code, params=said.params))
        return error.exit_code
    _say(Fetched(model=model_id, path=str(path)))
    return 0


def _say(event: Fetching | Fetched | Failed) -> None:
    print(to_json(event).decode(), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
