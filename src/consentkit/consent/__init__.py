"""The visitor's decision, its cookie, and the consent that follows. Reads no clock: `now` is passed in.

`consent.decision` is the stored decision, `consent.cookies` its cookie, `consent.consent` resolves the
consent of a request, `consent.choice` turns a choice into the next decision, and `consent.notice` is the text
that was shown.
"""
