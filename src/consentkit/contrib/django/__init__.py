"""A Django app: ``"consentkit.contrib.django"`` in ``INSTALLED_APPS`` reports mistakes of set-up."""
