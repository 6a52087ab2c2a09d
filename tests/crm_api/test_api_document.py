"""The OpenAPI document says all there is, and docs/openapi.json is a copy of it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from api_world import World

from dealwright_embedded_crm.api.app import described

DOCS = Path(__file__).parents[2] / "docs"


@cache
def found() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(described())
    return document


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, each) for path, found_there in found()["paths"].items() for method, each in found_there.items()
    ]


def test_the_copy_in_docs_is_not_stale() -> None:
    """When it is: `python -m dealwright_embedded_crm.api > docs/openapi.json`."""
    assert (DOCS / "openapi.json").read_bytes() == described()


def test_the_document_is_served_to_everybody_and_loads_nothing_from_elsewhere(world: World) -> None:
    served = world.client(None)("GET", "/openapi.json")
    assert served.status == 200 and served.json == found()
    assert "http://" not in served.body.decode() and "https://" not in served.body.decode()
    for path in ("/docs", "/redoc"):
        assert world.owner("GET", path).status == 404


def test_every_answer_of_every_operation_is_described() -> None:
    seen = set()
    for method, path, operation in operations():
        assert operation["description"].endswith((".", ")", "\n")) and operation["operationId"] not in seen, path
        seen.add(operation["operationId"])
        assert operation["security"] == [{"token": []}]
        answers = operation["responses"]
        assert {"400", "401", "403", "413", "415", "422", "500", "503"} <= set(answers)
        assert ("404" in answers) == ("{" in path)
        assert sum(status.startswith("2") for status in answers) == 1
        for status, answer in answers.items():
            assert answer["description"]
            if status == "204":
                assert "content" not in answer
            else:
                assert answer["content"]["application/json"]["schema"], (method, path, status)
        if method != "get" and path not in ("/tokens", "/webhooks"):  # they answer a secret
            assert "Idempotency-Key" in {each["name"] for each in operation["parameters"]}, path


def test_what_is_sent_and_what_is_answered_has_examples_and_limits() -> None:
    for name, schema in found()["components"]["schemas"].items():
        assert schema.get("description"), name
    for _method, path, operation in operations():
        for parameter in operation.get("parameters", ()):
            schema = parameter["schema"]
            assert "anyOf" not in schema, (path, parameter["name"])
            if schema["type"] == "string" and parameter["in"] != "path":
                assert {"pattern", "maxLength", "enum", "format"} & set(schema), (path, parameter["name"])
