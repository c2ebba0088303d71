"""Messages: a code and parameters become a sentence in a language; what a catalogue lacks stays English."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from heygem_core.errors import InputError, SpeechTooLong
from heygem_core.messages import LANGUAGES, Message, catalogue, known, language_here, language_of, message_of, plain, say, tell
from heygem_core.messages.__main__ import in_order
from heygem_core.shot import Notice, from_json, notice, to_json


def test_a_message_is_a_sentence_in_each_language():
    said = tell("speech.cut-off", speech_s=4.5, take_s=3.0)
    assert said.message == "The speech lasts 4.5 s and the take 3 s: its end is cut off."
    assert say(said, "en") == said.message
    assert say(said, "zh") == "语音长 4.5 秒，结果长 3 秒：语音结尾被截断。"


def test_parameters_are_json_whatever_was_given():
    said = tell("work.stale", attempt=np.int64(3), half=Fraction(1, 2), many=(1, "b"))
    assert said.params == {"attempt": 3, "half": "1/2", "many": [1, "b"]}
    assert from_json(to_json(said), Message) == said


def test_a_message_within_a_message_is_said_in_the_same_language():
    said = tell("log.failed", what=tell("log.plan", shot="Ana"), outcome="failed", reason=tell("work.killed"))
    assert said.message == "Plan of “Ana” failed (failed): The worker was ended from outside."
    assert say(from_json(to_json(said), Message), "zh") == "“Ana”的规划：失败（failed）：工作进程被外部终止。"


def test_parts_of_a_list_are_set_apart_as_the_language_does_it():
    said = tell(
        "face.several", number=1, faces=[tell("face.left", number=1, start=0, last=9), tell("face.right", number=2, start=3, last=9)]
    )
    assert "face 1 (on the left, frames 0–9), face 2 (on the right, frames 3–9)" in said.message
    assert "人脸 1（左侧，第 0–9 帧）、人脸 2（右侧，第 3–9 帧）" in say(said, "zh")


def test_an_error_is_a_message_and_its_text_is_english():
    inner = InputError("media.no-sound")
    error = InputError("media.not-looked-at", reason=inner)
    assert str(error) == "The file could not be looked at: The video has no sound. Play it in a player, or export it again."
    assert say(error.said, "zh") == "无法检查此文件：此视频没有声音。请在播放器中播放它，或重新导出。"
    assert isinstance(SpeechTooLong(error.said).said, Message)


def test_a_sentence_of_another_package_has_no_code_and_stays_as_it_is():
    error = InputError("The toy engine needs {a} square picture.")
    assert (error.said.code, str(error)) == (None, "The toy engine needs {a} square picture.")
    assert say(error.said, "zh") == "The toy engine needs {a} square picture."


def test_a_code_of_a_newer_program_stays_english():
    assert say(Message(code="newer.code", message="Something new."), "zh") == "Something new."


def test_a_sentence_that_was_stored_before_there_were_codes_is_known_again():
    assert known("no face is seen") == tell("frame.none")
    assert known("Frame 3 is odd.") == plain("Frame 3 is odd.")
    old = known("There is no file at “/clips/a.mov”: check the path, or reconnect the drive it lies on.")
    assert (old.code, old.params) == ("media.not-found", {"path": "/clips/a.mov"})
    assert say(old, "zh").startswith("“/clips/a.mov”处没有文件")


def test_a_notice_carries_its_code_and_one_without_is_still_read():
    said = tell("plan.passed-through", passed=2, frames=9)
    assert message_of(from_json(to_json(notice(said)), Notice)) == said
    assert message_of(from_json(b'{"event": "notice", "message": "Old."}', Notice)) == plain("Old.")


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_TW"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "", "LC_MESSAGES": ""}, "zh"),
    ],
)
def test_the_language_of_a_terminal_follows_the_rule_of_posix(environment, language):
    assert language_here(environment) == language


def test_tags_of_browsers_name_languages_too():
    assert [language_of(tag) for tag in ("zh-Hans", "zh", "ZH-CN", "zho", "fr")] == ["zh", "zh", "zh", "en", "en"]


def test_the_catalogues_are_in_order(pytestconfig):
    folder = pytestconfig.rootpath / "heygem_core/messages"
    for language in LANGUAGES:
        text = (folder / f"{language}.toml").read_text("utf-8")
        assert text == in_order(text), "python -m heygem_core.messages puts them in order"
        assert catalogue(language)
