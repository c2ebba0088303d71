"""What `heygem install` puts where, on each system. Nothing but the parts listed here is touched."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from xml.sax.saxutils import escape

from heygem_core.errors import SetupError
from heygem_core.messages import language_here

from . import programs, sources, uxp
from .machine import Machine
from .parts import Commands, DebugMode, Emptied, File, Folder, Part, Rest, RunValue

CEP_ID = "com.heygem.bridge"
CSXS_VERSIONS = (11, 12, 13)  # Premiere 24 has 11, 25 and 26 have 12
NAME = "HeyGem Bridge"


def config(machine: Machine) -> bytes:
    """Where the panels find the server and how they start it."""
    said = {
        "command": list(machine.command),
        "data_folder": str(machine.data_folder),
        "server_file": str(machine.data_folder / "server.json"),
    }
    return (json.dumps(said, indent=2) + "\n").encode("utf-8")


def premiere(machine: Machine) -> list[Part]:
    extensions = cep_extensions(machine)
    files = {**sources.cep_panel(), "config.json": config(machine)}
    modes = [DebugMode(version=each) for each in CSXS_VERSIONS]
    return [Folder(path=extensions / CEP_ID, files=files), _pointer(machine), *modes, *_uxp(machine), _remembered_id(machine, "premiere")]


def _uxp(machine: Machine) -> list[Part]:
    """The panel for Premiere's newer platform, where a Premiere that has it and Adobe's installer of plug-ins are here."""
    agent = uxp.installer_agent(machine)
    versions = [one.version or "0" for one in programs.premiere(machine)]
    new = any(int(version.split(".")[0]) >= uxp.OLDEST_PREMIERE for version in versions)
    return [uxp.Plugin(agent=agent)] if agent is not None and new else []


def _remembered_id(machine: Machine, editor: str) -> Part:
    return Rest(path=machine.data_folder / f"panel-{editor}.id")


def cep_extensions(machine: Machine) -> Path:
    if machine.system == "windows":
        return machine.app_data / "Adobe" / "CEP" / "extensions"
    if machine.system == "macos":
        return machine.home / "Library" / "Application Support" / "Adobe" / "CEP" / "extensions"
    raise SetupError("install.no-premiere-on-linux")


def _pointer(machine: Machine) -> File:
    """For panels that came as a package and know only the platform's usual folder for data."""
    return File(path=machine.data_folder / "install.json", content=config(machine))


def resolve(machine: Machine) -> list[Part]:
    """The library lies beside Scripts, not within: Resolve lists every .py below Scripts in its menu."""
    fusion = resolve_fusion(machine)
    library = fusion / NAME
    files = {**sources.resolve_library(), "config.json": config(machine)}
    script = File(path=fusion / "Scripts" / "Utility" / f"{NAME}.py", content=sources.resolve_script(library))
    exchange = machine.data_folder / "resolve"
    by_files = sources.resolve_files_script(exchange, machine.command, language_here(machine.environment))
    files_script = File(path=fusion / "Scripts" / "Utility" / "HeyGem Files.lua", content=by_files)
    rests = [Rest(path=machine.data_folder / f"panel-resolve.{suffix}") for suffix in ("json", "lock")]
    return [Folder(path=library, files=files), script, files_script, Emptied(path=exchange), _remembered_id(machine, "resolve"), *rests]


def resolve_fusion(machine: Machine) -> Path:
    if machine.system == "windows":
        return machine.app_data / "Blackmagic Design" / "DaVinci Resolve" / "Support" / "Fusion"
    if machine.system == "macos":
        return machine.home / "Library" / "Application Support" / "Blackmagic Design" / "DaVinci Resolve" / "Fusion"
    return Path(machine.environment.get("XDG_DATA_HOME") or machine.home / ".local" / "share") / "DaVinciResolve" / "Fusion"


def service(machine: Machine) -> list[Part]:
    command = [*machine.command, "serve"]
    if machine.system == "windows":
        return [_pointer(machine), RunValue(name=NAME, command=subprocess.list2cmdline([_windowless(command[0]), *command[1:]]))]
    if machine.system == "macos":
        return [_pointer(machine), *_launchd(machine, command)]
    return [_pointer(machine), *_systemd(machine, command)]


def _windowless(program: str) -> str:
    """python.exe opens a console at each login, pythonw.exe beside it does not."""
    path = Path(program)
    other = path.with_name("pythonw.exe")
    return str(other) if path.name.lower() == "python.exe" and other.exists() else program


def _systemd(machine: Machine, command: list[str]) -> list[Part]:
    unit = "heygem.service"
    words = " ".join('"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"' for word in command)
    text = (
        "[Unit]\nDescription=HeyGem Bridge render server\n\n"
        f"[Service]\nExecStart={words}\nRestart=on-failure\nRestartSec=5\n\n"
        "[Install]\nWantedBy=default.target\n"
    )
    folder = Path(machine.environment.get("XDG_CONFIG_HOME") or machine.home / ".config") / "systemd" / "user"
    control = ("systemctl", "--user")
    manager = Commands(
        what=f"{unit} starts at login",
        check=(*control, "is-enabled", "--quiet", unit),
        on=((*control, "daemon-reload"), (*control, "enable", "--now", unit)),
        off=((*control, "disable", "--now", unit),),
    )
    return [File(path=folder / unit, content=text.encode("utf-8")), manager]


def _launchd(machine: Machine, command: list[str]) -> list[Part]:
    label = "com.heygem.bridge"
    path = machine.home / "Library" / "LaunchAgents" / f"{label}.plist"
    words = "".join(f"<string>{escape(word)}</string>" for word in command)
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n'
        f'<plist version="1.0"><dict><key>Label</key><string>{label}</string><key>ProgramArguments</key><array>{words}</array>'
        "<key>RunAtLoad</key><true/><key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict></dict></plist>\n"
    )
    manager = Commands(
        what=f"{label} starts at login",
        check=("launchctl", "list", label),
        on=(("launchctl", "unload", str(path)), ("launchctl", "load", "-w", str(path))),
        off=(("launchctl", "unload", "-w", str(path)),),
    )
    return [File(path=path, content=text.encode("utf-8")), manager]
