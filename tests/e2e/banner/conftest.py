"""The policy and the consents of the banner's own tests."""

from __future__ import annotations

from banner.conftest import decide as decide
from banner.conftest import make_consent as make_consent
from banner.conftest import make_policy as make_policy
