"""Files of Hugging Face, through its own library: its cache is looked into first, then it downloads at a pinned revision.

It obeys HF_ENDPOINT (a mirror), HF_HUB_OFFLINE, HF_HOME and the user's token. It checks the size of what it downloads, not the hash, so
whoever calls this hashes the file.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from ..errors import FetchFailed, HeygemError, MissingPackage
from ..storage.os_errors import cannot_write, kind_of
from .catalogue import ModelFile
from .download import Bytes

INSTALL = "pip install huggingface-hub"


def cached(file: ModelFile) -> Path | None:
    """The file in the cache of Hugging Face's own programs, if it is there. Nothing is asked of the network."""
    parts = file.hub_parts
    if parts is None:
        return None
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        return None
    repository, revision, path = parts
    try:
        found = try_to_load_from_cache(repository, path, revision=revision)
    except (OSError, ValueError):
        return None
    return Path(found) if isinstance(found, str) and os.path.isfile(found) else None


def fetch(file: ModelFile, folder: Path, tell: Bytes) -> Path:
    """The file, downloaded into `folder`; what a broken connection leaves there is taken up by the next try.

    Raises: MissingPackage. FetchFailed — offline, no connection, or the repository has it not. OutputError — the disk is full.
    """
    try:
        from huggingface_hub import constants, errors, hf_hub_download
    except ImportError as error:
        raise MissingPackage("weights.needs-hub", file=file.name, install=INSTALL) from error
    parts = file.hub_parts
    assert parts is not None
    repository, revision, path = parts
    endpoint = os.environ.get("HF_ENDPOINT") or None
    host = endpoint or "https://huggingface.co"
    try:
        return Path(
            hf_hub_download(repository, path, revision=revision, local_dir=folder, endpoint=endpoint, tqdm_class=_told_by(tell, file.size))
        )
    except HeygemError:
        raise
    except errors.OfflineModeIsEnabled as error:
        raise FetchFailed("weights.hub-offline", file=file.name) from error
    except (errors.HfHubHTTPError, errors.LocalEntryNotFoundError) as error:
        if constants.HF_HUB_OFFLINE:
            raise FetchFailed("weights.hub-offline", file=file.name) from error
        status = _status_of(error)
        if isinstance(error, errors.GatedRepoError) or status == 403:
            raise FetchFailed("weights.hub-gated", file=file.name, repository=repository) from error
        if status in (401, 404):  # the hub answers 401 where it does not say whether a repository exists
            raise FetchFailed("weights.hub-not-there", file=file.name, repository=repository, host=host) from error
        why = f"HTTP {status}" if status is not None else _first_words(error.__cause__ or error)
        raise FetchFailed("weights.broke-off", file=file.name, host=host, why=why) from error
    except OSError as error:
        if kind_of(error) is not None:
            raise cannot_write(folder / file.name, error) from error
        raise FetchFailed("weights.broke-off", file=file.name, host=host, why=_first_words(error)) from error
    except Exception as error:  # of its HTTP library, which changes, and of its checks
        raise FetchFailed("weights.broke-off", file=file.name, host=host, why=_first_words(error)) from error


def _status_of(error: BaseException | None) -> int | None:
    """What the server answered, where an error came of an answer."""
    while error is not None:
        response = getattr(error, "response", None)
        if response is not None:
            return int(response.status_code)
        error = error.__cause__ or error.__context__
    return None


def _first_words(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


def _told_by(tell: Bytes, size: int | None) -> Any:
    """A progress bar, as the library wants one, that draws nothing and tells `tell`."""
    from huggingface_hub import utils

    class Told(utils.tqdm):  # type: ignore[name-defined,misc]
        def __init__(self, *arguments: Any, **named: Any) -> None:
            self.came = int(named.get("initial") or 0)  # counted here: where the user turned bars off, the library counts nothing
            super().__init__(*arguments, **{**named, "file": io.StringIO()})

        def update(self, n: float | None = 1) -> bool | None:
            self.came += int(n or 0)
            tell(done=self.came, total=size)
            shown: bool | None = super().update(n)
            return shown

    return Told
