"""How nodes are started: never without the token, and never with what opens them to others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from heygem_core.errors import SetupError, SpecError
from heygem_core.machine.python_process import apart, python_code
from heygem_core.shot import RenderSettings, RenderTask, Shot, from_json
from heygem_core.tasks.specs import GenerateTask
from heygem_server.cli import main
from heygem_server.executors.farm.cluster import bridge_process, make_token, node_process, ports
from heygem_server.executors.farm.facts import slots_here
from heygem_server.executors.farm.lines import NODE, NodeSetup
from heygem_server.executors.farm.paths import mapped, mapped_task

from .ray_marks import needs_ray

SETUP = NodeSetup(name="north", devices=("cpu=2",))


@pytest.mark.parametrize("head", [None, "10.0.0.1:7437"])
def test_every_process_of_a_farm_is_started_with_the_token(head: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the user's own surroundings say: Ray opens a cluster to the network unless it is told otherwise."""
    for name, value in {"RAY_AUTH_MODE": "disabled", "RAY_AUTH_TOKEN": "mine", "RAY_USAGE_STATS_ENABLED": "1"}.items():
        monkeypatch.setenv(name, value)
    token = make_token(tmp_path / "farm.token")
    command, variables = node_process(token, SETUP, ip="10.0.0.2", port=7437, head=head)
    for ours in (variables, bridge_process(token)[1]):
        environment = apart(**ours)["env"]
        assert (environment["RAY_AUTH_MODE"], environment["RAY_AUTH_TOKEN_PATH"]) == ("token", str(token))
        assert "RAY_AUTH_TOKEN" not in environment
        assert environment["RAY_USAGE_STATS_ENABLED"] == "0"
    assert "--disable-usage-stats" in command
    assert "--node-ip-address=10.0.0.2" in command
    assert ("--include-dashboard=false" in command) == ("--no-monitor" in command) == (head is None)
    assert "--include-log-monitor=false" in command, "what nobody reads need not run"
    assert token.read_text() not in " ".join(command), "whoever lists processes must not see it"
    assert from_json(variables[NODE], NodeSetup) == SETUP
    named = [int(part.rpartition("=")[2]) for part in command if "-port=" in part]
    assert min(named) >= 7437
    assert ports(7437) == "7437–7444, 7447–7647"
    assert all(7437 <= port <= 7444 or 7447 <= port <= 7647 for port in named)


@pytest.mark.skipif(os.name != "posix", reason="mode bits mean nothing there")
def test_a_token_is_private_and_kept(tmp_path: Path) -> None:
    token = make_token(tmp_path / "farm.token")
    assert token.stat().st_mode & 0o777 == 0o600
    assert make_token(token).read_text() == token.read_text()
    token.chmod(0o644)
    for start in (bridge_process, lambda path: node_process(path, SETUP, ip="127.0.0.1", port=1, head=None)):
        with pytest.raises(SpecError, match="Others can read"):
            start(token)


@pytest.mark.full
@needs_ray
@pytest.mark.parametrize("content", [None, b"", b"short", b"\xff" * 40])
def test_no_node_starts_without_a_token(content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    token = tmp_path / "farm.token"
    if content is not None:
        token.write_bytes(content)
        token.chmod(0o600)
    code = main(["farm", "join", "127.0.0.1:1", "--token", str(token), "--data", str(tmp_path / "data"), "--devices", "cpu"])
    assert code == SpecError.exit_code
    assert "token cannot be read" in capsys.readouterr().err


def test_without_ray_the_install_line_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["farm", "start", "--data", str(tmp_path)]) == 6
    assert 'pip install "heygem-bridge[ray]"' in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_leaving_where_nothing_runs_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "farm-node.json").write_text(f'{{"pid": {os.getpid()}}}')  # its number belongs to somebody else now
    assert main(["farm", "leave", "--data", str(tmp_path)]) == 0
    assert "Nothing of a farm runs here" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("path", "maps", "expected"),
    [
        ("/mnt/media/a/b.mov", [("/mnt/media", "/Volumes/media")], "/Volumes/media/a/b.mov"),
        ("/mnt/media2/b.mov", [("/mnt/media", "/Volumes/media")], "/mnt/media2/b.mov"),
        ("/mnt/media/a/b.mov", [("/mnt/media", "Z:\\media")], "Z:\\media\\a\\b.mov"),
        ("z:\\Media\\a\\b.mov", [("Z:/media/", "/mnt/media")], "/mnt/media/a/b.mov"),
        ("\\\\NAS\\share\\a.mov", [("//nas/share", "/mnt/share")], "/mnt/share/a.mov"),
        ("/a/b/c", [("/a/b", "/one"), ("/a", "/two")], "/one/c"),
        ("/a", [("/a/", "/b/")], "/b"),
    ],
)
def test_folders_are_called_as_each_machine_calls_them(path: str, maps: list[tuple[str, str]], expected: str) -> None:
    assert mapped(path, maps) == expected


def test_all_files_of_a_task_are_mapped() -> None:
    shot = Shot(video="/s/v.mp4", speech="/s/w.wav")
    settings = RenderSettings(motion="/s/m.safetensors", style_from="/s/style.mov", holdout="/s/holdout.mov")
    render = RenderTask(shot=shot, settings=settings, output="/s/o.mov", cache="/s/cache", segment=(0, 8))
    for task in (render, GenerateTask(shot=shot, settings=settings, cache="/s/cache", start=0, end_exclusive=8)):
        there = repr(mapped_task(task, [("/s", "/n")]))
        assert "/s/" not in there
        assert there.count("/n/") == repr(task).count("/s/")


def test_a_bridge_gives_a_lost_head_up_soon(tmp_path: Path) -> None:
    """Ray's own time is a minute, in which the server believes in slots that are gone."""
    _, variables = bridge_process(make_token(tmp_path / "farm.token"))
    assert 5 <= int(variables["RAY_gcs_rpc_server_reconnect_timeout_s"]) <= 20


def test_a_node_has_the_slots_that_it_was_told() -> None:
    assert [slot.name for slot in slots_here(SETUP)] == ["cpu/1", "cpu/2"]


@pytest.mark.full
@needs_ray
def test_a_start_that_was_too_slow_is_tried_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ray waits half a minute for its own processes, whatever else a machine does."""
    tries = tmp_path / "tries"
    code = f"""
with open({str(tries)!r}, "a+") as file:
    file.write("x")
    file.seek(0)
    print("The current node timed out during startup." if file.read() == "x" else "bad")
"""
    monkeypatch.setattr("heygem_server.executors.farm.cluster.node_process", lambda *_, **__: (python_code(code), {}))
    assert main(["farm", "start", "--data", str(tmp_path / "data")]) == SetupError.exit_code
    assert tries.read_text() == "xx"
    assert "(bad)" in capsys.readouterr().err
