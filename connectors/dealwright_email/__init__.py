"""E-mail over SMTP: one message to one contact, with what can and cannot be known about its arrival."""

from __future__ import annotations

from collections.abc import Mapping

from dealwright.clock import Clock
from dealwright_email.connector import EmailConnector
from dealwright_email.settings import EmailSettings, from_table

__all__ = ["EmailConnector", "EmailSettings", "connector", "from_table"]


def connector(table: Mapping[str, object], *, environ: Mapping[str, str], clock: Clock) -> EmailConnector:
    """Return the connector that a target file's `email` table describes."""
    return EmailConnector(from_table(table, environ=environ), clock)
