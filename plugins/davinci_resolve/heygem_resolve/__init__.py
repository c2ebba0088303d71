"""The DaVinci Resolve side of HeyGem Bridge: reads what is selected, places finished takes, and shows how far they are.

Runs in Resolve's own Python with nothing but the standard library and the `websockets` that lies beside this package. One thread
owns Resolve's API and the window (`running`); the thread of the socket (`link`) only queues. Knows nothing of the server's code.
"""
