"""The auditor's pages: a read-only web application, protected by a token or the site's own guard."""

from consentkit.dashboard.app import Dashboard

__all__ = ["Dashboard"]
