"""HTTP without a server: resolves requests, gates responses, and answers the package's own endpoints.

Nothing here awaits, reads a clock or a log, or knows ASGI or WSGI. A shell such as `consentkit.asgi` passes
in requests and bytes and performs effects. The caches (`Resolver`, `PageCache`, the gate's memory) are not
thread-safe: a shell with several threads needs a lock around them.

    facts, place, now ─► resolve() ─► Exchange ─► GatedResponse ─► Pass, Stamped, Dropped or PageResponse
                                         └──────► endpoints.answer() ─► effects … ─► Answer
"""
