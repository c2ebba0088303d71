"""The Blender side of HeyGem Bridge: reads what is selected in the video sequencer, places finished takes, and shows how far they are.

Runs in Blender's own Python with nothing but the standard library, `heygem_host` (what all Python editors share) and `websockets`, which
lie beside this package. Blender's API belongs to its main thread: a timer calls the panel there (`running`). Knows nothing of the
server's code.
"""
