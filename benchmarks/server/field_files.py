"""Renders every file of a folder by the command line and by a server, and compares what comes out: `python -m benchmarks.server field_files
FOLDER [--clip VIDEO] [--speech FILE] [--frames 10]`.

Files with a picture are rendered with the speech, files with sound alone are the speech of the clip. Both ways have to give the same
frames and the same samples, or the same reason; the exit status tells whether they do. Prints a row for each file.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import av

from heygem_core.errors import HeygemError
from heygem_core.media.probe import probe
from heygem_core.media.reader import read_frames
from heygem_core.shot import RenderSettings
from heygem_server.client import Client
from heygem_server.wire import JobRequest, MediaRef, ShotRequest

from ._serving import serving
from .common import clips_folder

SETTINGS = {"fit": "hold", "motion": "mel", "device": "cpu", "format": "ffv1"}
_OTHERS = {".edl", ".xml", ".fcpxml", ".otio", ".sh", ".py", ".md", ".txt", ".json"}


class Came(NamedTuple):
    """What came out of a file: digests of pictures and samples and how many frames, or why nothing did."""

    pictures: str = ""
    samples: str = ""
    frames: int = 0
    why: str = ""


def pairs(folder: Path, clip: Path, speech: Path) -> list[tuple[Path, Path, Path]]:
    """(file, video, speech) of each file that is media at all."""
    found = []
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.suffix.lower() in _OTHERS:
            continue
        try:
            with av.open(str(path)) as container:
                sound_only = not container.streams.video
        except (av.error.FFmpegError, OSError):
            sound_only = False  # so that both say what they think of it
        found.append((path, clip if sound_only else path, path if sound_only else speech))
    return found


def shown(take: Path) -> Came:
    """What a take holds, decoded."""
    pictures, samples, count = blake2b(digest_size=8), blake2b(digest_size=8), 0
    for frame in read_frames(probe(take)):
        pictures.update(frame.picture.to_ndarray().tobytes())
        count += 1
    with av.open(str(take)) as container:
        if container.streams.audio:
            for heard in container.decode(audio=0):
                samples.update(heard.to_ndarray().tobytes())
    return Came(pictures.hexdigest(), samples.hexdigest(), count)


def by_command(video: Path, speech: Path, frames: int | None, folder: Path) -> Came:
    """By `heygem render`."""
    take = folder / "take.mkv"
    take.unlink(missing_ok=True)
    command = [sys.executable, "-m", "heygem_server.cli", "render", str(video), "--audio", str(speech), "-o", str(take), "--json"]
    command += [word for name, value in SETTINGS.items() for word in (f"--{name}", value)]
    command += [] if frames is None else ["--out", str(frames)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0:
        return shown(take)
    last = next((line for line in reversed(done.stdout.splitlines()) if line.startswith("{")), "{}")
    said = json.loads(last)
    return Came(why=str(said.get("message") or done.stderr.strip().splitlines()[-1:]))


def by_server(client: Client, video: Path, speech: Path, frames: int | None) -> Came:
    """By a job."""
    shot = ShotRequest(video=MediaRef(path=str(video)), speech=MediaRef(path=str(speech)), end_exclusive=frames)
    job = client.submit(JobRequest(shots=(shot,), settings=RenderSettings(**SETTINGS))).job.id  # type: ignore[arg-type]
    while (detail := client.job(job)).job.state in ("queued", "active"):
        time.sleep(0.2)
    (ended,) = detail.shots
    return shown(Path(client.take(ended.takes[-1]).path)) if ended.state == "done" else Came(why=str(ended.why))


def frames_of(video: Path, most: int) -> int | None:
    """The end of the range to be rendered; None = all of it, where it is shorter, a still or no video."""
    try:
        info = probe(video, deinterlace=True)
    except HeygemError:
        return None
    return most if info.kind == "video" and info.frame_count > most else None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.server field_files", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clip", type=Path, help="the video of files with sound alone; none = a clip of GRID")
    parser.add_argument("--speech", type=Path, help="what is said in files with a picture; none = that clip's")
    parser.add_argument("--frames", type=int, default=10, help="of each video")
    options = parser.parse_args()
    clip = options.clip or clips_folder() / "grid" / "bbaf2n.mpg"
    unlike = 0
    with serving("--workers", "1") as server:
        media = server.folder / "media"
        for path in (*options.folder.iterdir(), clip, options.speech or clip):
            if path.is_file():
                shutil.copy2(path, media / path.name)
        client = Client(server.url, server.token)
        (server.folder / "alone").mkdir()
        known = {path.name for path in options.folder.iterdir()}
        for path, video, speech in pairs(media, media / clip.name, media / (options.speech or clip).name):
            if path.name not in known:
                continue
            frames = frames_of(video, options.frames)
            began = time.monotonic()
            alone, served = by_command(video, speech, frames, server.folder / "alone"), by_server(client, video, speech, frames)
            same = alone == served
            unlike += not same
            what = alone.why or f"{alone.frames} frames {alone.pictures} {alone.samples}"
            print(f"{path.name:16} {'same' if same else 'OTHER'}  {time.monotonic() - began:5.1f} s  {what}", flush=True)
            if not same:
                print(f"{'':16} server: {served.why or served}", flush=True)
    print(f"{unlike} files differ")
    sys.exit(bool(unlike))


if __name__ == "__main__":
    main()
