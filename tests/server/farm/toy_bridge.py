"""Stands in the place of the bridge: speaks its lines about nodes that are not there, and pretends to do what it is given.

    python -m tests.server.farm.toy_bridge NODES        a JSON list of NodeSeen

What becomes of a task is said by the name of its speech: done, differs, fails, refused, dies, killed, waits. One with files to fetch is
delivered as an upload, which the test has put there.
"""

from __future__ import annotations

import os
import signal
import sys
from hashlib import sha256
from pathlib import Path

from heygem_core.messages import plain, tell
from heygem_core.rendering.report import report_path
from heygem_core.shot import Failed, Progress, from_json, to_json
from heygem_core.tasks.worker import Told
from heygem_server.executors.farm.lines import CallOff, Connect, FileWritten, Give, Nodes, NodeSeen, Over, Said, ToBridge


def say(line: object) -> None:
    sys.stdout.buffer.write(to_json(line) + b"\n")
    sys.stdout.buffer.flush()


def do(give: Give) -> None:
    task, fate = give.task, Path(give.task.shot.speech).stem  # type: ignore[union-attr]
    say(Said(number=give.number, line=Told(number=give.number, event=Progress(stage="render", done=1, total=8))))
    if fate == "dies":
        sys.stderr.write("[2026-11-30 10:00:00,000 E 1 2] gcs_rpc_client.h:151: Failed to connect to GCS (rpc_code: 14)\n")
        os._exit(1)
    if fate == "killed":
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    if fate == "fails":
        failed = Failed(error="MediaNotFound", message="It is not there.", exit_code=3)
        say(Over(number=give.number, outcome="failed", reason=plain("It is not there."), failed=failed))
    elif fate == "refused":
        said = tell("output.read-only", folder="/n")
        failed = Failed(error="OutputError", message=said.message, exit_code=5, code=said.code, params=said.params)
        say(Over(number=give.number, outcome="failed", reason=said, failed=failed))
    elif fate != "waits":
        written = []
        for path in (Path(task.output), report_path(task.output)):  # type: ignore[union-attr]
            if not give.files:
                path.write_bytes(b"drawn" if fate == "done" else b"half")
            upload = f"{len(written):032x}" if give.files else None
            written.append(FileWritten(path=str(path), size=5, sha256=sha256(b"drawn").hexdigest(), upload=upload))
        say(Over(number=give.number, files=tuple(written)))


def main() -> None:
    for text in sys.stdin.buffer:
        order = from_json(text, ToBridge)  # type: ignore[arg-type]
        if isinstance(order, Connect):
            say(Nodes(nodes=from_json(sys.argv[1], tuple[NodeSeen, ...])))
        elif isinstance(order, Give):
            do(order)
        elif isinstance(order, CallOff):
            say(Over(number=order.number, outcome="canceled", reason=plain("Called off.")))


if __name__ == "__main__":
    main()
