"""`heygem install` on three systems: each in a home of its own, with registry, `defaults` and service managers played by the test."""

from __future__ import annotations

import ast
import dataclasses
import json
import plistlib
import shlex
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from heygem_core.errors import SetupError
from heygem_plugins.installing import packing, sources
from heygem_plugins.installing.machine import Machine, System
from heygem_server.cli import main
from heygem_server.commands.install import carry_out, tell_all
from heygem_server.hosts.installation import standings
from tests.plugins.node import REPOSITORY, run_node


class FakeRegistry:
    def __init__(self) -> None:
        self.values: dict[tuple[str, str], str] = {}

    def read(self, key: str, name: str) -> str | None:
        return self.values.get((key, name))

    def write(self, key: str, name: str, value: str) -> None:
        self.values[key, name] = value

    def delete(self, key: str, name: str) -> None:
        self.values.pop((key, name), None)


class FakeCommands:
    """`defaults`, `systemctl --user` and `launchctl`, as far as they are asked."""

    def __init__(self) -> None:
        self.defaults: dict[str, str] = {}
        self.enabled: set[str] = set()
        self.calls: list[list[str]] = []

    def __call__(self, command: Sequence[str]) -> tuple[int, str]:
        self.calls.append(list(command))
        match list(command):
            case ["defaults", "read", domain, _]:
                return (0, self.defaults[domain]) if domain in self.defaults else (1, "does not exist")
            case ["defaults", "write", domain, _, value]:
                self.defaults[domain] = value
            case ["defaults", "delete", domain, _]:
                self.defaults.pop(domain)
            case ["systemctl", "--user", "is-enabled", "--quiet", unit]:
                return (0, "") if unit in self.enabled else (1, "")
            case ["systemctl", "--user", "enable", "--now", unit]:
                self.enabled.add(unit)
            case ["systemctl", "--user", "disable", "--now", unit]:
                self.enabled.discard(unit)
            case ["launchctl", "list", label]:
                return (0, "") if label in self.enabled else (1, "")
            case ["launchctl", "load", "-w", path]:
                self.enabled.add(Path(path).stem)
            case ["launchctl", "unload", "-w", path]:
                self.enabled.discard(Path(path).stem)
        return 0, ""


def machine(tmp_path: Path, system: System, **more: Any) -> Machine:
    home = tmp_path / "home of Ä. Ünal"
    home.mkdir(exist_ok=True)
    environment = {"APPDATA": str(home / "AppData" / "Roaming")} if system == "windows" else {}
    command = ("/opt/my python", "-m", "heygem_server.cli")
    played = {"run": FakeCommands(), "registry": FakeRegistry(), "environment": environment}
    return Machine(system=system, home=home, data_folder=home / "data", command=command, **played, **more)


def everything(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


WHERE = {
    ("premiere", "windows"): "AppData/Roaming/Adobe/CEP/extensions/com.heygem.bridge/CSXS/manifest.xml",
    ("premiere", "macos"): "Library/Application Support/Adobe/CEP/extensions/com.heygem.bridge/CSXS/manifest.xml",
    ("resolve", "windows"): "AppData/Roaming/Blackmagic Design/DaVinci Resolve/Support/Fusion/Scripts/Utility/HeyGem Bridge.py",
    ("resolve", "macos"): "Library/Application Support/Blackmagic Design/DaVinci Resolve/Fusion/Scripts/Utility/HeyGem Bridge.py",
    ("resolve", "linux"): ".local/share/DaVinciResolve/Fusion/Scripts/Utility/HeyGem Bridge.py",
    ("service", "macos"): "Library/LaunchAgents/com.heygem.bridge.plist",
    ("service", "linux"): ".config/systemd/user/heygem.service",
    ("service", "windows"): "data/install.json",
}


@pytest.mark.parametrize(("target", "system"), WHERE)
def test_installing_twice_is_installing_once_and_uninstalling_leaves_nothing(tmp_path, target, system):
    here = machine(tmp_path, system)
    (here.home / "films").mkdir()
    (here.home / "films" / "master.mov").write_text("mine")
    before = everything(here.home)

    assert carry_out(target, here, status=True) == 1
    assert carry_out(target, here, dry_run=True) == 0
    assert everything(here.home) == before, "a dry run wrote something"
    assert carry_out(target, here) == 0
    assert WHERE[target, system] in everything(here.home)
    installed = everything(here.home)
    assert carry_out(target, here, status=True) == 0
    assert carry_out(target, here) == 0
    assert everything(here.home) == installed
    assert carry_out(target, here, uninstall=True) == 0
    assert everything(here.home) == before
    assert here.registry.values == {}  # type: ignore[attr-defined]
    assert here.run.defaults == {}  # type: ignore[attr-defined]
    assert here.run.enabled == set()  # type: ignore[attr-defined]


def test_what_was_there_before_stays(tmp_path):
    """Another developer's debug mode, other panels and other scripts survive an uninstall."""
    here = machine(tmp_path, "macos")
    here.run.defaults["com.adobe.CSXS.12"] = "1"  # type: ignore[attr-defined]
    other = here.home / "Library/Application Support/Adobe/CEP/extensions/other.panel/index.html"
    other.parent.mkdir(parents=True)
    other.write_text("theirs")
    carry_out("premiere", here)
    carry_out("premiere", here, uninstall=True)
    assert here.run.defaults == {"com.adobe.CSXS.12": "1"}  # type: ignore[attr-defined]
    assert other.read_text() == "theirs"


PROGRAMS = {
    "windows": {
        "premiere": [f"Program Files/Adobe/Adobe Premiere Pro {year}/Adobe Premiere Pro.exe" for year in (2024, 2026)],
        "resolve": ["Program Files/Blackmagic Design/DaVinci Resolve/Resolve.exe"],
    },
    "macos": {
        "premiere": ["Applications/Adobe Premiere Pro 2026/Adobe Premiere Pro 2026.app/Contents/Info.plist"],
        "resolve": [f"Applications/{folder}DaVinci Resolve.app/Contents/Info.plist" for folder in ("DaVinci Resolve/", "")],
    },
    "linux": {"resolve": ["opt/resolve/bin/resolve"]},
}
VERSIONS = {
    ("windows", "premiere"): ["Adobe Premiere Pro 2024, 24", "Adobe Premiere Pro 2026, 26"],
    ("macos", "premiere"): ["Adobe Premiere Pro 2026, 26.3.1"],
    ("windows", "resolve"): ["DaVinci Resolve"],
    ("macos", "resolve"): ["DaVinci Resolve, 21.1", "DaVinci Resolve, 21.1"],
    ("linux", "resolve"): ["DaVinci Resolve"],
}


def with_programs(tmp_path: Path, system: System, *more: str) -> Machine:
    """A machine with these editors where their makers install them."""
    root = tmp_path / "root"
    for file in [one for files in PROGRAMS[system].values() for one in files] + list(more):
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        version = "26.3.1" if "Premiere" in file else "21.1"
        path.write_bytes(plistlib.dumps({"CFBundleShortVersionString": version}) if path.name == "Info.plist" else b"")
    here = machine(tmp_path, system, root=root)
    extra = {"ProgramFiles": str(root / "Program Files"), "CommonProgramFiles": str(root / "Program Files" / "Common Files")}
    return dataclasses.replace(here, environment={**here.environment, **(extra if system == "windows" else {})})


@pytest.mark.parametrize(("system", "target"), VERSIONS)
def test_installing_says_which_versions_it_found_and_where_to_click(tmp_path, capsys, system, target):
    here = with_programs(tmp_path, system)
    assert carry_out(target, here) == 0
    said = capsys.readouterr().out.splitlines()
    found = [line.removeprefix("found ").split(" (")[0] for line in said if line.startswith("found ")]
    assert found == VERSIONS[system, target]
    assert "then open" in said[-1]


@pytest.mark.parametrize("system", ["windows", "macos", "linux"])
def test_the_status_of_all_is_told_without_a_target(tmp_path, capsys, system):
    here = with_programs(tmp_path, system)
    before = {one.name: one.state for one in standings(here)}
    assert before["service"] == "not installed"
    assert before["premiere"] == ("not possible" if system == "linux" else "not installed")
    carry_out("resolve", here)
    after = {one.name: one for one in standings(here)}
    assert after["resolve"].state == "installed"
    assert "Workspace > Scripts" in (after["resolve"].next_step or "")
    assert after["service"].state == "not installed"
    library = here.home / WHERE["resolve", system]
    library.write_text("old", encoding="utf-8")
    assert {one.name: one.state for one in standings(here)}["resolve"] == "incomplete"
    capsys.readouterr()
    assert tell_all(here) == 0
    said = capsys.readouterr().out
    assert "resolve   incomplete: DaVinci Resolve" in said
    assert said.count("found DaVinci Resolve") == len(VERSIONS[system, "resolve"])


def test_only_the_status_may_be_asked_for_without_a_target(tmp_path, capsys, monkeypatch):
    for words in (["install"], ["install", "--dry-run"], ["install", "--uninstall"], ["install", "all"], ["install", "all", "--uninstall"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 2
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HEYGEM_CONFIG", str(tmp_path / "none.toml"))
    assert main(["install", "--status"]) == 0
    said = capsys.readouterr().out
    assert all(f"{name:9} " in said for name in ("premiere", "resolve", "blender", "service"))


UPI = "Adobe/Adobe Desktop Common/RemoteComponents/UPI/UnifiedPluginInstallerAgent/UnifiedPluginInstallerAgent"
AGENT = {
    "windows": f"Program Files/Common Files/{UPI}.exe",
    "macos": f"Library/Application Support/{UPI}.app/Contents/MacOS/UnifiedPluginInstallerAgent",
}


class Agent(FakeCommands):
    """Adobe's installer of plug-ins: reads the package as it is handed over."""

    def __init__(self) -> None:
        super().__init__()
        self.plugins: dict[str, dict[str, Any]] = {}

    def __call__(self, command: Sequence[str]) -> tuple[int, str]:
        if not Path(command[0]).name.startswith("UnifiedPlugin"):
            return super().__call__(command)
        verb = command[1].lstrip("/-")
        if verb == "install":
            manifest = json.loads(zipfile.ZipFile(command[2]).read("manifest.json"))
            if not isinstance(manifest["host"], dict):
                return 1, "Failed to install, status = -250!"
            self.plugins[manifest["name"]] = manifest
        elif verb == "remove":
            self.plugins.pop(command[2], None)
        lines = [f" Enabled  {name}  {manifest['version']}" for name, manifest in self.plugins.items()]
        return 0, "\n".join(["Status  Extension Name  Version", *lines])


@pytest.mark.parametrize("system", ["windows", "macos"])
def test_the_panel_for_uxp_is_installed_by_adobes_installer_where_it_is_and_taken_away_again(tmp_path, system):
    here = dataclasses.replace(with_programs(tmp_path, system, AGENT[system]), run=Agent())
    assert carry_out("premiere", here) == 0
    assert here.run.plugins["HeyGem Bridge"]["host"]["app"] == "premierepro"  # type: ignore[attr-defined]
    assert carry_out("premiere", here, status=True) == 0
    here.run.plugins["HeyGem Bridge"]["version"] = "0.0.9"  # type: ignore[attr-defined]
    assert carry_out("premiere", here, status=True) == 1
    assert carry_out("premiere", here, uninstall=True) == 0
    assert here.run.plugins == {}  # type: ignore[attr-defined]
    assert everything(here.home) == {}


def test_what_a_panel_wrote_while_it_ran_goes_with_it(tmp_path):
    here = machine(tmp_path, "macos")
    for target, names in (
        ("premiere", ["panel-premiere.id"]),
        ("resolve", ["panel-resolve.id", "panel-resolve.json", "panel-resolve.lock"]),
    ):
        carry_out(target, here)
        for name in names:
            (here.data_folder / name).parent.mkdir(exist_ok=True)
            (here.data_folder / name).write_text("x")
        assert carry_out(target, here, status=True) == 0
        carry_out(target, here, uninstall=True)
    assert everything(here.home) == {}


@pytest.mark.parametrize("system", ["windows", "macos", "linux"])
def test_the_script_of_the_free_edition_lies_beside_the_other_and_what_it_wrote_stays_the_users(tmp_path, system):
    here = machine(tmp_path, system)
    carry_out("resolve", here)
    script = (here.home / WHERE["resolve", system]).with_name("HeyGem Files.lua")
    text = script.read_text(encoding="utf-8")
    assert "@" not in "".join(line for line in text.splitlines()[:12] if line.startswith("local")), "a gap was left"
    assert text.isascii(), "Lua reads files in the system's own encoding"
    timeline = here.data_folder / "resolve" / "Film 0c1f.otio"
    timeline.write_text("{}", encoding="utf-8")
    carry_out("resolve", here, uninstall=True)
    assert (script.exists(), timeline.exists()) == (False, True)
    timeline.unlink()
    carry_out("resolve", here)
    carry_out("resolve", here, uninstall=True)
    assert not timeline.parent.exists()


def test_an_old_panel_is_replaced_whole(tmp_path):
    here = machine(tmp_path, "windows")
    carry_out("premiere", here)
    panel = here.app_data / "Adobe/CEP/extensions/com.heygem.bridge"
    (panel / "gone.js").write_text("old")
    (panel / "main.js").write_text("old")
    assert carry_out("premiere", here, status=True) == 1
    carry_out("premiere", here)
    assert not (panel / "gone.js").exists()
    assert "ServerConnection" in (panel / "main.js").read_text(encoding="utf-8")


def test_a_panel_that_links_to_a_checkout_loses_the_link_and_not_the_checkout(tmp_path):
    here = machine(tmp_path, "macos")
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "main.js").write_text("precious")
    extensions = here.home / "Library/Application Support/Adobe/CEP/extensions"
    extensions.mkdir(parents=True)
    (extensions / "com.heygem.bridge").symlink_to(checkout)
    carry_out("premiere", here)
    carry_out("premiere", here, uninstall=True)
    assert (checkout / "main.js").read_text() == "precious"


def test_the_panels_learn_where_the_server_is_and_how_to_start_it(tmp_path):
    here = machine(tmp_path, "macos")
    carry_out("premiere", here)
    config = json.loads((here.home / "Library/Application Support/Adobe/CEP/extensions/com.heygem.bridge/config.json").read_text())
    assert config == {"command": ["/opt/my python", "-m", "heygem_server.cli"], "data_folder": str(here.data_folder),
                      "server_file": str(here.data_folder / "server.json")}  # fmt: skip
    assert json.loads((here.data_folder / "install.json").read_text()) == config


def test_the_installed_resolve_library_runs_in_a_bare_python(tmp_path):
    """Exactly the files that were installed, in an interpreter without site-packages, as Resolve runs them; no Resolve: a plain word."""
    here = machine(tmp_path, "linux")
    carry_out("resolve", here)
    script = here.home / WHERE["resolve", "linux"]
    ran = subprocess.run([sys.executable, "-I", "-S", str(script)], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert "free edition" in ran.stdout
    library = ast.literal_eval(script.read_text(encoding="utf-8").split("LIBRARY = ")[1].splitlines()[0])
    assert Path(library) == here.home / ".local/share/DaVinciResolve/Fusion/HeyGem Bridge"
    names = everything(Path(library))
    assert "websockets/sync/client.py" in names
    assert b"BSD" in names["websockets/LICENSE"] or b"Redistribution" in names["websockets/LICENSE"]
    assert not [name for name in names if name.endswith((".so", ".pyd", ".c"))]


def test_premiere_on_linux_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(SetupError, match="does not exist on Linux"):
        carry_out("premiere", machine(tmp_path, "linux"))


def test_the_service_starts_exactly_the_installed_command(tmp_path):
    wanted = ["/opt/my python", "-m", "heygem_server.cli", "serve"]
    linux = machine(tmp_path / "l", "linux") if (tmp_path / "l").mkdir() is None else None
    assert linux is not None
    carry_out("service", linux)
    unit = (linux.home / WHERE["service", "linux"]).read_text(encoding="utf-8")
    assert shlex.split(unit.split("ExecStart=")[1].splitlines()[0]) == wanted
    (tmp_path / "m").mkdir()
    mac = machine(tmp_path / "m", "macos")
    carry_out("service", mac)
    assert plistlib.loads((mac.home / WHERE["service", "macos"]).read_bytes())["ProgramArguments"] == wanted
    (tmp_path / "w").mkdir()
    windows = machine(tmp_path / "w", "windows")
    carry_out("service", windows)
    [command] = windows.registry.values.values()  # type: ignore[attr-defined]
    assert command == '"/opt/my python" -m heygem_server.cli serve'


def test_a_service_manager_that_does_not_answer_is_told(tmp_path, capsys):
    here = machine(tmp_path, "linux")
    object.__setattr__(here, "run", lambda command: (127, "no such program"))
    assert carry_out("service", here) == 5
    assert "not done" in capsys.readouterr().err


@pytest.mark.parametrize(("kind", "manifest"), [("zxp", "CSXS/manifest.xml"), ("ccx", "manifest.json")])
def test_a_packed_panel_holds_everything_it_loads_and_is_the_same_each_time(tmp_path, kind, manifest):
    archive = packing.pack(kind, tmp_path / "one")
    assert archive.read_bytes() == packing.pack(kind, tmp_path / "two").read_bytes()
    names = set(zipfile.ZipFile(archive).namelist())
    presets = {"presets/HeyGem ProRes 422 HQ.epr", "presets/HeyGem WAV 48 kHz.epr"}
    assert {manifest, "shared/connection.js", "shared/host.schema.json", "shared/messages.json", *presets} <= names
    assert "config.json" not in names


def test_the_packed_uxp_panel_finds_its_core_where_it_was_packed(tmp_path):
    """In the repository the core lies one folder up; a packed panel that looked there would load nothing."""
    zipfile.ZipFile(packing.pack("ccx", tmp_path)).extractall(tmp_path / "panel")
    code = """
const path = require("path");
const { makeEditor } = require(path.join(process.argv[1], "editor.js"));
const presetFolder = async () => path.join(process.argv[1], "presets");
const list = (folder) => require("fs").promises.readdir(folder).catch(() => []);
const editor = makeEditor({}, { platform: "darwin", version: "26.1", presetFolder, list });
editor.presets("sound").then((found) => console.log(typeof editor.place, path.basename(found[0])));
"""
    ran = run_node("-e", code, str(tmp_path / "panel"))
    assert ran.stdout.strip() == "function HeyGem WAV 48 kHz.epr", ran.stderr


def test_the_wheel_carries_every_file_of_the_panels():
    """What package-data leaves out would be missing after `pip install`."""
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    matched = {path for pattern in settings["package-data"]["*"] for path in sources.PLUGINS.glob(pattern)}
    left_out = {path for path in matched if any(path.match(pattern) for pattern in settings["exclude-package-data"]["*"])}
    needed = [path for folder in ("premiere_cep", "premiere_uxp", "shared", "davinci_resolve", "blender", "host_client", "protocol")
              for path in (sources.PLUGINS / folder).rglob("*") if path.is_file() and path.suffix not in (".pyc",)]  # fmt: skip
    assert [path for path in needed if path not in matched - left_out] == []
