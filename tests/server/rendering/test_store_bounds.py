"""Limits, times and figures of the store: each bound from both of its sides, each figure of unequal parts."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from heygem_core.messages import plain
from heygem_core.shot import RenderSettings, Shot
from heygem_server.errors import BadRequest, Busy, NotFound
from heygem_server.store import Store, backups, database, expand, history, soundness, work
from heygem_server.store.backups import back_up, back_up_daily, backups_of
from heygem_server.store.jobs import cursor
from heygem_server.store.soundness import damage_of
from heygem_server.store.work import LEASE_S, MOST_FAILURES, MOST_KILLS
from heygem_server.wire import Happened, JobRequest, MediaRef, ShotRequest

from .conftest import Clock
from .jobs import claimed, finish, placed, planned, submit, take_of

# waits and tries


@pytest.mark.parametrize(
    ("outcome", "waits"),
    [("failed", [2.0, 10.0]), ("crashed", [2.0, 10.0]), ("timeout", [2.0, 10.0]), ("memory", [2.0]), ("killed", [0.5, 0.8, 1.1, 1.7, 2.5])],
)
def test_each_failure_is_waited_for_longer(store: Store, clock: Clock, outcome: str, waits: list[float]) -> None:
    submit(store)
    for wait in waits:
        assert store.fail(claimed(store).token, outcome, plain("It failed."))  # type: ignore[arg-type]
        wake = store.next_wake()
        assert wake is not None
        assert round(wake - clock.now, 3) == wait
        clock.now = wake - 0.001
        assert store.claim("me") is None
        assert store.next_wake() == wake
        clock.now = wake
        assert store.next_wake() is None, "what may be claimed is no wait"
    assert claimed(store).number == len(waits) + 1


def test_no_wait_is_longer_than_half_a_minute(store: Store, clock: Clock) -> None:
    submit(store)
    waits = []
    for _ in range(MOST_KILLS - 1):
        assert store.fail(claimed(store).token, "killed", plain("It was killed."))
        wake = store.next_wake()
        assert wake is not None
        waits.append(wake - clock.now)
        clock.now = wake
    assert waits == sorted(waits)
    assert waits[-1] == 30.0
    assert not store.fail(claimed(store).token, "killed", plain("It was killed."))


def test_failures_and_kills_are_counted_apart_and_told_together(store: Store, clock: Clock) -> None:
    shot = submit(store).shots[0].id
    for outcome, again in (("killed", True), ("failed", True), ("killed", True), ("failed", True), ("failed", False)):
        assert store.fail(claimed(store).token, outcome, plain("It failed.")) is again  # type: ignore[arg-type]
        clock.passes(31)
    assert "Given up after 5 tries" in (store.shot(shot).why or "")


def test_a_piece_that_failed_otherwise_once_has_no_second_try_at_its_memory(store: Store, clock: Clock) -> None:
    submit(store)
    assert store.fail(claimed(store).token, "failed", plain("It failed."))
    clock.passes(31)
    assert not store.fail(claimed(store).token, "memory", plain("It needed 8 GB."))


def test_a_failed_segment_waits_as_a_segment_and_its_shot_goes_on_rendering(store: Store, clock: Clock) -> None:
    shot = submit(store).shots[0].id
    store.finish_plan(claimed(store).token, planned("a", "b"))
    assert store.fail(claimed(store).token, "failed", plain("It failed."))
    assert (store.shot(shot).state, store.shot(shot).stage) == ("rendering", "render")
    assert "It failed." in (store.shot(shot).why or "")
    store.finish_segment(claimed(store).token)
    assert store.shot(shot).why is None, "work goes on"
    clock.passes(31)
    assert (claimed(store).segment, store.shot(shot).frames_done, store.shot(shot).frames_total) == (0, 10, 20)


def test_a_lease_ends_after_its_time_and_not_at_it(store: Store, clock: Clock) -> None:
    submit(store)
    mine = claimed(store)
    clock.passes(LEASE_S)
    assert store.claim("other") is None
    assert store.heartbeat("other", [mine.token]) == {mine.token}, "nobody prolongs another one's"
    clock.passes(0.1)
    assert claimed(store, "other").shot == mine.shot


def test_a_start_shortens_every_wait_to_the_longest_there_is(store: Store, clock: Clock) -> None:
    submit(store)
    store.fail(claimed(store).token, "failed", plain("It failed."))
    clock.passes(-3600)
    store.recover("me")
    assert store.next_wake() == clock.now + 30.0


def test_a_claim_says_what_was_left_and_why(store: Store, clock: Clock) -> None:
    shot = submit(store).shots[0].id
    claimed(store, "gone")
    clock.passes(LEASE_S + 1)
    claimed(store, "me")
    assert store.claim("me", holding=[]) is not None
    reasons = [attempt.reason or "" for attempt in store.shot(shot).attempts]
    assert len(reasons) == 3
    assert reasons[0] != reasons[1], "a server that is gone, and one that did not hand in what it had"
    assert reasons[2] == ""


def test_a_take_that_was_adopted_from_any_state_is_done(store: Store) -> None:
    """Its server died after the take had its name: the shot may have been called back to any state."""
    for joining in (True, False):
        shot = submit(store, "joining.mp4" if joining else "rendering.mp4").shots[0].id
        store.finish_plan(claimed(store).token, planned("x" if joining else "y"))
        segment = claimed(store)
        if joining:
            store.finish_segment(segment.token)
            segment = claimed(store)
        store.recover("new")
        store.adopt(shot, take_of(segment, path=f"/takes/{joining}.mov"))
        assert store.shot(shot).state == "done"
        assert store.claim("new") is None


def test_a_dropped_intent_is_not_found_again(store: Store) -> None:
    submit(store)
    store.finish_plan(claimed(store).token, planned("x"))
    store.finish_segment(claimed(store).token)
    join = claimed(store)
    store.intend(join.token, work.Intent(staged="/x", take=take_of(join)))
    store.drop_intent(join.shot)
    assert store.recover("me") == []


# figures


def test_figures_of_speed_and_size_are_of_frames(store: Store, clock: Clock) -> None:
    assert store.seconds_per_frame() is None
    assert store.bytes_per_frame(None) is None
    submit(store)
    store.finish_plan(claimed(store).token, planned("a", "b", frames=10))
    for seconds in (5.0, 15.0):
        claim = claimed(store)
        clock.passes(seconds)
        store.finish_segment(claim.token)
    assert store.seconds_per_frame() == 1.0
    join = claimed(store)
    store.finish_join(join.token, msgspec.structs.replace(take_of(join), size_bytes=255, settings=RenderSettings(format="prores")))
    assert store.bytes_per_frame(None) == store.bytes_per_frame("prores") == 25.5
    assert store.bytes_per_frame("h264") is None


def test_what_lies_ahead_is_counted_up_to_a_limit(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    first = submit(store, "a.mp4", "b.mp4", "c.mp4").job.id
    last = submit(store, "d.mp4").job.id
    assert (store.ahead(first), store.ahead(last), store.ahead("nobody")) == (0, 3, 0)
    monkeypatch.setattr(work, "MOST_COUNTED", 2)
    assert store.ahead(last) == 2
    store.reprioritise(last, 60)
    assert (store.ahead(first), store.ahead(last)) == (1, 0)


def test_reused_segments_are_counted_and_their_frames_are_done(store: Store) -> None:
    shot = submit(store).shots[0].id
    store.finish_plan(claimed(store).token, planned("a", "b", "c", "d", frames=7), present={"b", "d"})
    assert (store.shot(shot).reused.segments, store.shot(shot).frames_done, store.shot(shot).frames_total) == (2, 14, 28)
    store.finish_segment(claimed(store).token, reused=True)
    last = claimed(store).token
    assert store.together([lambda change: work.finish_segment_in(change, last)]) == [None]
    assert (store.shot(shot).reused.segments, store.shot(shot).frames_done) == (3, 28)
    assert [segment.reused for segment in store.shot(shot).segments] == [True, True, False, True]


def test_a_plan_whose_segments_are_all_there_goes_on_to_the_join(store: Store) -> None:
    shot = submit(store).shots[0].id
    store.finish_plan(claimed(store).token, planned("a", "b"), present={"a", "b"})
    assert (claimed(store).kind, store.shot(shot).state) == ("join", "joining")


def test_a_job_adds_up_its_shots_and_knows_its_frames_once_all_are_planned(store: Store) -> None:
    job = submit(store, "a.mp4", "b.mp4", "c.mp4").job.id
    finish(store, "a", "b")
    view = store.job_view(job)
    assert (view.shots_total, view.shots_done, view.shots_failed, view.frames_done, view.frames_total) == (3, 1, 0, 20, None)
    store.fail(claimed(store).token, "failed", plain("bad"), again=False)
    store.finish_plan(claimed(store).token, planned("c", frames=7))
    view = store.job_view(job)
    assert (view.shots_done, view.shots_failed, view.frames_done, view.frames_total) == (1, 1, 20, None), "one of them has no plan"
    other = submit(store, "d.mp4", "e.mp4").job.id
    store.finish_segment(claimed(store).token)
    store.finish_join((join := claimed(store)).token, take_of(join))
    store.finish_plan(claimed(store).token, planned("d", "e"))
    assert store.job_view(other).frames_total is None
    store.finish_segment(claimed(store).token)
    store.finish_segment(claimed(store).token)
    store.finish_join((join := claimed(store)).token, take_of(join))
    store.finish_plan(claimed(store).token, planned("f", frames=3))
    assert (store.job_view(other).frames_done, store.job_view(other).frames_total) == (20, 23)


def test_everything_is_counted(store: Store, clock: Clock) -> None:
    submit(store, "a.mp4", "b.mp4", "c.mp4")
    take = finish(store)
    claimed(store)
    store.cancel(submit(store, "d.mp4").job.id)
    counts = store.counts()
    assert counts == history.Counts(
        jobs={"active": 1, "canceled": 1},
        shots={"done": 1, "planning": 1, "queued": 1, "canceled": 1},
        queued=1,
        running=1,
        takes=1,
        frames=take.frames,
    )
    assert Store.counts(store) == counts


# what is told


@pytest.mark.parametrize(("shots", "told"), [(50, 51), (51, 1)])
def test_up_to_fifty_shots_are_told_one_by_one(store: Store, shots: int, told: int) -> None:
    job = submit(store, *(f"{k}.mp4" for k in range(shots))).job.id
    heard: list[Happened] = []
    store.listen(heard.extend)
    store.cancel(job)
    assert len(heard) == told
    assert heard[0].kind == "job.changed"


def test_a_snapshot_has_all_that_goes_on_and_the_newest_of_what_has_ended(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = [submit(store, f"{k}.mp4").job.id for k in range(4)]
    for job in ended:
        store.cancel(job)
    going = [submit(store, f"{k}.mp4").job.id for k in range(4)]
    store.pause(going[0])
    claimed(store)
    assert [job.id for job in store.snapshot().jobs] == going[::-1] + ended[::-1]
    monkeypatch.setattr(history, "_MOST_JOBS", 3)
    monkeypatch.setattr(history, "_NEWEST_JOBS", 2)
    assert [job.id for job in store.snapshot().jobs] == going[:0:-1] + ended[:1:-1]
    assert store.snapshot().epoch == store.epoch


def test_events_come_in_pieces_and_the_time_of_the_newest_is_known(store: Store, clock: Clock) -> None:
    assert store.newest_time() is None
    for k in range(5):
        clock.passes(1)
        submit(store, f"{k}.mp4")
    assert [event.seq for event in store.events_since(1, 2) or ()] == [2, 3]
    assert store.newest_time() == clock.now
    assert store.prune(keep_events=5) == 0
    assert store.prune(keep_events=4) == 1
    assert store.events_since(0) is None
    assert len(store.events_since(1) or ()) == 4


def test_keys_of_requests_are_kept_for_a_week(store: Store, clock: Clock) -> None:
    job = submit(store, key="k").job.id
    clock.passes(7 * 86_400)
    store.prune()
    assert submit(store, key="k").job.id == job
    clock.passes(1)
    store.prune()
    assert submit(store, key="k").job.id != job


def test_words_are_remembered_and_replaced(store: Store) -> None:
    assert store.recall("word") is None
    store.remember("word", "one")
    store.remember("word", "two")
    store.remember("other", "three")
    assert (store.recall("word"), store.recall("other")) == ("two", "three")


# requests


def test_shots_that_are_written_out_stay_as_they_are() -> None:
    shots = (ShotRequest(video=MediaRef(path="v"), speech=MediaRef(path="s")),)
    assert expand(JobRequest(shots=shots)) == shots


@pytest.mark.parametrize(
    ("videos", "speeches", "names"),
    [
        (["/a/x.mp4", "/b/x.mp4"], ["/s/one.wav", "/s/two.wav"], ["x one", "x two"]),
        (["/a/x.mp4", "/b/x.mp4"], ["/s/one.wav", "/s/one.wav"], ["x", "x"]),
        (["/a/x.mp4", "/b/y.mp4", "/c/x.mp4"], ["/s/one.wav", "/s/two.wav", "/s/two.wav"], ["x one", "y", "x two"]),
        (["/a/x.mp4"], ["/s/one.wav"], ["x"]),
    ],
)
def test_a_shot_is_named_after_its_video_and_its_speech_where_that_tells_them_apart(
    store: Store, videos: list[str], speeches: list[str], names: list[str]
) -> None:
    pairs = list(zip(videos, speeches, strict=True))
    request = JobRequest(shots=tuple(ShotRequest(video=MediaRef(path=video), speech=MediaRef(path=speech)) for video, speech in pairs))
    detail = store.submit(request, [Shot(video=video, speech=speech) for video, speech in pairs], folder="/takes")
    assert [shot.name for shot in detail.shots] == names
    assert detail.job.name == (names[0] if len(names) == 1 else f"{names[0]} + {len(names) - 1}")


def test_a_job_and_a_shot_may_have_names_settings_and_folders_of_their_own(store: Store) -> None:
    own = ShotRequest(video=MediaRef(path="v"), speech=MediaRef(path="s"), name="mine", settings=RenderSettings(intensity=0.5))
    shots = (own, msgspec.structs.replace(own, name=None, settings=None))
    request = JobRequest(shots=shots, name="all", settings=RenderSettings(intensity=2.0), folder="/of/request")
    detail = store.submit(request, [Shot(video="/x/v.mp4", speech="s")] * 2, job="j1")
    assert (detail.job.id, detail.job.name, [shot.name for shot in detail.shots]) == ("j1", "all", ["mine", "v"])
    assert [shot.settings.intensity for shot in store.to_render("j1")] == [0.5, 2.0]
    assert store.job_folder("j1") == "/of/request"
    store.submit(request, [Shot(video="v", speech="s")] * 2, folder="/given")
    assert store.folders() == {"/of/request", "/given"}


@pytest.mark.parametrize("mark", ["", "-1", "1.5", "x", "1" * 19])
def test_a_mark_that_is_of_no_page_is_refused(mark: str) -> None:
    with pytest.raises(BadRequest) as refused:
        cursor(mark)
    assert refused.value.said.params == {"mark": mark}
    assert cursor("1" * 18) == int("1" * 18)
    assert cursor(None) is None


def test_of_a_long_mark_the_beginning_is_said() -> None:
    with pytest.raises(BadRequest) as refused:
        cursor("x" * 41)
    assert refused.value.said.params == {"mark": "x" * 40}


@pytest.mark.parametrize(("count", "limit", "pages"), [(4, 2, [2, 2]), (5, 2, [2, 2, 1]), (1, 2, [1]), (2, 2, [2]), (7, 3, [3, 3, 1])])
def test_pages_of_jobs_and_takes_end_where_there_is_no_more(store: Store, count: int, limit: int, pages: list[int]) -> None:
    for k in range(count):
        submit(store, f"{k}.mp4")
        finish(store)
    for page_of, which in ((store.jobs, "jobs"), (store.takes, "takes")):
        found, before = [], None
        while True:
            page = page_of(before=before, limit=limit)
            found.append(len(getattr(page, which)))
            if (before := page.next) is None:
                break
        assert found == pages
    assert store.takes(shot="nobody").takes == ()


@pytest.mark.parametrize("priority", [-1, 101])
def test_a_priority_is_a_number_up_to_a_hundred(store: Store, priority: int) -> None:
    job = submit(store).job.id
    with pytest.raises(BadRequest):
        store.reprioritise(job, priority)
    assert [store.reprioritise(job, each).priority for each in (0, 100)] == [0, 100]


def test_files_of_jobs_that_have_not_ended_are_in_use(store: Store) -> None:
    store.cancel(submit(store, "gone.mp4", speech="gone.wav").job.id)
    job = submit(store, "a.mp4", "b.mp4", speech="s.wav").job.id
    assert store.files_in_use() == {"a.mp4", "b.mp4", "s.wav"}
    assert store.unfinished() == [job]
    assert store.knows_job(job)
    assert not store.knows_job("nobody")
    assert store.knows_shot(store.job(job).shots[0].id)
    assert not store.knows_shot("nobody")
    source = store.source_of(store.job(job).shots[1].id)
    assert source is not None
    assert source[0] == store.core_shot(store.job(job).shots[1].id) == Shot(video="b.mp4", speech="s.wav")
    assert store.source_of("nobody") is None
    for look in (store.core_shot, store.shot, store.job, store.job_view, store.take, store.trashed):
        with pytest.raises(NotFound):
            look("nobody")


def test_a_job_is_called_off_retried_and_deleted_by_its_own_states(store: Store) -> None:
    job = submit(store, "a.mp4", "b.mp4").job.id
    store.cancel(job)
    assert store.retry(job).state == "queued"
    assert [shot.state for shot in store.job(job).shots] == ["queued", "queued"]
    finish(store)
    store.fail(claimed(store).token, "failed", plain("bad"), again=False)
    assert store.retry(job).state == "active"
    store.cancel(job)
    assert [shot.state for shot in store.job(job).shots] == ["done", "canceled"]
    assert store.delete(job).size_bytes == 5
    assert store.answered("nothing", "x") is None


def test_a_take_that_is_only_pinned_goes_with_its_job_and_into_the_trash(store: Store) -> None:
    job = submit(store).job.id
    take = store.pin(finish(store).id, True)
    store.delete(job)
    trashed = store.trashed(take.id)
    assert (trashed.take.pinned, trashed.moved, trashed.take.placed) == (True, False, ())
    assert store.not_moved_to_trash() == [take.id]
    store.moved_to_trash(take.id)
    assert (store.trashed(take.id).moved, store.not_moved_to_trash()) == (True, [])
    store.restore(trashed.take, [])
    assert store.take(take.id).pinned
    assert store.restored()[take.id] == store.clock()
    with pytest.raises(NotFound):
        store.restore(trashed.take, [])


def test_what_is_missing_is_told_once_and_again_when_it_is_back(store: Store) -> None:
    submit(store)
    take = finish(store).id
    for missing, found, events, state in (([take], [], 1, True), ([take], [], 0, True), ([], [take], 1, False), ([], [take], 0, False)):
        before = store.seq
        store.mark_missing(missing, found)
        assert (store.seq - before, store.take(take).missing) == (events, state)


def test_a_placed_take_comes_back_from_the_trash_with_its_places(store: Store) -> None:
    submit(store)
    take = finish(store)
    for host in ("premiere", "resolve"):
        store.placed(take.id, placed(host))
    store.delete_take(take.id, force=True)
    trashed = store.trashed(take.id).take
    assert [place.host for place in trashed.placed] == ["premiere", "resolve"]
    store.restore(trashed, [])
    assert store.take(take.id).placed == trashed.placed


# the file


def test_a_file_that_is_not_there_empty_or_too_large_is_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert damage_of(tmp_path / "nowhere") is None
    (tmp_path / "empty").touch()
    assert damage_of(tmp_path / "empty") is None
    (tmp_path / "text").write_bytes(b"text" * 1000)
    monkeypatch.setattr(soundness, "_LARGEST_BYTES", 4000)
    assert damage_of(tmp_path / "text") is not None
    monkeypatch.setattr(soundness, "_LARGEST_BYTES", 3999)
    assert damage_of(tmp_path / "text") is None
    assert damage_of(tmp_path / "text", within_s=None) is not None, "whoever has time looks at any"


def test_a_look_that_takes_too_long_finds_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    submit(store, *(f"{k}.mp4" for k in range(20)))
    store.fold_log()
    monkeypatch.setattr(soundness, "_OPERATIONS", 1)
    asked = []

    def connect(path: Path, **fields: object) -> sqlite3.Connection:
        class Watched(sqlite3.Connection):
            def set_progress_handler(self, handler, n):  # type: ignore[no-untyped-def]
                asked.append((handler(), n))
                super().set_progress_handler(handler, n)

        return real(path, factory=Watched, **fields)  # type: ignore[call-overload]

    real = sqlite3.connect
    with monkeypatch.context() as patch:
        patch.setattr(soundness.sqlite3, "connect", connect)
        assert damage_of(store.path, within_s=60) is None
        assert damage_of(store.path, within_s=-1) is None
        assert asked == [(False, 1), (True, 1)], "the time was over"
        assert damage_of(store.path, within_s=None) is None
        assert len(asked) == 2


def test_copies_are_numbered_and_what_a_killed_server_left_is_removed(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    assert backups_of(store.path) == []
    first = back_up(store.path)
    (folder / "copy.part").touch()
    (folder / "copy.part-wal").touch()
    (folder / "notes.txt").touch()
    made = [first, *(back_up(store.path) for _ in range(backups._KEPT))]
    assert [path.name.split("-")[1] for path in made] == [f"{k:06d}" for k in range(1, backups._KEPT + 2)]
    assert backups_of(store.path) == made[:0:-1]
    assert sorted(path.name for path in folder.iterdir()) == sorted([*(path.name for path in made[1:]), "notes.txt"])
    (folder / f"heygem-1000000-{made[0].name[-16:]}").touch()
    assert back_up(store.path).name.startswith("heygem-1000001-")


def test_a_copy_is_written_through_before_it_gets_its_name(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    synced, replaced = os.fsync, os.replace
    monkeypatch.setattr(backups.os, "fsync", lambda number: steps.append("written through") or synced(number))
    monkeypatch.setattr(backups.os, "replace", lambda *names: steps.append("named") or replaced(*names))
    made = back_up(store.path)
    assert steps == ["written through", "named"]
    with closing(sqlite3.connect(made)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",), "one file, without a log beside it"


def test_the_days_copy_is_a_day_old_at_most(store: Store) -> None:
    first = back_up(store.path)
    os.utime(first, (1_000_000.0, 1_000_000.0))
    assert back_up_daily(store.path, 1_000_000.0 + 86_399.9) is None
    assert back_up_daily(store.path, 1_000_000.0) is None
    made = back_up_daily(store.path, 1_000_000.0 + 86_400.0)
    assert made is not None
    assert backups_of(store.path) == [made, first]
    os.utime(made, (1_000_000.0, 1_000_000.0))
    assert back_up_daily(store.path, 1_000_000.0 - 0.1) is not None, "it is of the future"


def test_the_store_is_written_through_keeps_its_references_and_is_its_users_alone(store: Store) -> None:
    for connection in (store._writer, store._reader):
        values = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "foreign_keys")]
        assert values == ["wal", 2, 1]
    assert os.name != "posix" or store.path.stat().st_mode & 0o777 == 0o600


def test_what_refers_to_nothing_is_damage(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "one.sqlite3")) as store:
        submit(store)
        store.check()
        store.fold_log()
        shutil.copy(store.path, tmp_path / "two.sqlite3")
    with closing(sqlite3.connect(tmp_path / "two.sqlite3", isolation_level=None)) as connection:
        connection.execute("DELETE FROM jobs")
    with closing(Store(tmp_path / "two.sqlite3")) as broken, pytest.raises(Exception, match="damaged"):
        broken.check()


def test_whoever_waits_too_long_for_another_program_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store._writer.execute("PRAGMA busy_timeout = 1")
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy):
            submit(store)
        other.execute("ROLLBACK")
    assert submit(store).job.state == "queued"


def test_a_clock_of_the_stores_own_goes_evenly_from_the_time_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database.time, "time", lambda: 5000.0)
    passed = iter([100.0, 101.5, 103.0])
    monkeypatch.setattr(database.time, "monotonic", lambda: next(passed))
    steady = database._steady_clock()
    assert [steady(), steady()] == [5001.5, 5003.0]


def test_tries_of_a_piece_are_few() -> None:
    assert (MOST_FAILURES, MOST_KILLS) == (3, 30)
