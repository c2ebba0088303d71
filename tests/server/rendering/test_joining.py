"""The last steps of a take, without a worker: who calls it off in between leaves nothing behind; what signs it."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from heygem_core.messages import plain
from heygem_core.tasks.specs import JoinTask
from heygem_server.errors import StaleAttempt
from heygem_server.executors.base import WorkFailed
from heygem_server.rendering import steps
from heygem_server.rendering.take_files import report_of, stage
from heygem_server.store import Claim, Store

from .jobs import claimed, planned, submit, take_of
from .running_services import left_in, settings


def context(store: Store, folder: Path, executor: Any = None, **changes: Any) -> steps.StepContext:
    return steps.StepContext(store=store, executor=executor, look=None, settings=settings(folder, **changes))  # type: ignore[arg-type]


def join_claim(store: Store, folder: Path) -> Claim:
    submit(store)
    claim = claimed(store)
    store.finish_plan(claim.token, planned("abcd"), stamp=steps.stamp_of(claim.source))
    store.finish_segment(claimed(store).token)
    return msgspec.structs.replace(claimed(store), folder=str(folder / "takes"))


async def test_called_off_between_its_name_and_its_record_a_take_leaves_no_file(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file stayed, known to nobody, and after a pause the shot came out once more beside it."""
    claim = join_claim(store, tmp_path)
    staged = stage(tmp_path / "takes", claim.shot, claim.token) / "clip_v1.mov"
    staged.write_bytes(b"frame")
    report_of(staged).write_bytes(b"{}")
    take = msgspec.structs.replace(take_of(claim, str(tmp_path / "takes" / "clip_v1.mov")), sha256=sha256(b"frame").hexdigest())
    really = steps.place

    def called_off(staged: Path, target: Path) -> None:
        really(staged, target)
        store.pause(claim.job)

    monkeypatch.setattr(steps, "place", called_off)
    with pytest.raises(StaleAttempt):
        await steps._place(claim, context(store, tmp_path), staged, take)
    assert left_in(tmp_path / "takes") == []
    assert not store.takes().takes


class Recorder:
    """An executor that only notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    async def run(self, task: Any, **_: Any) -> None:
        self.asked.append(task)
        raise WorkFailed("failed", plain("noted"))


async def test_takes_are_signed_as_the_server_is_set_up_and_nobody_is_told_with_what(store: Store, tmp_path: Path) -> None:
    claim, executor = join_claim(store, tmp_path), Recorder()
    chosen = context(store, tmp_path, executor, sign_certificate=tmp_path / "chain.pem", sign_key=tmp_path / "key.pem")
    piece = chosen.segment_file("abcd", steps.suffix_of(claim.settings, claim.request))
    piece.parent.mkdir(parents=True)
    piece.write_bytes(b"x")
    with pytest.raises(WorkFailed, match="noted"):
        await steps._join(claim, chosen, None, None)  # type: ignore[arg-type]
    (task,) = executor.asked
    assert isinstance(task, JoinTask)
    assert task.settings.sign_with == (str(tmp_path / "chain.pem"), str(tmp_path / "key.pem"))
    assert claim.settings.sign_with is None, "what is told of a take says nothing of the key"
