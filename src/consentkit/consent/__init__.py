"""The visitor's decision, its cookie, and what holds now. Reads no clock: `now` is passed in.

`consent.decision` is what a visitor decided, `consent.cookies` how the browser keeps it, `consent.consent`
what holds for a visitor now and `resolve`, `consent.choice` how a choice becomes the next decision, and
`consent.notice` what was shown.
"""
