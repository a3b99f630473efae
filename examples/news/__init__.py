"""OduNews: a news site with everything that news sites carry, and consentkit in front of it."""
