"""HeyGem Bridge in Blender's video sequencer.

`heygem install blender` puts this folder among the add-ons of each Blender, with `library` in it. Written so that the Python of an old
Blender can read it and say what is missing. Blender reads `bl_info` without running this file.
"""

import os
import sys

bl_info = {
    "name": "HeyGem Bridge",
    "description": "Makes people in existing footage say new speech: takes lie above their strips",
    "author": "HeyGem Bridge",
    "version": (1, 0, 0),
    "blender": (3, 4, 0),
    "location": "Video Sequencer > Sidebar > HeyGem",
    "category": "Sequencer",
}

PYTHON_NEEDED = (3, 11)
LIBRARY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "library")


def register():
    if sys.version_info < PYTHON_NEEDED:
        have = ".".join(str(part) for part in sys.version_info[:2])
        need = ".".join(str(part) for part in PYTHON_NEEDED)
        # Raised, so that Blender shows it beside the box that was ticked.
        raise RuntimeError("HeyGem Bridge needs Python " + need + " and this Blender has " + have + ": use Blender 4.1 or later.")
    if LIBRARY not in sys.path:
        sys.path.insert(0, LIBRARY)
    _forget_older()
    from heygem_blender import running

    running.register(LIBRARY)


def unregister():
    from heygem_blender import running

    running.unregister()


def _forget_older():
    """Blender keeps its interpreter: a newer version must not meet the older one's modules."""
    for name in [name for name in sys.modules if name.split(".")[0] in ("heygem_blender", "heygem_host")]:
        del sys.modules[name]
