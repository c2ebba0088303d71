"""What the server can ask of Resolve: each method of the protocol and the function that does it."""

from __future__ import annotations

import os

from . import answering, exporting, marking, placing, selecting, switching
from .editor import Editor

DISPATCHER: answering.Dispatcher[Editor] = answering.Dispatcher(
    "Resolve",
    {
        "host.selection": lambda editor, params: selecting.selection(editor),
        "host.export": exporting.export,
        "host.place": placing.place,
        "host.switchTake": switching.switch,
        "host.reveal": marking.reveal,
        "host.markers": marking.mark,
    },
    answering.load_schema(os.path.dirname(os.path.abspath(__file__))),
)
