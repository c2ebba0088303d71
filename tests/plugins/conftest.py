"""The Resolve panel's packages are imported the way Resolve's Python does: from folders of their own on the path."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.node import needs_node

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
sys.path[:0] = [str(PLUGINS / "davinci_resolve"), str(PLUGINS / "host_client")]


@pytest.fixture(scope="session")
def films(tmp_path_factory) -> Path:
    """Clips, takes and speech for the fake Premieres; made once, changed by nobody."""
    from tests.plugins.premiere_scenes import make_files

    needs_node()
    return make_files(tmp_path_factory.mktemp("films"))


@pytest.fixture(params=["cep", "uxp"])
def scene(request, films) -> Iterator[Callable[..., Any]]:
    """Makes scenes in one fake Premiere, then in the other: what both panels promise is tested on both."""
    from tests.plugins.premiere_scenes import SCENES

    scenes = []

    def make(*arguments: Any, **options: Any) -> Any:
        scenes.append(SCENES[request.param](films, *arguments, **options))
        return scenes[-1]

    make.panel = request.param
    yield make
    for one in scenes:
        one.fake.close()
