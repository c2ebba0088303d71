"""What every editor's Python script needs to work with the render server, whichever editor it is.

Standard library and `websockets` alone, Python 3.9 or later: it runs in the editor's own Python, beside the package of that editor
(`heygem_resolve`), and knows nothing of the server's code. The thread of the socket (`connection`) queues what arrives, `http_jobs` asks
the server over HTTP, and `panel` runs in the editor's thread, which alone calls the editor's API through an `EditorSide`.
"""
