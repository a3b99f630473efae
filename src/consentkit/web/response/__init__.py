"""One response of the app: its kind, its headers, its body, and what is put into a page."""
