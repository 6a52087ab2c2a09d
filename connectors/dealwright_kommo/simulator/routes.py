"""Which request goes where below `/api/v4/`."""

from __future__ import annotations

from dealwright_http.server import Answer
from dealwright_kommo.simulator import account, chronicle, entities, pipelines, values, work
from dealwright_kommo.simulator.problems import Problem
from dealwright_kommo.simulator.visit import Visit

PREFIX = "/api/v4/"


def route(visit: Visit) -> Answer:
    """Answer a request.

    Raises:
        Problem: there is no such route, or what it asks is refused as a whole.
        Invalid: an item of its batch is refused.
    """
    parts = [int(part) if part.isascii() and part.isdigit() else part for part in _below(visit).split("/")]
    answer = _of_leads(visit, parts) or _of_entities(visit, parts) or _of_the_rest(visit, parts)
    if answer is not None:
        return answer
    if visit.method == "DELETE" and parts[0] in ("leads", "contacts", "companies", "tasks"):
        raise Problem(405, "Method Not Allowed")
    raise _nowhere(visit)


def _below(visit: Visit) -> str:
    if not visit.query.path.startswith(PREFIX):
        raise _nowhere(visit)
    return visit.query.path.removeprefix(PREFIX).rstrip("/")


def _nowhere(visit: Visit) -> Problem:
    return Problem(404, f"Cannot {visit.method} {visit.origin}{visit.query.path}")


def _of_leads(visit: Visit, parts: list[int | str]) -> Answer | None:
    match visit.method, parts:
        case "GET", ["leads", "pipelines"]:
            return pipelines.list_pipelines(visit)
        case "POST", ["leads", "pipelines"]:
            return pipelines.create_pipelines(visit)
        case "GET" | "PATCH" | "DELETE", ["leads", "pipelines", int(id_)]:
            return pipelines.one_pipeline(visit, id_)
        case "GET", ["leads", "pipelines", int(id_), "statuses"]:
            return pipelines.list_statuses(visit, id_)
        case "POST", ["leads", "pipelines", int(id_), "statuses"]:
            return pipelines.create_statuses(visit, id_)
        case "GET" | "PATCH" | "DELETE", ["leads", "pipelines", int(id_), "statuses", int(status)]:
            return pipelines.one_status(visit, id_, status)
        case "GET" | "POST", ["leads", "loss_reasons"]:
            return account.loss_reasons(visit)
        case "GET" | "DELETE", ["leads", "loss_reasons", int(id_)]:
            return account.one_loss_reason(visit, id_)
    return None


def _of_entities(visit: Visit, parts: list[int | str]) -> Answer | None:
    match visit.method, parts:
        case "POST", ["leads", "complex"]:
            return entities.create_together(visit)
        case "GET", ["leads" | "contacts" | "companies" as kind]:
            return entities.list_entities(visit, kind)
        case "POST", ["leads" | "contacts" | "companies" as kind]:
            return entities.create(visit, kind)
        case "PATCH", ["leads" | "contacts" | "companies" as kind]:
            return entities.change(visit, kind, None)
        case "GET", ["leads" | "contacts" | "companies" as kind, int(id_)]:
            return entities.one_entity(visit, kind, id_)
        case "PATCH", ["leads" | "contacts" | "companies" as kind, int(id_)]:
            return entities.change(visit, kind, id_)
        case "GET", ["leads" | "contacts" | "companies" as kind, "notes"]:
            return work.list_notes(visit, kind, None)
        case "POST", ["leads" | "contacts" | "companies" as kind, "notes"]:
            return work.create_notes(visit, kind, None)
        case "GET", ["leads" | "contacts" | "companies" as kind, int(id_), "notes"]:
            return work.list_notes(visit, kind, id_)
        case "POST", ["leads" | "contacts" | "companies" as kind, int(id_), "notes"]:
            return work.create_notes(visit, kind, id_)
        case "GET", ["leads" | "contacts" | "companies" as kind, int(_), "notes", int(note)]:
            return work.one_note(visit, kind, note)
        case "PATCH", ["leads" | "contacts" | "companies" as kind, int(_), "notes", int(note)]:
            return work.change_note(visit, kind, note)
        case "GET" | "POST", ["leads" | "contacts" | "companies" as kind, "tags"]:
            return account.tags(visit, kind)
        case "GET", ["leads" | "contacts" | "companies" as kind, int(id_), "links"]:
            return account.links_of(visit, kind, id_)
        case "POST", ["leads" | "contacts" | "companies" as kind, int(id_), "link" | "unlink" as how]:
            return account.link(visit, kind, id_, undo=how == "unlink")
        case "GET", ["leads" | "contacts" | "companies" as kind, "custom_fields"]:
            return values.list_fields(visit, kind)
        case "POST", ["leads" | "contacts" | "companies" as kind, "custom_fields"]:
            return values.create_fields(visit, kind)
        case "GET" | "DELETE", ["leads" | "contacts" | "companies" as kind, "custom_fields", int(id_)]:
            return values.one_field(visit, kind, id_)
    return None


def _of_the_rest(visit: Visit, parts: list[int | str]) -> Answer | None:
    match visit.method, parts:
        case "GET", ["tasks"]:
            return work.list_tasks(visit)
        case "POST", ["tasks"]:
            return work.create_tasks(visit)
        case "PATCH", ["tasks"]:
            return work.change_tasks(visit, None)
        case "GET", ["tasks", int(id_)]:
            return work.one_task(visit, id_)
        case "PATCH", ["tasks", int(id_)]:
            return work.change_tasks(visit, id_)
        case "GET", ["events"]:
            return chronicle.list_events(visit)
        case "GET", ["events", str(id_)]:
            return chronicle.one_event(visit, id_)
        case "GET", ["account"]:
            return account.account(visit)
        case "GET", ["users"]:
            return account.list_users(visit)
        case "GET", ["users", int(id_)]:
            return account.one_user(visit, id_)
        case "GET" | "POST" | "DELETE", ["webhooks"]:
            return account.hooks(visit)
    return None
