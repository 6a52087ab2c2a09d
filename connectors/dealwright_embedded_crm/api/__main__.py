"""Prints the OpenAPI document: `python -m dealwright_embedded_crm.api > docs/openapi.json`."""

from __future__ import annotations

import sys

from dealwright_embedded_crm.api.app import described

if __name__ == "__main__":
    sys.stdout.buffer.write(described())
