"""Jobs for tests, and their way through the queue without any worker."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from heygem_core.shot import RenderSettings, Shot
from heygem_core.tasks.specs import Planned, PlannedSegment
from heygem_server.store import Claim, Store
from heygem_server.wire import JobDetail, JobRequest, MediaRef, Placed, Placement, ShotRequest, TakeView

PLACEMENT = Placement(project="p", sequence="s", track=1, record_start=0, record_duration=10, rate=Fraction(25))


def submit(store: Store, *videos: str, speech: str = "speech.wav", key: str | None = None, **fields: Any) -> JobDetail:
    """A job with one shot per video."""
    named = videos or ("clip.mp4",)
    request = JobRequest(shots=tuple(ShotRequest(video=MediaRef(path=video), speech=MediaRef(path=speech)) for video in named), **fields)
    shots = [Shot(video=video, speech=speech) for video in named]
    return store.submit(request, shots, folder="/takes", idempotency_key=key)


def planned(*keys: str, frames: int = 10) -> Planned:
    """Segments of `frames` frames with these keys."""
    segments = tuple(PlannedSegment(start=k * frames, end_exclusive=(k + 1) * frames, key=key) for k, key in enumerate(keys))
    return Planned(
        key="plan",
        frames=frames * len(keys),
        rate=Fraction(25),
        segments=segments,
        reused_tracks=False,
        reused_motion=True,
        reused_plan=False,
    )


def claimed(store: Store, owner: str = "me") -> Claim:
    claim = store.claim(owner)
    assert claim is not None, "nothing to claim"
    return claim


def take_of(claim: Claim, path: str = "/takes/clip_v1.mov", id: str | None = None) -> TakeView:
    return TakeView(
        id=id or f"t-{claim.shot}",
        job=claim.job,
        shot=claim.shot,
        version=1,
        name="clip_v1.mov",
        path=path,
        size_bytes=5,
        sha256="0" * 64,
        frames=10,
        rate=Fraction(25),
        width=96,
        height=64,
        start_timecode=None,
        format="prores",
        created=store_time(claim),
        settings=RenderSettings(),
    )


def store_time(claim: Claim) -> float:
    return 1_000_000.0 + claim.token


def finish(store: Store, *keys: str, path: str | None = None) -> TakeView:
    """Claims and finishes everything of the next shot, which nobody else may be working on; returns its take."""
    claim = claimed(store)
    store.finish_plan(claim.token, planned(*(keys or ("only",))))
    while (claim := claimed(store)).kind == "segment":
        store.finish_segment(claim.token)
    return store.finish_join(claim.token, take_of(claim, path or f"/takes/{claim.shot}.mov"))


def placed(host: str = "premiere") -> Placed:
    return Placed(host=host, placement=PLACEMENT, at=1.0)
