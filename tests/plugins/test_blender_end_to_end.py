"""The real panel in a real Blender with the real server and a person who speaks: from a selection to what Blender renders in the end."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.plugins.blender_desk import RATES, Blender, needs_blender
from tests.plugins.real_server import RealServer, until

HOST = "blender-test"
CUTS = ((30, 4, 5), (35, 12, 5), (44, 22, 5))  # record start, first frame of the file, frames
MADE_HERE = "23.976"  # the other rates take their time
SHOWN = (28, 50)  # frames that Blender renders
BAND = 16  # rows on top of the picture that tell the frame's number


def numbered(source: Path, path: Path, rate: Fraction, frames: int) -> tuple[int, int]:
    """A person's frames at a frame rate, each with its number as the grey of a band on top; width and height."""
    with av.open(str(source)) as given, av.open(str(path), "w") as file:
        file.metadata["timecode"] = "00:00:00:10"  # low enough to be taken for an in point
        stream = given.streams.video[0]
        out = file.add_stream("libx264", rate=rate, width=stream.width, height=stream.height, pix_fmt="yuv420p", options={"crf": "8"})
        for number, frame in zip(range(frames), given.decode(stream), strict=False):
            picture = frame.to_ndarray(format="rgb24")
            picture[:BAND] = 30 + 3 * number
            fresh = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
            fresh.pts, fresh.time_base, fresh.pict_type = number, 1 / rate, av.video.frame.PictureType.NONE
            file.mux(out.encode(fresh))
        file.mux(out.encode(None))
        return stream.width, stream.height


def number_in(picture: NDArray[np.uint8]) -> float:
    return (float(np.median(picture[2 : BAND - 2])) - 30) / 3


class Desk:
    """Blender with its panel, on one server."""

    def __init__(self, folder: Path, server: RealServer) -> None:
        self.blender, self.server = Blender(folder), server
        self.now: dict[str, Any] = {}

    def start(self) -> None:
        self.blender.start(str(self.server.data / "server.json"), HOST)
        self.until(lambda: self.now["connected"], 60, "never connected")

    def until(self, ready: Callable[[], Any], seconds: float, otherwise: str) -> Any:
        def step() -> None:
            self.now = self.blender.step(0.05)

        step()
        try:
            return until(ready, seconds, otherwise, tick=step)
        except AssertionError:
            raise AssertionError(f"{otherwise}: {self.now}, {self.takes()}, {sorted(self.blender.state())}") from None

    def takes(self) -> list[tuple[int, int, int, float]]:
        """(channel, start, length, first frame of the file) of every strip on a channel of takes."""
        channels = [int(number) for number, name in self.blender.channels().items() if name.startswith("HeyGem takes")]
        state = self.blender.state().values()
        return sorted(
            (seen["channel"], seen["frame_final_start"], seen["frame_final_duration"], seen["frame_offset_start"])
            for seen in state
            if seen["channel"] in channels
        )


@pytest.fixture(params=[MADE_HERE, *(pytest.param(name, marks=pytest.mark.full) for name in RATES if name != MADE_HERE)])
def desk(request: Any, tmp_path: Path, people: Path) -> Iterator[Desk]:
    """Three strips of one person, trimmed and offset, with one speech across them on a channel below; saved."""
    needs_blender()
    fps, base = RATES[request.param]
    media = tmp_path / "media"
    media.mkdir()
    clips = sorted((people / "grid").glob("*.mpg"))
    size = numbered(clips[0], media / "clip.mov", Fraction(fps) / Fraction(str(base)), 30)
    shutil.copy(clips[1], media / "speech.mpg")
    server = RealServer(tmp_path, media)
    server.start()
    desk = Desk(tmp_path / "blender", server)
    try:
        blender = desk.blender
        blender.new_scene(fps, base, list(size), [1, 100])
        for number, (start, first, length) in enumerate(CUTS):
            blender.movie(f"clip {number}", str(media / "clip.mov"), 3, start, first, length)
        blender.sound("speech", str(media / "speech.mpg"), 1, 30, 0, 20)
        blender.select("clip 0", "clip 1", "clip 2", "speech")
        blender.save(str(tmp_path / "film.blend"))
        yield desk
    finally:
        desk.blender.close()
        server.stop()


@pytest.mark.timeout(1200)
def test_three_strips_come_back_through_a_crash_and_a_closed_file_and_blender_renders_them_where_they_belong(desk, tmp_path):
    """One run, since rendering is what takes time: select, submit, kill the server meanwhile, open another file, come back. Then Blender
    renders its sequence: each frame of the takes is the one that Blender showed of the original, with another mouth; all else is as before.
    """
    blender, server = desk.blender, desk.server
    before, heard = blender.frames(tmp_path / "before", *SHOWN), blender.samples(tmp_path / "before.wav", *SHOWN)
    originals = blender.state()
    files = {path: path.read_bytes() for path in (tmp_path / "media").iterdir()}
    desk.start()
    blender.panel_call("render", None)
    desk.until(lambda: "active" in desk.now["jobs"].values(), 240, "the job did not start")
    [job] = desk.now["jobs"]

    server.kill()
    desk.until(lambda: not desk.now["connected"], 120, "the panel did not notice that the server died")
    assert blender.stop()
    blender.save(str(tmp_path / "film.blend"))

    # another film is open while the server, back again, finishes the job
    blender.new_scene(25, 1.0, [64, 48], [1, 100])
    server.start()
    desk.start()
    with server.client() as client:
        ended = ("completed", "failed")
        desk.until(lambda: client.job(job).job.state in ended, 240, "the job was not finished after the crash")
        assert client.job(job).job.state == "completed", [shot.why for shot in client.job(job).shots]
    desk.until(lambda: desk.now["idle"], 120, "the panel is still busy")
    assert blender.state() == {}, "takes of one project came into another"

    # back in the film: all three arrive by themselves
    blender.open_file(str(tmp_path / "film.blend"))
    desk.until(lambda: len(desk.takes()) == 3, 240, "the takes did not arrive")
    assert desk.takes() == [(4, start, length, 0.0) for start, _, length in CUTS]
    now = blender.state()
    assert {name: seen for name, seen in now.items() if name in originals} == originals, "the originals are not as they were"

    after, heard_now = blender.frames(tmp_path / "after", *SHOWN), blender.samples(tmp_path / "after.wav", *SHOWN)
    assert np.array_equal(heard, heard_now)
    assert np.abs(heard).max() > 500, "the comparison heard nothing"
    covered = {start + step: first + step for start, first, length in CUTS for step in range(length)}
    changed = 0
    for frame, picture in after.items():
        if frame not in covered:
            assert np.array_equal(picture, before[frame]), f"frame {frame} has changed, where no take lies"
            continue
        assert abs(number_in(before[frame]) - covered[frame]) < 0.5, f"Blender shows another frame of the clip at {frame}"
        assert abs(number_in(picture) - number_in(before[frame])) < 0.34, f"frame {frame} shows another frame of the take"
        difference = np.abs(picture.astype(int) - before[frame].astype(int)).max(axis=2)
        assert np.median(difference) <= 3, f"frame {frame} is another picture"
        changed += int((difference > 24).sum() > 20)
    assert changed > 5, f"only {changed} frames have another mouth"

    # told to the server, so the same panel started again places nothing twice; a step of undo takes one take away
    with server.client() as client:
        takes = [take.id for shot in client.job(job).shots for take in shot.takes]
        desk.until(lambda: all(client.take(take).placed for take in takes), 120, "the server was not told")
    assert blender.stop()
    desk.start()
    for _ in range(20):
        desk.now = blender.step(0.05)
    assert len(desk.takes()) == 3
    blender.undo()
    assert len(desk.takes()) == 2
    assert {path: path.read_bytes() for path in files} == files, "the media files have changed"
