"""What the server can ask of Blender: each method of the protocol and the function that does it."""

from __future__ import annotations

import os

from heygem_host import rpc_dispatch

from . import exports
from .takes import placement, switch
from .timeline import markers, selection

DISPATCHER: rpc_dispatch.Dispatcher[None] = rpc_dispatch.Dispatcher(
    "Blender",
    {
        "host.selection": lambda editor, params: selection.read_selection(),
        "host.export": lambda editor, params: exports.export(params),
        "host.place": lambda editor, params: placement.place(params),
        "host.switchTake": lambda editor, params: switch.switch(params),
        "host.reveal": lambda editor, params: markers.reveal(params),
        "host.markers": lambda editor, params: markers.mark(params),
    },
    rpc_dispatch.load_schema(os.path.dirname(os.path.abspath(__file__))),
)
