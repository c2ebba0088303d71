"""What a farm loses when something breaks at a random moment: nothing may be lost, done twice or half, and each attempt that ends says why.

A real farm on this machine (needs Ray): head, two nodes with a slot each, and a server with one of its own, which all do the work of
`farm_toy`. Once for each fault a job is given, the fault happens somewhere in it, and when the job is over everything is looked at.
"""

from __future__ import annotations

import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from heygem_core.shot import RenderSettings
from heygem_server.client import Client
from heygem_server.errors import ServerError
from heygem_server.wire import JobDetail, JobRequest, MediaRef, ShotRequest

from .farm_programs import Program, below, head, kill_one, node
from .farm_toy import SCRATCH, VERSION, take

PIECES = 4  # of each shot
_SHOTS = 4
_SECONDS = 0.4  # of a piece
_STORAGE_S = 30.0
_LONGEST_S = 300.0


@dataclass(slots=True)
class Seen:
    """What became of one job with a fault in it."""

    fault: str
    seconds: float
    wrong: tuple[str, ...]  # what may not be
    ended: Counter[str] = field(default_factory=Counter)  # attempts without a result, by how they ended
    said: tuple[str, ...] = ()  # why, each once


class Farm:
    """The programs, and what can happen to them."""

    def __init__(self, folder: Path, port: int, seconds: float = _SECONDS, storage_s: float = _STORAGE_S) -> None:
        self.folder, self._port, self.seconds, self._storage_s = folder, port, seconds, storage_s
        self.share, self.data = folder / "share", folder / "share" / "data"
        self.head = head(self.data, port)
        self.nodes: list[Program] = []
        self.server = Program(
            *("serve", "--executor", "ray", "--data", str(self.data), "--takes", str(self.share / "takes"), "--port", "0"),
            *("--cache", str(self.share / "cache"), "--workers", "1", "--no-measure-takes", "--no-make-previews"),
        )
        self._count = 0

    def start(self) -> None:
        self.share.mkdir()
        for name in ("n0", "n1"):
            self._link(name)
            (self.folder / f"{name}.scratch").write_bytes(b"")
        (self.share / f"{self.seconds:g}.wav").write_bytes(b"")
        self.head.started()
        self.nodes = [self._node(place, f"n{place}") for place in range(2)]
        for each in (*self.nodes, self.server):
            each.start()
        for each in (*self.nodes, self.server):
            each.started()
        with self.client() as client:
            client.allow(str(self.share))
        self.whole()

    def end(self) -> None:
        for program in (self.server, *self.nodes, self.head):
            program.end()

    def _node(self, place: int, name: str, **more: str) -> Program:
        ours = self.folder / f"{name}.share"
        more = {SCRATCH: str(self.folder / f"{name}.scratch"), **more}
        return node(self.data, name, self._port + 400 * (place + 1), "--map", f"{self.share}={ours}", own=self.folder / name, **more)

    def client(self) -> Client:
        return Client.connect(self.data)

    def whole(self, within_s: float = _LONGEST_S) -> None:
        """Once all three slots are there."""
        self._until(lambda client: len(client.info().slots) == 3, within_s)

    def _until(self, condition: Callable[[Client], bool], within_s: float) -> None:
        began = time.monotonic()
        while True:
            try:
                with self.client() as client:
                    while not condition(client):
                        if time.monotonic() - began > within_s:
                            raise RuntimeError(f"after {within_s:g} s: {client.info()}")
                        time.sleep(0.1)
                    return
            except (ServerError, OSError) as error:  # it was killed and starts again
                if time.monotonic() - began > within_s:
                    raise RuntimeError("the server does not answer") from error
                time.sleep(0.2)

    def submit(self) -> str:
        """A job of new shots; its id."""
        self._count += 1
        videos = [self.share / f"{self._count}-{k}.mp4" for k in range(_SHOTS)]
        for video in videos:
            video.write_text(str(PIECES))
        speech = MediaRef(path=str(self.share / f"{self.seconds:g}.wav"))
        with self.client() as client:
            shots = tuple(ShotRequest(video=MediaRef(path=str(video)), speech=speech) for video in videos)
            return client.submit(JobRequest(shots=shots, settings=RenderSettings(device="cpu"))).job.id

    def over(self, job: str) -> JobDetail:
        """The job once nothing of it waits or runs."""
        self._until(lambda client: client.job(job).job.state in ("completed", "failed", "canceled"), _LONGEST_S)
        with self.client() as client:
            return client.job(job)

    def looked_at(self, fault: str, job: str, began: float) -> Seen:
        """Waits for the end of the job and looks at everything it left."""
        found = self.over(job)
        seconds = time.monotonic() - began
        wrong = [] if found.job.state == "completed" else [f"lost: the job is {found.job.state}"]
        for shot in found.shots:
            video = shot.request.video.path or ""
            if len(shot.takes) != 1:
                wrong.append(f"{'twice' if shot.takes else 'lost'}: {shot.name} has {len(shot.takes)} takes ({shot.why})")
            wrong += [f"half: {one.name}" for one in shot.takes if Path(one.path).read_bytes() != take(video, PIECES)]
            done = Counter((one.task, one.segment) for one in shot.attempts if one.outcome == "done" and one.task != "plan")
            wrong += [f"twice: {task} {segment} of {shot.name}" for (task, segment), times in done.items() if times > 1]
            wrong += [f"silent: {one.task} {one.outcome}" for one in shot.attempts if one.outcome != "done" and not one.reason]
        takes = {Path(one.path).name for shot in found.shots for one in shot.takes}
        stems = {Path(shot.request.video.path or "").stem for shot in found.shots}
        there = {path.name for path in (self.share / "takes").iterdir() if not path.name.endswith(".report.json")}
        wrong += [f"too many: {name}" for name in sorted(there - takes) if name.rpartition("_v")[0] in stems]
        ended = [one for shot in found.shots for one in shot.attempts if one.outcome != "done"]
        said = tuple(dict.fromkeys(one.reason or "" for one in ended))
        return Seen(fault, seconds, tuple(wrong), Counter(one.outcome for one in ended), said)

    # --- faults: each is a generator that breaks something, waits for the job at `yield`, and mends it ---------------------------------

    def _link(self, name: str) -> None:
        (self.folder / f"{name}.share").symlink_to(self.share, target_is_directory=True)

    def actor(self, chance: random.Random) -> Iterator[None]:
        """The process of a slot on a node is killed."""
        kill_one(chance.choice(below(chance.choice(self.nodes).pid, "ray::SlotActor")).pid)
        yield

    def worker(self, chance: random.Random) -> Iterator[None]:
        """The process that draws on a node is killed."""
        found = below(chance.choice(self.nodes).pid, "heygem_core.tasks.worker")
        if found:
            kill_one(chance.choice(found).pid)
        yield

    def bridge(self, chance: random.Random) -> Iterator[None]:
        """The server's bridge is killed."""
        for process in below(self.server.pid, "heygem_server.executors.farm.bridge"):
            kill_one(process.pid)
        yield

    def killed_server(self, chance: random.Random) -> Iterator[None]:
        """The server is killed, alone, and started again."""
        kill_one(self.server.pid)
        self.server.kill()
        self.server.started()
        yield

    def lost_node(self, chance: random.Random) -> Iterator[None]:
        """A node is killed with all that runs there; it joins again afterwards."""
        lost = chance.choice(self.nodes)
        lost.kill()
        yield
        lost.started()

    def lost_head(self, chance: random.Random) -> Iterator[None]:
        """The farm's head is killed. Afterwards it is started again, and the nodes join again."""
        self.head.kill()
        yield
        for each in self.nodes:
            each.kill()
        self.head.started()
        for each in self.nodes:
            each.start()
        for each in self.nodes:
            each.started()

    def storage(self, chance: random.Random) -> Iterator[None]:
        """Both nodes do not see the shared storage for half a minute."""
        for name in ("n0", "n1"):
            (self.folder / f"{name}.share").unlink()
        time.sleep(self._storage_s)
        for name in ("n0", "n1"):
            self._link(name)
        yield

    def full_disk(self, chance: random.Random) -> Iterator[None]:
        """A node's own disk takes nothing."""
        scratch = self.folder / f"n{chance.randrange(2)}.scratch"
        scratch.unlink()
        scratch.symlink_to("/dev/full")
        yield
        scratch.unlink()
        scratch.write_bytes(b"")

    def other_version(self, chance: random.Random) -> Iterator[None]:
        """A node of another version joins."""
        name = "other"
        if not (self.folder / f"{name}.share").is_symlink():
            self._link(name)
        other = self._node(2, name, **{VERSION: "0.0.1"})
        other.started()
        try:
            self._until(lambda client: any(one.name == name and one.state == "refused" and one.reason for one in client.info().nodes), 60)
            yield
        finally:
            other.end()
            self._until(lambda client: all(one.name != name for one in client.info().nodes), 90)


FAULTS = ("actor", "worker", "bridge", "killed_server", "lost_node", "lost_head", "storage", "full_disk", "other_version")
_SELDOM = ("lost_node", "lost_head", "storage", "full_disk", "other_version")  # each takes a minute and more


@contextmanager
def running_farm(folder: Path, port: int, **more: float) -> Iterator[Farm]:
    """A farm that is whole, until the block ends."""
    farm = Farm(folder, port, **more)
    try:
        farm.start()
        yield farm
    finally:
        farm.end()


def suffer(farm: Farm, fault: str, chance: random.Random, usual_s: float) -> Seen:
    """One job with a fault somewhere within the seconds that a job usually takes."""
    farm.whole()
    began, job = time.monotonic(), farm.submit()
    time.sleep(chance.uniform(0.05, 0.8) * usual_s)
    breaking = getattr(farm, fault)(chance)
    next(breaking)
    seen = farm.looked_at(fault, job, began)
    next(breaking, None)
    return seen


def usual_seconds(farm: Farm) -> float:
    """Of a job without a fault. Raises: AssertionError — it is not as it should be."""
    began = time.monotonic()
    seen = farm.looked_at("none", farm.submit(), began)
    assert not seen.wrong, seen.wrong
    return seen.seconds


def measure(folder: Path, port: int, times: int, only: str | None, seed: int, within_s: float) -> bool:
    """Prints what became of each kind of fault; returns whether nothing was wrong. No job begins after `within_s`."""
    ends = time.monotonic() + within_s
    chance, all_seen = random.Random(seed), []
    with running_farm(folder, port) as farm:
        usual = usual_seconds(farm)
        print(f"a job of {_SHOTS} shots in {PIECES} pieces each: {usual:.1f} s without a fault; seed {seed}", flush=True)
        for fault in FAULTS if only is None else only.split(","):
            count = max(1, times // 4) if fault in _SELDOM else times
            seen = [suffer(farm, fault, chance, usual) for _ in range(count) if time.monotonic() < ends]
            all_seen += seen
            if not seen:
                print(f"{fault}: there was no time", flush=True)
                continue
            ended: Counter[str] = sum((one.ended for one in seen), Counter())
            took = statistics.median(one.seconds for one in seen)
            wrong = [each for one in seen for each in one.wrong]
            print(
                f"{fault} {len(seen)} times: {len(wrong)} wrong; attempts that ended otherwise: {dict(ended)}; a job took {took:.1f} s",
                flush=True,
            )
            for text in (*wrong, *dict.fromkeys(text for one in seen for text in one.said)):
                print(f"    {text[:200]}", flush=True)
    return not any(one.wrong for one in all_seen)
