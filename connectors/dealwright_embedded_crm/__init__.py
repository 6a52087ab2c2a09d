"""The embedded CRM: small, whole, in a database of its own; for the demo, tests and companies without a CRM."""

from __future__ import annotations

from collections.abc import Mapping

from dealwright.clock import Clock
from dealwright.errors import InputError
from dealwright_embedded_crm.connector import EmbeddedCrm
from dealwright_embedded_crm.database import PATIENCE
from dealwright_embedded_crm.people import StageCount, Write

__all__ = ["EmbeddedCrm", "StageCount", "Write", "connector"]


def connector(table: Mapping[str, object], *, environ: Mapping[str, str], clock: Clock) -> EmbeddedCrm:
    """Return the CRM that a target file's table describes: `url` or `url_env`, and `patience`.

    Raises:
        InputError: the table names no database, or something that is no setting.
    """
    unknown = sorted(set(table) - {"url", "url_env", "patience"})
    if unknown:
        raise InputError(f"[embedded_crm] has no setting {unknown[0]!r}; it has url, url_env and patience")
    url = table.get("url")
    variable = table.get("url_env")
    if isinstance(variable, str):
        if variable not in environ:
            raise InputError(f"[embedded_crm] url_env names {variable}, which is not set in the environment")
        url = environ[variable]
    if not isinstance(url, str) or not url:
        raise InputError("[embedded_crm] needs url (such as sqlite:///data/crm.db) or url_env")
    patience = table.get("patience", PATIENCE)
    if isinstance(patience, bool) or not isinstance(patience, int | float) or patience <= 0:
        raise InputError("[embedded_crm] patience is a number of seconds: how long a write waits for another writer")
    return EmbeddedCrm(url, clock, patience=float(patience))
