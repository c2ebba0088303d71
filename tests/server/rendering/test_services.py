"""All services at work: real workers, real frames, and what may happen to it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from heygem_core.media.deliverables import DELIVERABLES
from heygem_core.media.probe import probe
from heygem_core.rendering.report import read_report
from heygem_core.shot import Shot
from heygem_core.tasks.specs import Probed
from heygem_server.digests import sha256_of
from heygem_server.rendering.services import open_services
from heygem_server.wire import Batch, Happened, JobRequest, MediaRef, ProgressNow, ShotRequest
from tests.media import make
from tests.rendering import making

from .jobs import planned
from .running_services import RENDER, ended, left_in, settings, submit, until


async def test_a_job_becomes_takes_and_what_was_done_is_not_done_again(short: Path, sentences: tuple[Path, Path], tmp_path: Path) -> None:
    began = time.monotonic()
    async with open_services(settings(tmp_path)) as services:
        job = await submit(services, tmp_path, [(short, speech) for speech in sentences])
        first = await ended(services, job.job.id)
        assert first.job.state == "completed", [shot.why for shot in first.shots]
        takes = [shot.takes[0] for shot in first.shots]
        assert left_in(tmp_path / "takes") == [
            "short first_v1.mkv",
            "short first_v1.mkv.report.json",
            "short second_v1.mkv",
            "short second_v1.mkv.report.json",
        ]
        for take in takes:
            assert (take.frames, probe(take.path).frame_count, take.version) == (16, 16, 1)
            assert (take.sha256, take.size_bytes) == (sha256_of(Path(take.path)), Path(take.path).stat().st_size)
        assert [(shot.reused.tracks, shot.reused.speech) for shot in first.shots] == [(False, False), (True, False)]
        assert [segment.state for segment in first.shots[0].segments] == ["done", "done"]
        assert {attempt.outcome for shot in first.shots for attempt in shot.attempts} == {"done"}

        again = await ended(services, (await submit(services, tmp_path, [(short, sentences[0])])).job.id)
        reused = again.shots[0].reused
        assert (reused.tracks, reused.speech, reused.plan, reused.segments) == (True, True, True, 2)
        assert [attempt.task for attempt in again.shots[0].attempts] == ["plan", "join"]
        second = again.shots[0].takes[0]
        assert (second.name, second.version) == ("short_v1.mkv", 1)
        assert making.same(making.planes(Path(second.path)), making.planes(Path(takes[0].path)))

        text = services.logs.read(job.job.id).decode()
        assert "Segment 0 of “short first” (frames 0–8) begins (try 1)." in text
        facts = await services.look.probe(takes[0].path)
        assert isinstance(facts, Probed)
        poster, sheet, proxy = (
            await services.look.poster(takes[0].path),
            await services.look.contact_sheet(takes[0]),
            await services.look.proxy(second.path),
        )
        assert poster.read_bytes()[:2] == sheet.read_bytes()[:2] == b"\xff\xd8"
        source = await services.look.source_proxy(takes[0])
        assert probe(proxy).frame_count == probe(source).frame_count == 16
        assert await services.look.proxy(second.path) == proxy
        wanted = JobRequest(batch=Batch(videos=(MediaRef(path=str(short)),), speeches=(MediaRef(path=str(sentences[0])),)), settings=RENDER)
        guess = await asyncio.to_thread(services.scheduler.estimate, wanted, [Shot(video=str(short), speech=str(sentences[0]))])
        assert guess.frames == 16
        assert guess.seconds is not None
        assert 0 < guess.seconds < time.monotonic() - began, "one shot more costs less than the three that were rendered"
        assert guess.disk_bytes is not None
        assert guess.disk_bytes == pytest.approx(second.size_bytes, rel=0.2)
        services.delete_job(job.job.id)
    thrown = [f".heygem/trash/{take.id}/{take.name}" for take in takes]
    waiting = sorted(name for path in thrown for name in (path, f"{path}.report.json"))
    assert left_in(tmp_path / "takes") == [*waiting, "short_v1.mkv", "short_v1.mkv.report.json"]


@pytest.mark.full
async def test_one_bad_video_fails_alone_with_its_reason_and_is_not_tried_again(
    short: Path, sentences: tuple[Path, Path], tmp_path: Path
) -> None:
    faceless, absent = make.video(tmp_path / "faceless.mp4", frames=25), tmp_path / "absent.mp4"
    async with open_services(settings(tmp_path, workers=2)) as services:
        job = await submit(services, tmp_path, [(faceless, sentences[0]), (short, sentences[0]), (absent, sentences[0])])
        heard: list[Happened | ProgressNow] = []
        with services.events.subscribe(since=services.events.seq, epoch=services.events.epoch, previews=True, logs=[job.job.id]) as client:
            reading = asyncio.create_task(_into(heard, client))
            done = await ended(services, job.job.id)
            await asyncio.sleep(0.2)
            reading.cancel()
    assert done.job.state == "failed"
    assert [shot.state for shot in done.shots] == ["failed", "done", "failed"]
    assert [len(shot.attempts) for shot in done.shots][::2] == [1, 1], done.shots[0].attempts
    assert "No face was found" in (done.shots[0].why or "")
    assert "There is no file" in (done.shots[2].why or "")
    assert {type(item).__name__ for item in heard} >= {"Happened", "ProgressNow", "bytes", "LogLine"}
    stages = [item.stage for item in heard if isinstance(item, ProgressNow)]
    assert "track" in stages


async def _into(heard: list, client) -> None:  # type: ignore[no-untyped-def]
    async for item in client:
        heard.append(item)


async def test_cancel_and_pause_take_effect_while_a_shot_is_planned(long_video: Path, sentences: tuple[Path, Path], tmp_path: Path) -> None:
    async with open_services(settings(tmp_path)) as services:
        paused, canceled = [await submit(services, tmp_path, [(long_video, sentences[0])]) for _ in range(2)]
        await until(
            lambda: services.executor.busy and services.scheduler.live_shot(services.store.shot(paused.shots[0].id)).stage == "track"
        )
        assert "Waits for" in (services.scheduler.live_job(services.store.job_view(canceled.job.id)).why or "")
        for job, verb, state in ((paused, services.store.pause, "paused"), (canceled, services.store.cancel, "canceled")):
            await asyncio.to_thread(verb, job.job.id)
            shot = job.shots[0].id
            await until(lambda shot=shot: not any(a.outcome == "running" for a in services.store.shot(shot).attempts))
            await until(lambda: not services.executor.busy or services.store.shot(canceled.shots[0].id).state == "planning")
            assert {attempt.outcome for attempt in services.store.shot(shot).attempts} <= {"canceled"}, "it did not simply come to its end"
            assert services.store.job_view(job.job.id).state == state
            if verb == services.store.pause:
                await until(lambda: services.scheduler.live_shot(services.store.shot(canceled.shots[0].id)).stage == "track")
        assert left_in(tmp_path / "takes") == []


async def test_a_full_disk_makes_the_queue_wait_and_say_so(
    short: Path, sentences: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [100]
    monkeypatch.setattr("heygem_server.rendering.disk_space.free_bytes", lambda folder: free[0])
    async with open_services(settings(tmp_path)) as services:
        job = await submit(services, tmp_path, [(tmp_path / "absent.mp4", sentences[0])])
        await until(lambda: services.scheduler.message)
        assert "is full" in (services.scheduler.live_job(job.job).why or "")
        assert services.store.job_view(job.job.id).state == "queued"
        free[0] = 1 << 40
        assert (await ended(services, job.job.id)).job.state == "failed", "it went on by itself"
        told = [event.message for event in services.store.events_since(0) or () if event.kind == "server.changed"]
    assert len(told) == 2
    assert told[0] is not None
    assert told[1] is None


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.full
async def test_a_worker_killed_in_the_middle_costs_an_attempt_and_nothing_else(
    short: Path, sentences: tuple[Path, Path], tmp_path: Path
) -> None:
    async with open_services(settings(tmp_path)) as services:
        job = await submit(services, tmp_path, [(short, sentences[0])])
        await until(lambda: services.store.shot(job.shots[0].id).state == "rendering" and services.executor.busy)
        os.kill(services.executor.workers[0].pid, signal.SIGKILL)
        done = await ended(services, job.job.id)
    outcomes = [attempt.outcome for attempt in done.shots[0].attempts]
    assert done.job.state == "completed"
    assert outcomes.count("killed") == 1
    assert outcomes[-1] == "done"
    assert left_in(tmp_path / "takes") == ["short_v1.mkv", "short_v1.mkv.report.json"]
    assert not [name for name in left_in(tmp_path / "data") if name.endswith(".part") and "segments" not in name]


@pytest.mark.full
async def test_killed_in_the_middle_of_a_batch_the_next_start_finishes_it(
    short: Path, sentences: tuple[Path, Path], tmp_path: Path
) -> None:
    pairs = [(short, speech) for speech in sentences]
    async with open_services(settings(tmp_path)) as services:
        await services.scheduler.stop()  # nothing begins yet
        job = (await submit(services, tmp_path, pairs)).job.id
    server = subprocess.Popen([sys.executable, "-c", _SERVER, str(tmp_path), job], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    assert server.stdout.readline() == "a take\n"
    server.kill()
    server.wait()
    async with open_services(settings(tmp_path)) as services:
        done = await ended(services, job)
        services.store.check()
    assert done.job.state == "completed", [shot.why for shot in done.shots]
    assert [len(shot.takes) for shot in done.shots] == [1, 1]
    takes = [take for shot in done.shots for take in shot.takes]
    assert all(sha256_of(Path(take.path)) == take.sha256 for take in takes)
    assert left_in(tmp_path / "takes") == sorted(name for take in takes for name in (take.name, f"{take.name}.report.json"))


_SERVER = """
import asyncio, sys
from pathlib import Path
from heygem_server.rendering.services import open_services
from tests.server.rendering.running_services import settings

async def main(folder, job):
    async with open_services(settings(Path(folder))) as room:
        while not any(shot.takes for shot in room.store.job(job).shots):
            await asyncio.sleep(0.01)
        print("a take", flush=True)
        await asyncio.sleep(60)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.full
async def test_a_source_that_changes_after_planning_is_planned_again(short: Path, sentences: tuple[Path, Path], tmp_path: Path) -> None:
    """Otherwise a segment of the new file would be kept under the key of the old one."""
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(short.read_bytes())
    async with open_services(settings(tmp_path)) as services:
        job = await submit(services, tmp_path, [(clip, sentences[0])])
        await until(lambda: services.store.shot(job.shots[0].id).state == "rendering")
        os.replace(making.write_clip(tmp_path / "exported.mp4", making.pictures(short)[:8]), clip)
        done = await ended(services, job.job.id)
    shot = done.shots[0]
    assert done.job.state == "completed", [(a.task, a.segment, a.outcome, a.reason) for a in shot.attempts]
    assert shot.takes[0].frames == 8
    assert [attempt.task for attempt in shot.attempts].count("plan") == 2


@pytest.mark.parametrize("name", DELIVERABLES.names())
def test_a_take_gets_a_suffix_that_its_format_is_written_to(name: str) -> None:
    from heygem_core.media.formats import format_for
    from heygem_server.rendering.steps import suffix_of

    request = ShotRequest(video=MediaRef(path="v.mov"), speech=MediaRef(path="s.wav"))
    suffix = suffix_of(replace(RENDER, format=name), request, None)
    assert format_for(f"take{suffix}", name).name == name


def test_without_a_format_a_transparent_source_gets_one_that_holds_it() -> None:
    """H.264 was asked to, three times."""
    from heygem_core.media.formats import format_for
    from heygem_server.rendering.steps import suffix_of

    request = ShotRequest(video=MediaRef(path="v.mov"), speech=MediaRef(path="s.wav"))
    render = replace(RENDER, format=None)
    chosen = [format_for(f"take{suffix_of(render, request, replace(planned('key'), transparent=clear))}") for clear in (True, False)]
    assert [(row.name, row.carries_alpha) for row in chosen] == [("prores", True), ("h264", False)]


def test_importing_the_open_services_loads_nothing_heavy() -> None:
    heavy = "('torch', 'av', 'mediapipe', 'cv2', 'scipy', 'numpy')"
    code = f"import sys, heygem_server.rendering.services; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


@pytest.mark.full
async def test_a_finished_take_is_measured_while_nothing_waits(short: Path, sentences: tuple[Path, Path], tmp_path: Path) -> None:
    async with open_services(settings(tmp_path, measure_takes=True)) as services:
        take = (await ended(services, (await submit(services, tmp_path, [(short, sentences[0])])).job.id)).shots[0].takes[0]
        await until(lambda: (report := read_report(take.path)) is not None and report.quality is not None)
        report = read_report(take.path)
        assert report is not None
        assert report.quality is not None
        assert report.quality.frames == take.frames


@pytest.mark.full
async def test_what_is_seen_first_of_a_take_is_there_before_anybody_asks(short: Path, sentences: tuple[Path, Path], tmp_path: Path) -> None:
    async with open_services(settings(tmp_path, make_previews=True)) as services:
        await ended(services, (await submit(services, tmp_path, [(short, sentences[0])])).job.id)
        looks = tmp_path / "data" / "looks"
        await until(lambda: {path.name for path in looks.rglob("*.*")} >= {"poster.jpg", "proxy.mp4", "source.mp4"})


@pytest.mark.full
async def test_the_original_of_a_take_that_runs_forth_and_back_has_as_many_frames(
    short: Path, sentences: tuple[Path, Path], tmp_path: Path
) -> None:
    request = JobRequest(
        shots=(ShotRequest(video=MediaRef(path=str(short)), speech=MediaRef(path=str(sentences[0]))),),
        settings=replace(RENDER, fit="loop", sound="none"),
    )
    shot = Shot(video=str(short), speech=str(sentences[0]), start=2, end_exclusive=14)
    async with open_services(settings(tmp_path)) as services:
        job = await asyncio.to_thread(services.store.submit, request, [shot], folder=str(tmp_path / "takes"))
        take = (await ended(services, job.job.id)).shots[0].takes[0]
        assert take.frames > 12
        assert probe(await services.look.source_proxy(take)).frame_count == take.frames
