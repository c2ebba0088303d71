"""`heygem doctor --report` writes a file that helps whoever mends a fault, and tells nothing of the person; --verbose shows the log."""

from __future__ import annotations

import json
import logging
import zipfile
from pathlib import Path

import pytest

from heygem_server.cli import main
from heygem_server.commands.bug_report import without_paths

TOKEN = "0123456789abcdef." + "x" * 43


def test_the_report_holds_versions_devices_settings_caches_and_the_end_of_the_log_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, cache = tmp_path / "Erika Mustermann" / "data", tmp_path / "Erika Mustermann" / "cache"
    (data / "logs").mkdir(parents=True)
    lines = [json.dumps({"message": f"line {k}"}) for k in range(2000)]
    lines.append(
        json.dumps(
            {"message": f"“{tmp_path}/Kunde Müller/Interview 7.mov” is no media file", "path": str(data), "token": TOKEN},
            ensure_ascii=False,
        )
    )
    lines.append(
        json.dumps({"traceback": f'File "{tmp_path}/venv/lib/heygem_core/plan.py", line 7', "peer": "192.168.7.9"}, ensure_ascii=False)
    )
    (data / "logs" / "server.log").write_text("\n".join(lines), encoding="utf-8")
    (cache / "plans" / "abc").mkdir(parents=True)
    (cache / "plans" / "abc" / "frames.npy").write_bytes(b"12345")
    monkeypatch.setenv("HEYGEM_DATA_FOLDER", str(data))
    monkeypatch.setenv("HEYGEM_CACHE", str(cache))
    monkeypatch.setenv("HEYGEM_ALLOWED_HOSTS", "erikas-mac.local")
    file = tmp_path / "report.zip"
    assert main(["doctor", "--report", str(file)]) == 0
    assert str(file) in capsys.readouterr().out
    with zipfile.ZipFile(file) as report:
        assert sorted(report.namelist()) == ["report.json", "server.log"]
        text, log = (report.read(name).decode() for name in ("report.json", "server.log"))
    facts = json.loads(text)
    assert {"torch", "numpy", "av", "mediapipe"} <= facts["packages"].keys()
    assert facts["python"].startswith("3.")
    assert "mesh" in facts["engines"]
    assert {finding["area"] for finding in facts["findings"]} >= {"graphics card", "formats", "face tracking", "cache"}
    assert facts["caches"]["plans"] == {"entries": 1, "bytes": 5}
    assert (facts["settings"]["data_folder"], facts["settings"]["allowed_hosts"]) == ("set", "set")
    assert (facts["settings"]["lan"], facts["settings"]["sign_key"]) == (False, None)
    assert facts["environment"]["HEYGEM_CACHE"] == "set"
    assert log.count("\n") <= 501
    assert "line 1999" in log
    assert "<path.mov>” is no media file" in log
    assert "<path>/plan.py" in log
    for secret in ("Erika", "erikas", "Kunde", "Interview", str(tmp_path), TOKEN, "192.168.7.9"):
        assert secret not in text + log, secret


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("“C:\\Users\\Erika\\clip 1.mov” cannot be read", "“<path.mov>” cannot be read"),
        ('"path": "D:\\\\Kunden\\\\Müller"', '"path": "<path>"'),
        ("GET /api/v1/jobs 200", "GET /api/v1/jobs 200"),
        ("open(/home/erika/x/take.mov), then", "open(<path.mov>), then"),
        ("25 fps, 24000/1001, and/or 16:9", "25 fps, 24000/1001, and/or 16:9"),
        ("http://127.0.0.1:8437/#code=abc", "http://127.0.0.1:8437/#code=***"),
        ("“take_v2.mov” is at its place", "“take_v2.mov” is at its place"),
    ],
)
def test_paths_go_and_what_helps_stays(text: str, left: str) -> None:
    assert without_paths(text) == left


def test_a_report_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--report", str(tmp_path / "none" / "report.zip")]) == 5
    assert "choose another folder" in capsys.readouterr().err


def test_verbose_says_on_standard_error_what_the_core_does(
    people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ..rendering import making

    monkeypatch.setenv("HEYGEM_CACHE", str(tmp_path / "cache"))
    clip = making.write_clip(tmp_path / "clip.mp4", making.pictures(people / "grid" / "bbaf2n.mpg")[20:28])
    sound = making.write_sound(tmp_path / "words.wav", making.speech(people / "grid" / "lrwp9a.mpg")[8000:16000])
    command = ["render", str(clip), "--audio", str(sound), "--fit", "hold", "--json"]
    logger = logging.getLogger("heygem_core")
    try:
        assert main([*command, "-o", str(tmp_path / "quiet.mkv")]) == 0
        quiet = capsys.readouterr()
        assert "heygem_core." not in quiet.err
        assert main([*command, "-o", str(tmp_path / "told.mkv"), "--verbose"]) == 0
        told = capsys.readouterr()
    finally:
        logger.handlers.clear()
        logger.setLevel(logging.NOTSET)
    assert "heygem_core.planning.plan: plan" in told.err
    assert "from the cache" in told.err
    assert "heygem_core.rendering.render: 8 frames drawn" in told.err
    assert all(json.loads(line) for line in told.out.splitlines()), "standard output stays for programs"
