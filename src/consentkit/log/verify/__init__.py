"""Verification of a log: leaves against tree, entries against leaves, counts, signature of the head."""
