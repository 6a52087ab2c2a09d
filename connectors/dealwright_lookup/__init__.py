"""Asks other systems for facts over HTTP, and simulates one that is asked."""

from __future__ import annotations

from collections.abc import Mapping

from dealwright.clock import Clock
from dealwright_lookup.connector import LookupConnector
from dealwright_lookup.settings import LookupSettings, System, from_table

__all__ = ["LookupConnector", "LookupSettings", "System", "connector", "from_table"]


def connector(table: Mapping[str, object], *, environ: Mapping[str, str], clock: Clock) -> LookupConnector:
    """Return the connector that a target file's `lookup` table describes."""
    return LookupConnector(from_table(table, environ=environ), clock)
