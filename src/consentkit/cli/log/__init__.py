"""``consentkit log``: the commands of auditors, who read a consent log, and of its keeper."""
