"""The HTTP exchange without a server: what holds for a request, and what becomes of it and of its response.

Nothing here awaits, reads a clock or a log, or knows ASGI or WSGI. A shell hands in facts and bytes, and does
what is asked for: see `consentkit.asgi`. What is remembered between requests (`Resolver`, `PageCache`, the
gate's memory) takes one thread at a time, as an event loop has: a shell with several holds a lock around it.

    facts, place, now ─► resolve() ─► Exchange ─► GatedResponse ─► Pass, Stamped, Dropped or PageResponse
                                         └──────► endpoints.answer() ─► effects … ─► Answer
"""
