from __future__ import annotations
import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace
from .events import Broadcaster
from .store import Store
from .workers.look import Look

@asynccontextmanager
async def engine_room(settings):
    store = Store(settings.data_folder / "heygem.sqlite")
    look = Look(threads=1, memory_bytes=settings.memory_limit_bytes, whole_s=settings.look_limit_s, stall_s=settings.stall_limit_s)
    yield SimpleNamespace(store=store, events=Broadcaster(store), look=look)
    store.close()
