"""``consentkit log``: commands for auditors, who read a consent log, and for its operator."""
