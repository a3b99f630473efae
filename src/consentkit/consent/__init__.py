"""The visitor's decision, its cookie, and what holds now. Reads no clock: `now` is passed in."""
