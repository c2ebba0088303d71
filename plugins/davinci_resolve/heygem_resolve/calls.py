"""What the server can ask of Resolve: each method of the protocol and the function that does it."""

from __future__ import annotations

import os

from heygem_host import rpc_dispatch

from .editor import Editor
from .exports import clip_export
from .takes import placement, take_switch
from .timeline import markers, selection

DISPATCHER: rpc_dispatch.Dispatcher[Editor] = rpc_dispatch.Dispatcher(
    "Resolve",
    {
        "host.selection": lambda editor, params: selection.read_selection(editor),
        "host.export": clip_export.export,
        "host.place": placement.place,
        "host.switchTake": take_switch.switch,
        "host.reveal": markers.reveal,
        "host.markers": markers.mark,
    },
    rpc_dispatch.load_schema(os.path.dirname(os.path.abspath(__file__))),
)
