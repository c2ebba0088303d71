"""The last steps of a take, without a worker: who calls it off in between leaves nothing behind; what signs it."""

from __future__ import annotations

import asyncio
import os
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from heygem_core.messages import plain
from heygem_core.shot import Failed
from heygem_core.tasks.specs import JoinTask
from heygem_server.errors import DiskFull, StaleAttempt
from heygem_server.executors.base import WorkFailed
from heygem_server.rendering import segment_files, steps
from heygem_server.rendering.handing_in import Together
from heygem_server.rendering.take_files import report_of, settle_intents, stage, unstage
from heygem_server.store import Claim, Store

from .jobs import claimed, planned, submit, take_of
from .running_services import left_in, settings


def context(store: Store, folder: Path, executor: Any = None, **changes: Any) -> steps.StepContext:
    chosen = settings(folder, **changes)
    return steps.StepContext(store=store, together=Together(store), executor=executor, look=None, settings=chosen)  # type: ignore[arg-type]


def join_claim(store: Store, folder: Path) -> Claim:
    real = folder.resolve()
    submit(store, str(real / "clip.mp4"), speech=str(real / "speech.wav"))
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


@pytest.mark.parametrize("stopping", [False, True], ids=["called off", "the server stops"])
async def test_a_take_that_is_not_recorded_to_the_last_is_left_only_to_the_next_start(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopping: bool
) -> None:
    """Called off on a full disk, a take stayed at its place without a record; a start made the cancelled shot done by it."""
    claim = join_claim(store, tmp_path)
    staged = stage(tmp_path / "takes", claim.shot, claim.token) / "clip_v1.mov"
    staged.write_bytes(b"frame")
    report_of(staged).write_bytes(b"{}")
    take = msgspec.structs.replace(
        take_of(claim, str(tmp_path / "takes" / "clip_v1.mov")), size_bytes=5, sha256=sha256(b"frame").hexdigest()
    )
    with_all, stop = context(store, tmp_path), asyncio.Event()

    def refuses(*_: object) -> None:
        stop.set()
        if stopping:
            with_all.stopping.set()
        raise DiskFull("store.full", folder="/data")

    with monkeypatch.context() as patch:
        patch.setattr(store, "finish_join", refuses)
        with pytest.raises(DiskFull):
            await steps._place(claim, with_all, staged, take, stop)
    unstage(staged.parent)
    assert left_in(tmp_path / "takes") == (["clip_v1.mov", "clip_v1.mov.report.json"] if stopping else [])
    assert settle_intents(store, store.recover("another")) == stopping


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
    piece = chosen.segment_file("abcd", steps.suffix_of(claim.settings, claim.request, claim.planned))
    piece.parent.mkdir(parents=True)
    piece.write_bytes(b"x")
    segment_files.keep(piece)
    with pytest.raises(WorkFailed, match="noted"):
        await steps._join(claim, chosen, None, None)  # type: ignore[arg-type]
    (task,) = executor.asked
    assert isinstance(task, JoinTask)
    assert task.settings.sign_with == (str(tmp_path / "chain.pem"), str(tmp_path / "key.pem"))
    assert claim.settings.sign_with is None, "what is told of a take says nothing of the key"


class FindsChange:
    """An executor whose tasks say that a file holds something else than when the shot was planned."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    async def run(self, task: Any, **_: Any) -> None:
        self.asked.append(task)
        failed = Failed(error="PlanChanged", message="changed", exit_code=3, code="plan.changed")
        raise WorkFailed("failed", plain("changed"), failed)


async def test_a_source_that_changed_at_the_same_size_and_time_is_planned_again(store: Store, tmp_path: Path) -> None:
    """Sizes and times showed nothing: segments of the file as it was were joined with those of the file as it is."""
    claim, executor = join_claim(store, tmp_path), FindsChange()
    chosen = context(store, tmp_path, executor)
    piece = chosen.segment_file("abcd", steps.suffix_of(claim.settings, claim.request, claim.planned))
    piece.parent.mkdir(parents=True)
    piece.write_bytes(b"x")
    segment_files.keep(piece)
    await steps._join(claim, chosen, None, None)  # type: ignore[arg-type]
    (task,) = executor.asked
    assert claim.planned is not None
    assert task.plan == claim.planned.key, "the task knows which plan its pieces are of"
    assert claimed(store).kind == "plan"
    assert left_in(tmp_path / "takes") == []


def damaged(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize("part", ["segment", "report", "seal", "no seal", "another's"])
async def test_a_segment_that_is_not_as_it_was_rendered_is_rendered_again(store: Store, tmp_path: Path, part: str) -> None:
    """It went into the take: frames with holes, frames of another take, or an error for ever."""
    claim, executor = join_claim(store, tmp_path), Recorder()
    chosen = context(store, tmp_path, executor)
    suffix = steps.suffix_of(claim.settings, claim.request, claim.planned)
    piece, other = (chosen.segment_file(key, suffix) for key in ("abcd", "abce"))
    piece.parent.mkdir(parents=True)
    for each in (piece, other):
        each.write_bytes(b"frames of " + each.name.encode())
        report_of(each).write_bytes(b"{}")
        segment_files.keep(each)
    assert segment_files.usable(piece)
    if part == "another's":
        for of in (lambda path: path, report_of, segment_files.seal_of):
            of(other).replace(of(piece))
    elif part == "no seal":
        segment_files.seal_of(piece).unlink()
    else:
        damaged({"segment": piece, "report": report_of(piece), "seal": segment_files.seal_of(piece)}[part])
    await steps._join(claim, chosen, None, None)  # type: ignore[arg-type]
    assert not executor.asked, "nothing was joined"
    assert claimed(store).kind == "plan"
    assert not segment_files.usable(piece)
    left = left_in(piece.parent)
    assert piece.name in left if part == "no seal" else not [name for name in left if name.startswith("abcd")], "thrown away"


def test_the_time_of_a_segments_last_use_is_kept_beside_it_and_all_of_it_goes_together(tmp_path: Path) -> None:
    piece = tmp_path / "abcd.mov"
    piece.write_bytes(b"frames")
    report_of(piece).write_bytes(b"{}")
    os.utime(piece, (1000, 1000))
    assert segment_files.last_used(piece) == 1000
    segment_files.keep(piece)
    os.utime(segment_files.seal_of(piece), (2000, 2000))
    assert segment_files.last_used(piece) == 2000
    assert segment_files.usable(piece)
    assert segment_files.last_used(piece) > 3000
    segment_files.throw_away(piece)
    assert left_in(tmp_path) == []


async def test_many_pieces_are_looked_at_one_after_another(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each took a thread of its own, and heartbeats and answers had to wait until thousands of pieces were read."""
    claim = join_claim(store, tmp_path)
    for path in (claim.source.video, claim.source.speech):
        Path(path).write_bytes(b"x")
    assert claim.planned is not None
    pieces = tuple(msgspec.structs.replace(claim.planned.segments[0], key=f"{number:04}") for number in range(40))
    claim = msgspec.structs.replace(claim, planned=msgspec.structs.replace(claim.planned, segments=pieces))
    looking, most, seen = [0], [0], []

    def usable(piece: Path) -> bool:
        looking[0] += 1
        most[0] = max(most[0], looking[0])
        time.sleep(0.001)  # so that others would be at it too
        looking[0] -= 1
        seen.append(piece)
        return False

    async def no(*_: object) -> bool:
        return False

    async def again(*_: object) -> Any:
        return plain("again")

    monkeypatch.setattr(steps, "usable", usable)
    monkeypatch.setattr(steps, "_changed", no)
    monkeypatch.setattr(steps, "_plan_again", again)
    monkeypatch.setattr(steps, "check_still_there", lambda source: None)
    said = await steps._join(claim, context(store, tmp_path), None, asyncio.Event())  # type: ignore[arg-type]
    assert said == plain("again")
    assert (len(seen), most[0]) == (40, 1), "all of them, so that all damaged ones are made again together"
