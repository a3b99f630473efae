"""Handling of the app's responses: kind, headers, body, and insertions into pages."""
