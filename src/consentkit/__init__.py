"""Cookie consent and privacy middleware for ASGI applications."""
