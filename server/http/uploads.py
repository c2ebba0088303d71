"""Files that somebody sent: received in pieces into a `.part`, counted, hashed, and given a name of our own.

Each lies in its own folder `uploads/<id>/`: the media, and upload.json with what the sender called it. Letters and digits of the
sender's name are kept, so that messages about the file are understood; the rest of it is only ever shown.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from heygem_core.errors import SpecError
from heygem_core.printable import printable_name
from heygem_core.shot import from_json, to_json
from heygem_core.storage.os_errors import why

from ..errors import BadRequest, DiskFull, NotFound, TooLarge
from ..security.paths import is_device
from ..wire import UploadView

_ID = re.compile(r"[0-9a-f]{32}")
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")


class Uploads:
    """All uploads of one data folder; the folder is the only list there is."""

    def __init__(self, folder: Path, *, largest_bytes: int, disk_floor_bytes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._largest, self._floor = folder, largest_bytes, disk_floor_bytes
        for left_over in folder.glob("*/*.part"):  # of a server that was killed meanwhile
            shutil.rmtree(left_over.parent, ignore_errors=True)

    async def receive(self, name: str, pieces: AsyncIterator[bytes], announced_bytes: int | None) -> UploadView:
        """Raises: TooLarge, DiskFull — the disk is full or broken. Nothing is left behind then."""
        self._check_size(announced_bytes or 0)
        home = self._folder / secrets.token_hex(16)
        try:
            home.mkdir(mode=0o700)
            return await self._receive(home, name, pieces)
        except BaseException as error:
            await asyncio.to_thread(shutil.rmtree, home, ignore_errors=True)
            if isinstance(error, OSError) and not isinstance(error, ConnectionError):
                raise DiskFull("upload.not-kept", why=why(error, self._folder)) from error
            raise

    async def _receive(self, home: Path, name: str, pieces: AsyncIterator[bytes]) -> UploadView:
        part, size, digest = home / "media.part", 0, hashlib.sha256()
        with part.open("xb") as file:
            async for piece in pieces:
                size += len(piece)
                self._check_size(size)
                await asyncio.to_thread(_keep, file, digest, piece)
            await asyncio.to_thread(os.fsync, file.fileno())
        if size == 0:
            raise BadRequest("upload.empty")
        shown = _shown(name)
        os.replace(part, home / f"{_stem(shown)}{_suffix(shown)}")
        view = UploadView(id=home.name, name=shown, size_bytes=size, sha256=digest.hexdigest(), created=time.time())
        (home / "upload.json.part").write_bytes(to_json(view))
        os.replace(home / "upload.json.part", home / "upload.json")
        return view

    def _check_size(self, size: int) -> None:
        if size > self._largest:
            raise TooLarge("upload.too-large", most_gib=f"{self._largest / (1 << 30):.3g}")
        if shutil.disk_usage(self._folder).free < self._floor:
            raise DiskFull("upload.disk-full")

    def path(self, upload: str) -> Path:
        """Where its media lies. Raises: NotFound."""
        home = self._home(upload)
        found: list[Path] = []
        with suppress(OSError):  # deleted in this moment
            found = [each for each in home.iterdir() if each.name != "upload.json"] if (home / "upload.json").is_file() else []
        if len(found) != 1:
            raise NotFound("upload.gone")
        return found[0]

    def view(self, upload: str) -> UploadView:
        """Raises: NotFound."""
        try:
            return from_json((self._home(upload) / "upload.json").read_bytes(), UploadView)
        except (OSError, SpecError):
            raise NotFound("upload.gone") from None

    def all(self) -> list[UploadView]:
        """Newest first."""
        views = []
        for home in self._folder.iterdir():
            with suppress(NotFound):
                views.append(self.view(home.name))
        return sorted(views, key=lambda view: view.created, reverse=True)

    def delete(self, upload: str) -> UploadView:
        """Raises: NotFound."""
        view = self.view(upload)
        shutil.rmtree(self._home(upload), ignore_errors=True)
        return view

    def _home(self, upload: str) -> Path:
        if not _ID.fullmatch(upload):  # also keeps ".." out
            raise NotFound("upload.gone")
        return self._folder / upload


def _keep(file, digest, piece: bytes) -> None:  # type: ignore[no-untyped-def]
    file.write(piece)
    digest.update(piece)


def _shown(name: str) -> str:
    """The last part of the sender's name, at most 200 characters."""
    return printable_name(re.split(r"[/\\]", name)[-1])[-200:].strip() or "upload"


def _suffix(name: str) -> str:
    suffix = os.path.splitext(name)[1]
    return suffix.lower() if _SUFFIX.fullmatch(suffix) and suffix.lower() != ".part" else ".bin"


def _stem(name: str) -> str:
    """Letters, digits, spaces, - and _ of a name, at most sixty; "media" where nothing is left or Windows has a device of that name."""
    kept = "".join(letter for letter in os.path.splitext(name)[0] if letter.isalnum() or letter in " -_").strip()[:60].strip()
    return "media" if not kept or is_device(kept) or kept == "upload" else kept
