"""Meta's Conversions API: what became of a lead, told to the advertising that brought it; and a local server of it.

It sends the events of a CRM (`action_source` is `system_generated`) to one dataset of an account. What it lacks of a
complete connector: several datasets for one account, events of a website (browser, IP address, `fbc`, `fbp`), options
of data processing (`LDU`), `appsecret_proof`, events of messaging apps, offline stores, uploads of audiences, and
leads read from Meta's forms.
"""

from __future__ import annotations

from collections.abc import Mapping

from dealwright.clock import Clock
from dealwright_meta.connector import MetaConnector, PacedMetaConnector
from dealwright_meta.settings import MetaSettings, from_table

__all__ = ["MetaConnector", "MetaSettings", "PacedMetaConnector", "connector", "from_table"]


def connector(table: Mapping[str, object], *, environ: Mapping[str, str], clock: Clock) -> MetaConnector:
    """Return the connector that a target file's `meta` table describes."""
    settings = from_table(table, environ=environ)
    if settings.pace is not None:
        return PacedMetaConnector(settings, clock, settings.pace)
    return MetaConnector(settings, clock)
