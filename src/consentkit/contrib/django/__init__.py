"""For Django: ``"consentkit.contrib.django"`` in ``INSTALLED_APPS`` says what keeps consent from working."""
