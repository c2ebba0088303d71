"""Several machines: the executor `ray`. Its own slots stay those of `local`; beside them it hands segments and generation blocks to nodes.

    server ── JSON lines ──► bridge (the only process here that imports Ray) ── Ray ──► one actor per slot ──► today's worker process

Whatever goes wrong on the way is an attempt that ended: Ray repeats nothing, the queue's attempt tokens decide.
"""
