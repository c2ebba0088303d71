"""What is in the tree is in the wheel: nobody lists packages by hand, so nobody can forget one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import msgspec
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
ROOTS = {"heygem_core": "heygem_core", "server": "heygem_server", "plugins": "heygem_plugins"}
"""Folder in the tree → package in the wheel."""

ADDED = (
    "heygem_core/new_room/__init__.py",
    "heygem_core/new_room/deeper/__init__.py",
    "heygem_core/new_room/deeper/module.py",
    "heygem_core/new_room/deeper/table.npy",
    "server/new_room/__init__.py",
    "server/new_room/catalogue.json",
    "server/web/vendor/library.js",
    "server/web/new/deeper/view.js",
    "plugins/new_editor/script.py",
    "plugins/new_editor/panel/index.html",
    "plugins/new_editor/panel/pictures/icon.png",
)
LEFT_OUT = (
    "server/node_modules/package/index.js",
    "plugins/new_editor/node_modules/index.js",
    "server/web/film.mp4.part",
    "server/old.pyc",
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with packages and data that it does not have today."""
    copy = tmp_path_factory.mktemp("tree")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, copy)
    for folder in ROOTS:
        shutil.copytree(REPOSITORY / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    for name in (*ADDED, *LEFT_OUT):
        path = copy / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    return copy


def _build(kind: str, tree: Path, target: Path) -> Path:
    """The wheel (`build_wheel`) or the editable wheel (`build_editable`) that pip would be handed."""
    call = f"from setuptools import build_meta; print(build_meta.{kind}({str(target)!r}))"
    made = subprocess.run([sys.executable, "-c", call], cwd=tree, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return target / made.stdout.split()[-1]


def _files(tree: Path) -> set[str]:
    """All files of the three packages, by their path in the wheel."""
    return {
        "/".join([package, *path.relative_to(tree / folder).parts])
        for folder, package in ROOTS.items()
        for path in (tree / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.relative_to(tree).as_posix() not in LEFT_OUT
    }


def test_a_wheel_holds_every_file_of_the_three_packages_and_nothing_else(tree: Path, tmp_path: Path) -> None:
    expected = _files(tree)
    assert {"heygem_core/new_room/deeper/table.npy", "heygem_server/web/vendor/library.js"} <= expected
    with ZipFile(_build("build_wheel", tree, tmp_path)) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == expected


def test_an_editable_install_sees_packages_that_were_added_after_it(tree: Path, tmp_path: Path) -> None:
    with ZipFile(_build("build_editable", tree, tmp_path)) as wheel:
        wheel.extractall(tmp_path / "site")
    for folder in ROOTS:
        (tree / folder / "added_later" / "deeper").mkdir(parents=True)
        (tree / folder / "added_later" / "__init__.py").write_text("")
        (tree / folder / "added_later" / "deeper" / "__init__.py").write_text("")
    imports = "; ".join(f"import {package}.added_later.deeper" for package in ROOTS.values())
    needed = Path(msgspec.__file__).parents[1]  # what the packages import; a plain path, so that no .pth file there is followed
    call = f"import site, sys; site.addsitedir({str(tmp_path / 'site')!r}); sys.path.append({str(needed)!r}); {imports}"
    seen = subprocess.run([sys.executable, "-I", "-S", "-c", call], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert seen.returncode == 0, seen.stderr
