"""What both Premiere panels say is meant and what is worth knowing of it, before anything is rendered."""

from __future__ import annotations

import pytest

from tests.plugins.premiere_scenes import ONE_OCLOCK, TIMEBASES, Scene, UxpScene


def codes(item: dict) -> list[str]:
    return [one["code"] for one in item["notice_messages"]]


def picture(here: Scene) -> dict:
    return next(item for item in here.ask("host.selection")["items"] if item["kind"] == "picture")


def test_a_file_that_is_offline_is_named_before_rendering(scene, tmp_path):
    here = scene()
    assert codes(picture(here)) == []
    gone = str(tmp_path / "gone.mov")
    here.change_media(file=gone)
    assert codes(picture(here)) == ["panel.media-offline"]
    assert gone in picture(here)["notices"][0]
    here.change_media(proxy=True)
    assert codes(picture(here)) == ["panel.media-only-proxy"]


def test_a_proxy_that_plays_is_named_and_the_take_is_made_from_the_full_resolution_file(scene):
    here = scene()
    here.change_media(proxy=True)
    assert codes(picture(here)) == ["panel.media-proxy"]
    assert picture(here)["path"] == here.file("clip 25.mov")


def test_an_adjustment_layer_above_is_named_before_rendering(scene):
    here = scene()
    layer = here.add(start=90, length=40, track=1, name="Grade of all")
    assert codes(picture(here)) == []
    here.change(layer, adjustment=True)
    assert codes(picture(here)) == ["panel.adjustment-above"]
    assert "Grade of all" in picture(here)["notices"][0]
    here.move(layer, 124, 40)
    assert codes(picture(here)) == [], "it lies behind the clip"


@pytest.mark.parametrize("zero", [0, ONE_OCLOCK["25"] * TIMEBASES["25"]], ids=["from zero", "from one o'clock"])
def test_without_a_selection_in_and_out_of_the_sequence_say_what_is_rendered(scene, zero):
    """Clips are cut to them, so that exactly the marked stretch is rendered; the sequence may begin at one o'clock."""
    here = scene(zero=zero)
    here.mark(110, 310)
    chosen = here.ask("host.selection")
    assert (chosen["found_by"], chosen["marks"]) == ("selection", None), "what is selected goes first"
    here.deselect()
    chosen = here.ask("host.selection")
    assert (chosen["found_by"], chosen["marks"]) == ("marks", [110, 310])
    assert [item["placement"]["record_start"] for item in chosen["items"] if item["kind"] == "picture"] == [100, 300]
    here.ask("host.place", **here.params("take 25.mov"))
    pictures = [item for item in here.ask("host.selection")["items"] if item["kind"] == "picture"]
    assert len(pictures) == 2, "a take is not rendered again"
    here.mark(400, 500)
    assert here.ask("host.selection")["found_by"] is None


def test_without_a_selection_and_without_marks_nothing_is_meant(scene):
    here = scene()
    here.deselect()
    assert here.ask("host.selection")["items"] == []


def test_what_premieres_own_transcript_says_is_shown_beside_the_speech(films):
    """Its seconds count in the file: the clip shows frames 10 to 40 of it at frame 100. Only UXP has a call for it."""
    here = UxpScene(films)
    try:
        speech = here.add(file=here.file("speech.wav"), start=100, length=30, offset=10, track=2, kind="audio", selected=True)
        spoken = ((0.0, 0.3, "before it"), (0.2, 0.6, "Good morning"), (1.2, 9, "to you"), (2.0, 1, "after"))
        segments: list[dict] = [
            {"start": start, "duration": length, "words": [{"text": word} for word in text.split()]} for start, length, text in spoken
        ]
        segments.append({"start": 1.3, "words": None})
        here.clip = speech
        here.change_media(transcript={"segments": segments})
        assert here.ask("host.selection")["captions"] == [
            {"record_start": 100, "record_duration": 10, "text": "Good morning"},
            {"record_start": 120, "record_duration": 10, "text": "to you"},
        ]
        here.change_media(transcript={"segments": "of another shape"})
        assert here.ask("host.selection")["captions"] == []
    finally:
        here.fake.close()
