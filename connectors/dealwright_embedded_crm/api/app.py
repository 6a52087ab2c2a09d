"""The typed JSON API of the embedded CRM: `/api/crm/v1`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from dealwright.clock import Clock
from dealwright.errors import ConnectorError
from dealwright.ports import Asgi
from dealwright_embedded_crm.api import (
    companies,
    contacts,
    conversations,
    deals,
    events,
    many_deals,
    own_fields,
    pipelines,
    records,
    talk,
    tasks,
    users,
    webhooks,
)
from dealwright_embedded_crm.api.accounts import Accounts, CrmSource
from dealwright_embedded_crm.api.document import document
from dealwright_embedded_crm.api.front import Front
from dealwright_embedded_crm.api.problems import Problem, of_domain, of_validation

ROUTERS: Final[tuple[APIRouter, ...]] = (
    many_deals.router,
    deals.router,
    contacts.router,
    companies.router,
    records.router,
    conversations.router,
    tasks.router,
    talk.router,
    pipelines.router,
    own_fields.router,
    users.router,
    events.router,
    webhooks.router,
)

_UNTOLD: Final[Any] = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False}
"""FastAPI's own telemetry would hand request values to whatever exporter the process has."""


def create_app(crms: Mapping[str, CrmSource], *, clock: Clock) -> Asgi:
    """Return the API over the CRMs of these accounts; which one a request means is said by its token."""
    return Front(routes(), described(), Accounts(crms), clock)


@cache
def described() -> bytes:
    """Return the OpenAPI document, which is the same for every application."""
    return document(routes())


@cache
def routes() -> FastAPI:
    """Return the routes alone; they hold nothing of an account, and are made once (it takes a second)."""
    app = FastAPI(
        title="Dealwright CRM",
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        telemetry=_UNTOLD,
    )
    for router in ROUTERS:
        app.include_router(router)
    app.add_exception_handler(Problem, _answer_problem)
    app.add_exception_handler(ConnectorError, _answer_domain)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(HTTPException, _answer_http)
    return app


async def _answer_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


async def _answer_domain(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ConnectorError)
    return of_domain(error).response()


async def _answer_validation(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return of_validation(error).response()


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        # All methods of the address: the framework names those of the first route that it saw.
        allow = ", ".join(sorted(_methods(request)))
        message = f"this address takes {allow}"
        return Problem(405, "method_not_allowed", message, headers={"Allow": allow}).response()
    if error.status_code == 404:
        return Problem(404, "not_found", "there is no such address").response()
    return Problem(error.status_code, "malformed", "the request could not be read").response()


def _methods(request: Request) -> set[str]:
    found: set[str] = set()
    for router in ROUTERS:
        for route in router.routes:
            if route.matches(request.scope)[0] is not Match.NONE:
                found |= getattr(route, "methods", None) or set()
    return found
