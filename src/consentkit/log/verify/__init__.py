"""Verifying a log: leaves against tree, entries against leaves, counts against entries, head against key."""
