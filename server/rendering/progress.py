"""How far everything is at this moment: what the store knows of finished pieces, plus what workers say of running ones."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

import msgspec

from heygem_core.shot import Progress, Stage

from ..store import Claim
from ..wire import JobView, ProgressNow, ShotView
from .states import FINISHED_JOBS

_STABLE_S, _STABLE_FRAMES = 5.0, 20  # a speed from less says little
_LOOKS_BACK_S = 60.0


@dataclass(slots=True)
class _Piece:
    """A running task."""

    claim: Claim
    stage: Stage
    done: int = 0
    total: int | None = None
    fps: float | None = None


@dataclass(slots=True)
class _Job:
    view: JobView

    shots: dict[str, tuple[int, int | None]] = field(default_factory=dict)  # shot → (frames in finished segments, all)
    history: deque[tuple[float, int]] = field(default_factory=deque)  # (second, frames done)


class LiveProgress:
    """Belongs to the event loop."""

    def __init__(self) -> None:
        self._jobs: dict[str, _Job] = {}
        self._pieces: dict[int, _Piece] = {}

    def job_changed(self, view: JobView) -> None:
        if view.state in FINISHED_JOBS:
            self._jobs.pop(view.id, None)
        elif view.id in self._jobs:
            self._jobs[view.id].view = view
        else:
            self._jobs[view.id] = _Job(view)

    def shot_changed(self, view: ShotView) -> None:
        job = self._jobs.get(view.job)
        if job is not None:
            job.shots[view.id] = (view.frames_done, view.frames_total)

    def forget(self, job: str) -> None:
        self._jobs.pop(job, None)

    def begin(self, claim: Claim) -> None:
        stages: dict[str, Stage] = {"plan": "probe", "segment": "render", "join": "finish"}
        self._pieces[claim.token] = _Piece(claim, stages[claim.kind])

    def end(self, token: int) -> None:
        self._pieces.pop(token, None)

    def tell(self, token: int, event: Progress) -> ProgressNow | None:
        """What everybody may now know; None where the task is not running any more."""
        piece = self._pieces.get(token)
        if piece is None:
            return None
        if piece.claim.kind == "segment" and event.stage != "render":
            return None  # a segment's own preparations are no news
        piece.stage, piece.done, piece.total, piece.fps = event.stage, event.done, event.total, event.fps
        return self._now(piece)

    def job(self, view: JobView) -> JobView:
        """With the frames of running segments, speed and remaining time."""
        job = self._jobs.get(view.id)
        if job is None or view.state in FINISHED_JOBS:
            return view
        running = self._running_frames(view.id)
        speed = self._speed(job)
        done, total = view.frames_done + running, self._total(job)
        eta = (total - done) / speed if speed and total is not None and view.state == "active" else None
        return msgspec.structs.replace(view, frames_done=done, fps=speed, eta_s=eta)

    def shot(self, view: ShotView) -> ShotView:
        """With the stage, the frames and the speed of its running pieces."""
        pieces = [piece for piece in self._pieces.values() if piece.claim.shot == view.id]
        if not pieces:
            return view
        if pieces[0].claim.kind != "segment":
            piece = pieces[0]
            done, total = (
                (piece.done, piece.total) if piece.stage in ("track", "speech", "generate") else (view.frames_done, view.frames_total)
            )
            return msgspec.structs.replace(view, stage=piece.stage, frames_done=done, frames_total=total, fps=piece.fps)
        done = view.frames_done + sum(piece.done for piece in pieces)
        fps = sum(piece.fps or 0.0 for piece in pieces) or None
        eta = (view.frames_total - done) / fps if fps and view.frames_total is not None else None
        return msgspec.structs.replace(view, stage="render", frames_done=done, fps=fps, eta_s=eta)

    def _now(self, piece: _Piece) -> ProgressNow | None:
        job = self._jobs.get(piece.claim.job)
        if job is None:
            return None
        done, total, fps = piece.done, piece.total, piece.fps
        if piece.claim.kind == "segment":
            mine = [each for each in self._pieces.values() if each.claim.shot == piece.claim.shot]
            before, total = job.shots.get(piece.claim.shot, (0, None))
            done = before + sum(each.done for each in mine)
            fps = sum(each.fps or 0.0 for each in mine) or None
        self._remember(job)
        live = self.job(job.view)
        return ProgressNow(
            job=piece.claim.job,
            shot=piece.claim.shot,
            stage=piece.stage,
            frames_done=done,
            frames_total=total,
            fps=fps,
            eta_s=(total - done) / fps if fps and total is not None else None,
            job_frames_done=live.frames_done,
            job_frames_total=live.frames_total,
            job_eta_s=live.eta_s,
        )

    def _running_frames(self, job: str) -> int:
        return sum(piece.done for piece in self._pieces.values() if piece.claim.job == job and piece.claim.kind == "segment")

    def _total(self, job: _Job) -> int | None:
        """All frames of the job; shots that are not planned yet count like the planned ones."""
        if job.view.frames_total is not None:
            return job.view.frames_total
        known = [total for _, total in job.shots.values() if total is not None]
        return round(sum(known) / len(known) * job.view.shots_total) if known else None

    def _remember(self, job: _Job) -> None:
        now, done = time.monotonic(), job.view.frames_done + self._running_frames(job.view.id)
        if not done:
            return  # loading and planning before the first frame say nothing about speed
        if not job.history or now - job.history[-1][0] >= 1.0:
            job.history.append((now, done))
        while now - job.history[0][0] > _LOOKS_BACK_S:
            job.history.popleft()

    def _speed(self, job: _Job) -> float | None:
        """Frames per second of the whole job; None until it is stable."""
        if len(job.history) < 2:
            return None
        (began, before), (ended, after) = job.history[0], job.history[-1]
        stable = ended - began >= _STABLE_S and after - before >= _STABLE_FRAMES
        return (after - before) / (ended - began) if stable else None
