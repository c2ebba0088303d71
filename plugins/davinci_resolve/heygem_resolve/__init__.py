"""The DaVinci Resolve side of HeyGem Bridge: reads what is selected, places finished takes, and shows how far they are.

Runs in Resolve's own Python with nothing but the standard library, `heygem_host` (what all editors share) and `websockets`, which lie
beside this package. One thread owns Resolve's API and the window (`running`). Knows nothing of the server's code.
"""
