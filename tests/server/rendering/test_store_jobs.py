"""Jobs as people use them: submit, list, cancel, pause, resume, retry, delete; and the events that tell of it."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import msgspec
import pytest

from heygem_core.messages import plain
from heygem_core.shot import RenderSettings, Shot
from heygem_server.errors import BadRequest, Broken, Conflict, NotFound, StaleAttempt
from heygem_server.store import Store, expand
from heygem_server.store.schema import MIGRATIONS, migrate
from heygem_server.wire import Batch, Happened, JobRequest, MediaRef, Origin

from .conftest import Clock
from .jobs import claimed, finish, placed, planned, submit, take_of


def refs(*paths: str) -> tuple[MediaRef, ...]:
    return tuple(MediaRef(path=path) for path in paths)


def test_a_batch_is_every_speech_on_every_video_or_pairs() -> None:
    each = expand(JobRequest(batch=Batch(videos=refs("a", "b"), speeches=refs("x", "y"))))
    assert [(shot.video.path, shot.speech.path) for shot in each] == [("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")]
    pairs = expand(JobRequest(batch=Batch(videos=refs("a", "b"), speeches=refs("x", "y"), pairing="in-order")))
    assert [(shot.video.path, shot.speech.path) for shot in pairs] == [("a", "x"), ("b", "y")]


def test_one_video_with_several_speeches_gets_names_that_tell_them_apart(store: Store) -> None:
    request = JobRequest(batch=Batch(videos=refs("/v/clip.mp4"), speeches=refs("/s/english.wav", "/s/german.wav")))
    shots = [Shot(video="/v/clip.mp4", speech=speech) for speech in ("/s/english.wav", "/s/german.wav")]
    detail = store.submit(request, shots, folder="/takes")
    assert [shot.name for shot in detail.shots] == ["clip english", "clip german"]
    assert detail.job.name == "clip english + 1"


def test_the_same_key_gives_the_same_job_and_another_request_a_conflict(store: Store) -> None:
    first = submit(store, "a.mp4", key="k")
    assert submit(store, "a.mp4", key="k").job.id == first.job.id
    assert submit(store, "a.mp4").job.id != first.job.id
    with pytest.raises(Conflict, match="another request"):
        submit(store, "b.mp4", key="k")
    assert len(store.jobs().jobs) == 2


def test_a_job_needs_a_shot_for_each_request_and_a_folder(store: Store) -> None:
    request = JobRequest(batch=Batch(videos=refs("a", "b"), speeches=refs("x")))
    with pytest.raises(BadRequest, match="2 shots, got 1"):
        store.submit(request, [Shot(video="a", speech="x")], folder="/takes")
    with pytest.raises(BadRequest, match="folder"):
        store.submit(request, [Shot(video="a", speech="x")] * 2)
    assert store.seq == 0


def test_lists_filter_by_state_text_and_project_and_give_pages_newest_first(store: Store) -> None:
    for number in range(7):
        submit(store, name=f"job {number} 50%", origin=Origin(kind="host", host="h", project="odd" if number % 2 else "even"))
    page = store.jobs(limit=3)
    assert [job.name[:5] for job in page.jobs] == ["job 6", "job 5", "job 4"]
    rest = store.jobs(before=page.next, limit=10)
    assert [job.name[:5] for job in rest.jobs] == ["job 3", "job 2", "job 1", "job 0"]
    assert rest.next is None
    assert len(store.jobs(project="odd").jobs) == 3
    assert len(store.jobs(query="50%").jobs) == 7
    assert not store.jobs(query="5_%").jobs, "wildcards are letters"
    store.cancel(page.jobs[0].id)
    assert [job.id for job in store.jobs(["canceled", "failed"]).jobs] == [page.jobs[0].id]
    with pytest.raises(BadRequest):
        store.jobs(before="'; DROP TABLE jobs")


def test_jobs_and_takes_are_found_by_their_name_their_files_and_their_day_but_not_by_a_folder(store: Store) -> None:
    ids = {}
    for video, speech, name in (("/films/interview.mp4", "/films/林 德语.wav", "first"), ("/films/walk.mov", "/films/ruth.wav", "second")):
        ids[name] = submit(store, video, speech=speech, name=name).job.id
        finish(store)
    day = time.strftime("%Y-%m-%d", time.localtime(store.job_view(ids["first"]).created))
    for query, found in (
        ("FIRST", {"first"}),
        ("interview", {"first"}),
        ("walk", {"second"}),
        ("林", {"first"}),
        ("Ruth.wav", {"second"}),
        ("films", set()),
        ("nothing", set()),
    ):
        assert {job.name for job in store.jobs(query=query).jobs} == found, query
        assert {take.job for take in store.takes(query=query).takes} == {ids[name] for name in found}, query
    assert len(store.jobs(query=day).jobs) == 2
    assert len(store.takes(query=time.strftime("%Y-%m", time.localtime(1_000_000))).takes) == 2, "the day when a take was made"


def test_takes_of_the_same_video_are_found_whatever_job_they_are_of(store: Store) -> None:
    takes = []
    for video in ("a.mp4", "a.mp4", "b.mp4"):
        submit(store, video)
        claim = claimed(store)
        store.finish_plan(claim.token, planned("only" + claim.shot))
        while (claim := claimed(store)).kind == "segment":
            store.finish_segment(claim.token)
        take = msgspec.structs.replace(take_of(claim, f"/takes/{claim.shot}.mov"), source=MediaRef(path=video))
        takes.append(store.finish_join(claim.token, take))
    assert [take.id for take in store.takes(same_video=takes[0].id).takes] == [takes[1].id, takes[0].id]
    assert [take.id for take in store.takes(same_video=takes[2].id).takes] == [takes[2].id]
    assert not store.takes(same_video="none").takes


def test_canceling_ends_what_has_not_ended_and_keeps_takes(store: Store) -> None:
    job = submit(store, "a.mp4", "b.mp4", "c.mp4").job.id
    finish(store)
    claimed(store)
    assert store.cancel(job).state == "canceled"
    detail = store.job(job)
    assert [shot.state for shot in detail.shots] == ["done", "canceled", "canceled"]
    assert detail.shots[1].attempts[0].outcome == "canceled"
    assert store.cancel(job).state == "canceled"
    assert store.claim("me") is None
    assert len(store.takes(job=job).takes) == 1


def test_a_finished_job_is_neither_canceled_nor_paused_nor_resumed(store: Store) -> None:
    job = submit(store).job.id
    finish(store)
    assert store.job_view(job).state == "completed"
    for verb in (store.cancel, store.pause, store.resume, store.retry):
        with pytest.raises(Conflict, match="got completed"):
            verb(job)


def test_a_paused_job_gives_out_nothing_and_goes_on_after_resume(store: Store) -> None:
    job = submit(store, "a.mp4", "b.mp4").job.id
    running = claimed(store)
    assert store.pause(job).state == "paused"
    assert store.claim("me") is None
    with pytest.raises(Conflict):
        store.finish_plan(running.token, planned("k"))
    assert store.job(job).shots[0].state == "queued"
    assert store.resume(job).state == "queued"
    assert claimed(store).shot == running.shot
    store.pause(job)
    assert submit(store, "other.mp4").job.state == "queued"
    assert claimed(store).source.video == "other.mp4"


def test_a_segment_added_while_paused_waits_too(store: Store) -> None:
    job = submit(store).job.id
    store.finish_plan(claimed(store).token, planned("a", "b"))
    store.pause(job)
    assert store.claim("me") is None
    store.resume(job)
    assert claimed(store).kind == "segment"


def test_only_what_failed_is_retried_and_finished_segments_are_found_again(store: Store) -> None:
    job = submit(store, "good.mp4", "bad.mp4").job.id
    finish(store)
    store.finish_plan(claimed(store).token, planned("a", "b"))
    store.finish_segment(claimed(store).token)
    store.fail(claimed(store).token, "failed", plain("The clip is damaged."), again=False)
    assert store.job_view(job).state == "failed"
    assert store.job(job).shots[1].why == "The clip is damaged."
    assert store.retry(job).state == "active"
    assert [shot.state for shot in store.job(job).shots] == ["done", "queued"]
    claim = claimed(store)
    assert (claim.kind, claim.number) == ("plan", 2)
    store.finish_plan(claim.token, planned("a", "b"), present={"a"})
    detail = store.job(job).shots[1]
    assert [segment.state for segment in detail.segments] == ["done", "queued"]
    assert (detail.reused.segments, detail.frames_done) == (1, 10)
    assert len(detail.attempts) == 4, "what was tried before stays on record"


def test_a_shot_that_is_done_can_be_made_again(store: Store) -> None:
    detail = submit(store)
    finish(store)
    shot = store.retry_shot(detail.shots[0].id)
    assert (shot.state, store.job_view(detail.job.id).state) == ("queued", "queued")
    with pytest.raises(Conflict, match="expected done, failed, canceled, got queued"):
        store.retry_shot(shot.id)


def test_a_shot_made_again_with_other_settings_keeps_them_and_the_jobs_stay_as_they_are(store: Store) -> None:
    detail = submit(store)
    finish(store)
    shot = store.retry_shot(detail.shots[0].id, RenderSettings(intensity=1.5))
    assert shot.request.settings == RenderSettings(intensity=1.5)
    assert claimed(store).settings.intensity == 1.5
    assert store.job_view(detail.job.id).settings == detail.job.settings


def test_one_shot_is_canceled_and_the_others_complete_the_job(store: Store) -> None:
    detail = submit(store, "a.mp4", "b.mp4")
    assert store.cancel_shot(detail.shots[0].id).state == "canceled"
    finish(store)
    assert store.job_view(detail.job.id).state == "completed"
    with pytest.raises(Conflict, match="got done"):
        store.cancel_shot(detail.shots[1].id)


def test_more_urgent_jobs_go_first_and_older_ones_before_younger(store: Store) -> None:
    low, first, second, high = (submit(store, f"{k}.mp4", priority=p).job.id for k, p in enumerate((10, 50, 50, 90)))
    assert [claimed(store).job for _ in range(4)] == [high, first, second, low]
    late = submit(store, "late.mp4", "late2.mp4", priority=0).job.id
    submit(store, "other.mp4")
    assert store.reprioritise(late, 100).priority == 100
    assert claimed(store).job == late
    with pytest.raises(BadRequest):
        store.reprioritise(late, 101)


def test_deleting_spares_takes_on_timelines_unless_forced(store: Store) -> None:
    job = submit(store, "a.mp4", "b.mp4").job.id
    with pytest.raises(Conflict, match="cancel it first"):
        store.delete(job)
    used, unused = finish(store), finish(store)
    store.placed(used.id, placed())
    assert store.deletion(job).files == (unused.path,)
    assert store.deletion(job).kept == (used.path,)
    gone = store.delete(job)
    assert (gone.files, gone.kept, gone.size_bytes) == ((unused.path,), (used.path,), 5)
    with pytest.raises(NotFound):
        store.job(job)
    assert [take.id for take in store.takes().takes] == [used.id], "a take on a timeline stays known"


def test_force_deletes_used_takes_too(store: Store) -> None:
    job = submit(store).job.id
    used = finish(store)
    store.placed(used.id, placed())
    assert store.delete(job, force=True).files == (used.path,)
    assert not store.takes().takes


def test_a_placed_take_is_pinned_for_good(store: Store) -> None:
    submit(store)
    take = finish(store)
    assert store.pin(take.id, True).pinned
    assert not store.pin(take.id, False).pinned
    store.placed(take.id, placed())
    assert len(store.placed(take.id, placed()).placed) == 1, "the same place twice is one place"
    later = msgspec.structs.replace(placed(), at=7.0)
    assert [place.at for place in store.placed(take.id, later).placed] == [7.0], "of versions that were switched the last one is there"
    assert store.placed(take.id, placed("resolve")).pinned
    with pytest.raises(Conflict, match="stays pinned"):
        store.pin(take.id, False)
    with pytest.raises(Conflict, match="used on a timeline"):
        store.delete_take(take.id)
    assert store.delete_take(take.id, force=True).id == take.id
    with pytest.raises(NotFound):
        store.take(take.id)


def test_events_are_numbered_without_gaps_and_carry_the_new_state(store: Store) -> None:
    heard: list[Happened] = []
    store.listen(lambda events: heard.extend(events))
    job = submit(store).job.id
    finish(store)
    store.pause(submit(store, "b.mp4").job.id)
    store.announce(plain("The disk is full."))
    events = store.events_since(0)
    assert events == tuple(heard)
    assert [event.seq for event in events or ()] == list(range(1, len(heard) + 1))
    states = [event.job.state for event in heard if event.job is not None and event.job.id == job]
    assert states[0] == "queued"
    assert states[-1] == "completed"
    added = next(event for event in heard if event.kind == "take.added")
    assert added.take is not None
    assert heard[-1].message == "The disk is full."


def test_each_shot_that_changed_is_told_with_its_new_state(store: Store) -> None:
    job = submit(store, "a.mp4", "b.mp4")
    heard: list[Happened] = []
    store.listen(lambda events: heard.extend(events))
    store.cancel(job.job.id)
    told = [event.shot for event in heard if event.kind == "shot.changed"]
    assert sorted((shot.id, shot.state) for shot in told if shot is not None) == sorted((shot.id, "canceled") for shot in job.shots)


def test_what_fails_leaves_neither_change_nor_event(store: Store) -> None:
    submit(store)
    before = store.seq

    def delete_and_fail() -> None:
        with store.change() as change:
            change.connection.execute("DELETE FROM jobs")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        delete_and_fail()
    assert (store.seq, len(store.jobs().jobs)) == (before, 1)


def test_a_change_of_thousands_of_shots_tells_of_their_job_alone(store: Store) -> None:
    """Ten thousand events of one click would push everything else out of the replay."""
    job = submit(store, *(f"{k}.mp4" for k in range(200))).job.id
    assert store.seq == 1
    store.cancel(job)
    assert store.seq == 2
    assert store.job_view(job).state == "canceled"


def test_pruned_events_ask_for_a_snapshot(store: Store) -> None:
    jobs = [submit(store, f"{k}.mp4").job.id for k in range(5)]
    assert len(store.events_since(2) or ()) == 3
    assert store.prune(keep_events=2) == 3
    assert store.events_since(2) is None
    assert [event.seq for event in store.events_since(3) or ()] == [4, 5]
    assert store.events_since(5) == ()
    assert store.events_since(99) is None, "numbers from another life"
    snapshot = store.snapshot()
    assert (snapshot.seq, [job.id for job in snapshot.jobs]) == (5, jobs[::-1])
    submit(store)
    assert store.seq == 6, "numbers go on where they were"


def test_nothing_is_lost_when_the_file_is_opened_again(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "again.sqlite3"
    first = Store(path, clock=clock)
    job = submit(first, key="k").job.id
    epoch, seq = first.epoch, first.seq
    first.close()
    second = Store(path, clock=clock)
    assert (second.epoch, second.seq) == (epoch, seq)
    assert submit(second, key="k").job.id == job
    second.close()


def test_a_migration_that_fails_leaves_no_trace() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    assert migrate(connection) == len(MIGRATIONS)
    assert migrate(connection) == len(MIGRATIONS), "twice is as good as once"
    broken = (*MIGRATIONS, (len(MIGRATIONS) + 1, "half a step", "CREATE TABLE half (a);\nCREATE TABLE jobs (a);\n"))
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, broken)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    assert "half" not in tables
    assert migrate(connection, (*MIGRATIONS, (len(MIGRATIONS) + 1, "a whole step", "CREATE TABLE half (a);\n"))) == len(MIGRATIONS) + 1
    with pytest.raises(Broken, match="newer version"):
        migrate(connection, MIGRATIONS)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(Broken, match="heygem repair"):
        Store(path)


def test_threads_do_not_disturb_each_other(store: Store) -> None:
    """Eight threads submit, claim and finish at once: every shot ends once, numbers have no gaps."""
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for k in range(5):
                submit(store, f"{number}-{k}.mp4")
                claim = claimed(store, f"owner {number}")
                store.finish_plan(claim.token, planned(f"{number}-{k}"))
                store.jobs()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    tokens = set()
    while (claim := store.claim("me")) is not None:
        assert claim.token not in tokens
        tokens.add(claim.token)
        if claim.kind == "plan":
            store.finish_plan(claim.token, planned(str(claim.token)))
        elif claim.kind == "segment":
            store.finish_segment(claim.token)
        else:
            store.finish_join(claim.token, take_of(claim, path=f"/takes/{claim.token}"))
    assert {job.state for job in store.jobs(limit=100).jobs} == {"completed"}
    assert [event.seq for event in store.events_since(0, 10_000) or ()] == list(range(1, store.seq + 1))


def test_the_shots_of_a_job_come_page_by_page(store: Store) -> None:
    job = submit(store, *[f"{k}.mp4" for k in range(7)]).job.id
    whole, pages, after = store.job(job).shots, [], -1
    while True:
        page = store.job(job, after=after, limit=3)
        pages.append(page.shots)
        if page.next is None:
            break
        after = page.next
    assert [len(page) for page in pages] == [3, 3, 1]
    assert tuple(shot for page in pages for shot in page) == whole
    assert store.job(job).next is None


def test_calling_a_job_off_ends_what_waits_and_runs_and_leaves_what_has_ended(store: Store) -> None:
    submit(store, "done.mp4", "failed.mp4", "running.mp4", "waiting.mp4")
    finish(store, "a")
    store.fail(claimed(store).token, "failed", plain("bad"), again=False)
    running = claimed(store)
    store.cancel(running.job)
    assert [shot.state for shot in store.job(running.job).shots] == ["done", "failed", "canceled", "canceled"]
    (attempt,) = store.shot(running.shot).attempts
    assert (attempt.outcome, attempt.reason) == ("canceled", "Somebody called it off.")
    with pytest.raises(StaleAttempt):
        store.finish_plan(running.token, planned("b"))
    assert store.claim("me") is None
    assert store.queue_length().get("running", 0) == 0


@pytest.mark.parametrize("kind", ["change", "reading"])
def test_a_change_within_a_change_is_refused_and_nothing_is_lost(store: Store, kind: str) -> None:
    """The inner one made the connection ready and took the outer one back without a word."""
    enter = getattr(store, kind)
    with pytest.raises(RuntimeError, match="within"), enter(), enter():
        pass
    heard: list[Happened] = []
    store.listen(heard.extend)
    before = store.seq
    with store.change() as change:
        change.message = (plain("kept"),)
        with pytest.raises(RuntimeError, match="within"), store.change():
            pass
        with store.reading():
            pass
    assert [event.message for event in heard] == ["kept"]
    assert store.seq == before + 1


def test_a_listener_may_change_something(store: Store) -> None:
    """It is called after the change that it hears of."""
    heard = []

    def listener(happened: object) -> None:
        heard.append(happened)
        if len(heard) == 1:
            store.announce(plain("second"))

    store.listen(listener)
    store.announce(plain("first"))
    assert len(heard) == 2
