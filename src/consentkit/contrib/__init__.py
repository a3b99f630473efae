"""Thin adapters for frameworks: what each of them needs besides the middleware."""
