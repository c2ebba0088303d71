"""The lock files fit pyproject.toml, on each platform and with each Python that is supported."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).resolve().parents[2]
LOCK, DEMO_LOCK = REPOSITORY / "requirements.lock", REPOSITORY / "requirements-demo.lock"
REFRESH = "run `make lock`"

PLATFORMS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64", "os_name": "posix"},
    "macos": {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64", "os_name": "posix"},
    "windows": {"sys_platform": "win32", "platform_system": "Windows", "platform_machine": "AMD64", "os_name": "nt"},
}


def _project() -> dict[str, Any]:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))


def _entries(lock: Path) -> list[str]:
    """One line for each locked package: its requirement, then its hashes."""
    joined = lock.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in joined.splitlines() if line and not line.lstrip().startswith("#")]


def _locked(lock: Path, environment: dict[str, str]) -> dict[str, str]:
    """Name → version of all that is installed there; a package that is locked twice there fails."""
    found: dict[str, str] = {}
    for entry in _entries(lock):
        requirement = Requirement(entry.split("--hash=")[0].strip())
        if requirement.marker is None or requirement.marker.evaluate(environment):
            name = canonicalize_name(requirement.name)
            assert name not in found, f"{name} is locked twice for one machine"
            found[name] = str(requirement.specifier).removeprefix("==")
    return found


def _environment(python: str, platform: str) -> dict[str, str]:
    of_python = {"python_version": python, "python_full_version": f"{python}.5", "implementation_name": "cpython"}
    return {**default_environment(), **of_python, "platform_python_implementation": "CPython", **PLATFORMS[platform]}


def _asked(requirements: list[str], environment: dict[str, str]) -> list[Requirement]:
    found = [Requirement(text) for text in requirements]
    return [one for one in found if one.marker is None or one.marker.evaluate(environment)]


@pytest.mark.parametrize("python", ["3.11", "3.12"])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_dependency_is_locked_within_its_range_on_every_platform(python: str, platform: str) -> None:
    environment = _environment(python, platform)
    project = _project()
    extras = [text for extra in project["project"]["optional-dependencies"].values() for text in extra]
    for lock, requirements in (
        (LOCK, project["project"]["dependencies"] + extras),
        (DEMO_LOCK, project["dependency-groups"]["demo"]),
    ):
        locked = _locked(lock, environment)
        for asked in _asked(requirements, environment):
            if asked.name in ("torch", "ray"):  # Ray is 70 MB that only farms need: nothing that is installed by default brings it
                continue
            version = locked.get(canonicalize_name(asked.name))
            assert version is not None, f"{asked.name} is missing in {lock.name}: {REFRESH}"
            assert asked.specifier.contains(version, prereleases=True), f"{lock.name} has {asked.name} {version}, not {asked}: {REFRESH}"


@pytest.mark.parametrize("lock", [LOCK, DEMO_LOCK], ids=lambda lock: lock.name)
def test_every_locked_package_has_one_version_and_hashes_and_names_no_registry(lock: Path) -> None:
    for entry in _entries(lock):
        assert re.match(r"[\w.-]+==[\w.]+ ", entry), entry
        assert "--hash=sha256:" in entry, entry
    assert not re.search(r"://|--index|--extra-index|--find-links", lock.read_text(encoding="utf-8"))


def test_torch_and_what_it_alone_needs_are_left_out_of_the_lock() -> None:
    """Its published wheels pin gigabytes; `make setup` installs it by itself, before all else."""
    names = {canonicalize_name(Requirement(entry.split("--hash=")[0].strip()).name) for entry in _entries(LOCK)}
    assert not [name for name in names if name in {"torch", "triton", "sympy"} or name.startswith(("nvidia-", "cuda-"))]


@pytest.mark.parametrize("folder", ["web-tools", "tests/plugins"])
def test_npm_lock_files_have_hashes_and_name_no_registry(folder: str) -> None:
    """npm writes registries down unless it is told `--omit-lockfile-registry-resolved`."""
    packages = json.loads((REPOSITORY / folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for name, package in packages.items():
        assert "resolved" not in package, name
        assert name == "" or "integrity" in package, name
