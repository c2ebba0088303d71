"""The command line and a server give the same take of the same file, or the same reason, whatever kind of file it is."""

from __future__ import annotations

import sys
import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from benchmarks.server.field_files import main, pairs

from . import making


def written(folder: Path, clips: Path) -> Path:
    """A photo, B-frames in a container without pts, a recording with the voice on its fourth channel, and what is no media."""
    folder.mkdir()
    source = clips / "grid" / "bbaf2n.mpg"
    shown = making.pictures(source)[20:32]
    Image.fromarray(shown[0]).save(folder / "photo.jpg", quality=92)
    with av.open(str(folder / "short.avi"), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25, options={"bf": "2", "preset": "ultrafast"})
        stream.height, stream.width = shown[0].shape[:2]
        for picture in shown:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        container.mux(stream.encode(None))
    voice = making.speech(source)[:24_000]
    with wave.open(str(folder / "fourth.wav"), "wb") as file:
        file.setnchannels(8)
        file.setsampwidth(2)
        file.setframerate(16_000)
        channels = np.zeros((len(voice), 8), np.int16)
        channels[:, 3] = np.clip(voice * 32767, -32768, 32767)
        file.writeframes(channels.tobytes())
    (folder / "broken.mp4").write_bytes(b"not a film" * 50)
    (folder / "notes.txt").write_text("no media")
    return folder


def test_files_with_sound_alone_are_speech_and_the_others_pictures(tmp_path: Path, clips: Path) -> None:
    folder, clip, speech = written(tmp_path / "field", clips), tmp_path / "clip.mp4", tmp_path / "speech.wav"
    assert [(path.name, video.name, heard.name) for path, video, heard in pairs(folder, clip, speech)] == [
        ("broken.mp4", "broken.mp4", "speech.wav"),
        ("fourth.wav", "clip.mp4", "fourth.wav"),
        ("photo.jpg", "photo.jpg", "speech.wav"),
        ("short.avi", "short.avi", "speech.wav"),
    ]


@pytest.mark.full
def test_the_command_line_and_a_server_give_the_same(
    tmp_path: Path, clips: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(tmp_path / "field", clips)
    clip = clips / "grid" / "bbaf2n.mpg"
    monkeypatch.setattr(sys, "argv", ["field_files", str(folder), "--clip", str(clip), "--frames", "4"])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().out
    assert ended.value.code == 0, told
    assert told.count(" same ") == 4
    assert told.count(" 4 frames ") == 2, "the photo is as long as its speech"
