"""The OpenAPI document: one text, the same on every machine, which `docs/openapi.json` is a copy of."""

from __future__ import annotations

import json
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

MOUNTED_AT: Final = "/api/crm/v1"

_ABOUT: Final = """\
The embedded CRM over HTTP: deals, contacts, tasks, notes, activities, pipelines, users and the change feed.

Every request carries a token (`Authorization: Bearer dwcrm_...`), which says whose CRM is meant. A token of a chat
operator opens nothing. What is wrong comes in one shape, `{"error": {"code", "message", "field"}}`. Unknown fields and
unknown query parameters are refused. Amounts are texts and exact; moments have a zone; ids are texts.
"""


def document(app: FastAPI) -> bytes:
    """Return the document of these routes as JSON."""
    found = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        description=_ABOUT,
        routes=app.routes,
        servers=[{"url": MOUNTED_AT}],
        separate_input_output_schemas=False,
    )
    for path, operations in found["paths"].items():
        for operation in operations.values():
            if "{" not in path:
                operation["responses"].pop("404", None)  # an address without a name in it is always there
            for parameter in operation.get("parameters", ()):
                parameter["schema"] = _without_null(parameter["schema"])
                if parameter["name"] == "fields":
                    parameter.update(style="deepObject", explode=True)
                    parameter["schema"].pop("default", None)
    return json.dumps(found, indent=1, sort_keys=True, ensure_ascii=True).encode() + b"\n"


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter's schema as it is meant: one that is absent is absent, and never null."""
    some = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(some) != 1:
        return schema
    return {**{name: value for name, value in schema.items() if name != "anyOf"}, **some[0]}
