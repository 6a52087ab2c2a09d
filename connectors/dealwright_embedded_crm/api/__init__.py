"""The typed JSON API of the embedded CRM, an ASGI application: see docs/api.md."""

from __future__ import annotations

from dealwright_embedded_crm.api.app import create_app
from dealwright_embedded_crm.api.document import MOUNTED_AT

__all__ = ["MOUNTED_AT", "create_app"]
