"""The auditor's web app: read-only, mounted by the site behind its own guard or a token."""

from consentkit.dashboard.app import Dashboard

__all__ = ["Dashboard"]
