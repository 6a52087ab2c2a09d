"""People at the simulated account of Kommo: what they do in its web pages, told to us by its hooks alone."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import httpx

from dealwright.clock import Clock
from dealwright.errors import DealwrightError
from dealwright.model.crm import Deal, Money, PipelineShape, User
from dealwright_embedded_crm import StageCount
from dealwright_flows.kommo import FIRST_USER
from dealwright_flows.story import Create, Person
from dealwright_kommo import Kommo

MOST: Final = 250
"""What one request writes or reads; of the list of events 100."""

_EVENTS: Final = 100
_HOOKS_PATIENCE: Final = 60.0
_TOLD: Final = {
    "task_added": "tasks",
    "task_completed": "tasks completed",
    "common_note_added": "notes",
    "lead_added": "leads",
    "lead_status_changed": "moved leads",
    "entity_tag_added": "tagged leads",
}
"""What Kommo's own list of events calls what automations can do, and what the summary does."""


class KommoPeople:
    """The company's people, each under a user of the account."""

    def __init__(self, crm: Kommo, pipelines: Sequence[PipelineShape], clock: Clock) -> None:
        self._crm = crm
        self._settings = crm.settings
        self._pipelines = pipelines
        self._clock = clock
        self._http = httpx.AsyncClient(base_url=self._settings.url, timeout=30.0, trust_env=False)
        self._contacts: list[int] = []
        self._companies: dict[str, int] = {}
        self._reasons: dict[str, int] = {}
        self._calls = 0

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def stages(self) -> Collection[tuple[str, str]]:
        """Return those that the target file has ids of; `up` and `demo` refuse to start if the account lacks one."""
        return {(key, stage) for key, pipeline in self._settings.pipelines.items() for stage in pipeline.stages}

    async def employ(self, users: Sequence[str]) -> Sequence[User]:
        """They work there already."""
        working = {user.name: user for user in await self._crm.read_users()}
        return [working[name] for name in users]

    async def meet(self, people: Sequence[Person]) -> None:
        """Contacts make no events that rules could answer."""
        contacts = [
            {
                "first_name": person.first_name,
                "last_name": person.last_name,
                "custom_fields_values": _reached_by(person),
            }
            for person in people
        ]
        for begin in range(0, len(contacts), MOST):
            self._contacts += await self._make("contacts", contacts[begin : begin + MOST], FIRST_USER)
        self._reasons = {each["name"]: each["id"] for each in await self._list("leads/loss_reasons", "loss_reasons")}

    async def reach(self, when: datetime) -> None:
        """Move the account's time."""
        answer = await self._http.post("/_control/now", json={"now": when.timestamp()})
        if answer.status_code != httpx.codes.NO_CONTENT:
            raise DealwrightError(f"the local server of Kommo does not let its time be moved: {answer.status_code}")

    async def heard(self) -> None:
        """Wait until no hook is on its way.

        Raises:
            DealwrightError: hooks stay on their way.
        """
        deadline = self._clock.monotonic() + _HOOKS_PATIENCE
        while (await self._http.get("/_control/state")).json()["outbox"]:
            if self._clock.monotonic() > deadline:
                raise DealwrightError("hooks of the local server of Kommo do not arrive: its log says which are tried")
            await asyncio.sleep(0.005)

    async def create(self, pipeline: str, act: Create) -> str:
        """Its owner makes it, with the company if that is new; no lead of Kommo's is nobody's."""
        owner = FIRST_USER + (act.owner or 0)
        pipeline_id, status_id = self._ids(pipeline, act.stage)
        linked: dict[str, Any] = {"companies": [{"id": await self._company(act.company, owner)}]}
        linked["tags"] = [{"name": tag} for tag in act.tags]
        if act.contact is not None:
            linked["contacts"] = [{"id": self._contacts[act.contact]}]
        lead = {"name": act.title, "pipeline_id": pipeline_id, "status_id": status_id, "responsible_user_id": owner}
        worth = {} if act.amount is None else {"price": act.amount}
        (made,) = await self._make("leads", [lead | worth | {"_embedded": linked}], owner)
        return str(made)

    async def link(self, deal: str, contact: int, role: str | None = None) -> None:
        """Its owner does it; Kommo's contacts have no roles."""
        lead = await self._lead(deal)
        other = {"to_entity_id": self._contacts[contact], "to_entity_type": "contacts"}
        await self._do("POST", f"leads/{deal}/link", [other], by=lead)

    async def unlink(self, deal: str) -> None:
        """Its owner does it."""
        lead = await self._lead(deal)
        if (main := _main_contact(lead)) is not None:
            other = {"to_entity_id": main, "to_entity_type": "contacts"}
            await self._do("POST", f"leads/{deal}/unlink", [other], by=lead)

    async def move(self, deal: str, pipeline: str, stage: str, lost_reason: str | None = None) -> None:
        """Its owner does it."""
        pipeline_id, status_id = self._ids(pipeline, stage)
        reason = {} if lost_reason is None else {"loss_reason_id": self._reasons[lost_reason]}
        await self._change(deal, {"pipeline_id": pipeline_id, "status_id": status_id} | reason)

    async def write_amount(self, deal: str, amount: int) -> None:
        """Its owner does it."""
        await self._change(deal, {"price": amount})

    async def discount(self, deal: str, percent: int, margin: int) -> None:
        """This account has no fields of the company's own: nothing is there to be written."""

    async def call(self, deal: str, outcome: str) -> None:
        """A note of the call, as telephony makes it."""
        lead = await self._lead(deal)
        self._calls += 1
        params = {"uniq": f"call-{self._calls}", "source": "telephone", "phone": "", "call_result": outcome}
        note = {"note_type": "call_out", "params": params | {"duration": 180 if outcome == "reached" else 0}}
        await self._do("POST", f"leads/{deal}/notes", [note], by=lead)

    async def complete(self, deal: str, begins: str) -> None:
        """Its owner does it."""
        lead = await self._lead(deal)
        tasks = await self._list(f"tasks?filter[entity_type]=leads&filter[entity_id]={deal}", "tasks")
        for task in sorted(tasks, key=lambda task: int(task["id"])):
            if not task["is_completed"] and task["text"].startswith(begins):
                await self._do("PATCH", f"tasks/{task['id']}", {"is_completed": True}, by=lead)
                return

    async def hand_over(self, deal: str, owner: int) -> None:
        """Its owner until then does it."""
        await self._change(deal, {"responsible_user_id": FIRST_USER + owner})

    async def correct(self, deal: str, phone: str) -> None:
        """The deal's owner does it."""
        lead = await self._lead(deal)
        if (main := _main_contact(lead)) is not None:
            contact = {"id": main, "custom_fields_values": [_field("PHONE", phone)]}
            await self._do("PATCH", "contacts", [contact], by=lead)

    async def pay_half(self, deal: str) -> None:
        """Kommo has no records: nothing is there to be ticked."""

    async def answer(self, deal: str, *, button: str | None, words: str | None) -> None:
        """Nothing is written to anybody here, so nobody answers."""

    async def deal(self, id_: str) -> Deal:
        """Return it as our connector reads it."""
        found = (await self._crm.read_deals([id_])).get(id_)
        if found is None:
            raise DealwrightError(f"deal {id_} of the story is gone from the CRM")
        return found

    async def deals(self, pipeline: str) -> Sequence[Deal]:
        """Return them as our connector reads them."""
        id_ = self._settings.pipelines[pipeline].id
        ids = [str(lead["id"]) for lead in await self._list("leads", "leads") if lead["pipeline_id"] == id_]
        return list((await self._crm.read_deals(ids)).values()) if ids else []

    async def counted(self) -> Sequence[StageCount]:
        """Count the account's leads."""
        deals: Counter[tuple[str, str]] = Counter()
        worth: Counter[tuple[str, str]] = Counter()
        for lead in await self._list("leads", "leads"):
            place = self._settings.place(lead["pipeline_id"], lead["status_id"])
            deals[place.pipeline, place.stage] += 1
            worth[place.pipeline, place.stage] += lead["price"]
        return [
            StageCount(
                pipeline=shape.key,
                stage=stage.key,
                name=stage.name,
                kind=stage.kind,
                deals=deals[shape.key, stage.key],
                amounts=(Money(Decimal(amount), self._settings.currency),)
                if (amount := worth[shape.key, stage.key])
                else (),
            )
            for shape in self._pipelines
            for stage in shape.stages
        ]

    async def acted(self) -> Mapping[str, int]:
        """Count in Kommo's own list of events what the user of our token did."""
        kinds = ",".join(_TOLD)
        path = f"events?filter[type]={kinds}&filter[created_by]={self._settings.user}"
        counted = Counter(str(event["type"]) for event in await self._list(path, "events", most=_EVENTS))
        return {name: counted[type_] for type_, name in _TOLD.items()}

    # --- the account's pages ------------------------------------------------------------------------------------------

    def _ids(self, pipeline: str, stage: str) -> tuple[int, int]:
        found = self._settings.ids(pipeline, stage)
        if found is None:
            raise DealwrightError(f"the target file has no id of stage {pipeline}.{stage}")
        return found

    async def _lead(self, id_: str) -> dict[str, Any]:
        lead: dict[str, Any] | None = await self._ask("GET", f"leads/{id_}?with=contacts", None, FIRST_USER)
        if lead is None:
            raise DealwrightError(f"deal {id_} of the story is gone from the CRM")
        return lead

    async def _change(self, deal: str, changes: Mapping[str, Any]) -> None:
        await self._do("PATCH", "leads", [{"id": int(deal), **changes}], by=await self._lead(deal))

    async def _do(self, method: str, path: str, body: Any, *, by: Mapping[str, Any]) -> None:
        """Do something as the owner of a lead."""
        await self._ask(method, path, body, int(by["responsible_user_id"]))

    async def _make(self, kind: str, items: Sequence[Mapping[str, Any]], user: int) -> list[int]:
        """Make entities; return their ids in the order of the items: Kommo answers in any order."""
        said = [{**item, "request_id": str(place)} for place, item in enumerate(items)]
        made = (await self._ask("POST", kind, said, user))["_embedded"][kind]
        return [int(each["id"]) for each in sorted(made, key=lambda each: int(each["request_id"]))]

    async def _company(self, name: str, user: int) -> int:
        if name not in self._companies:
            (self._companies[name],) = await self._make("companies", [{"name": name}], user)
        return self._companies[name]

    async def _list(self, path: str, kind: str, *, most: int = MOST) -> list[dict[str, Any]]:
        """Return a list, all its pages."""
        found: list[dict[str, Any]] = []
        page = 1
        while True:
            more = f"{path}{'&' if '?' in path else '?'}limit={most}&page={page}"
            shown = await self._ask("GET", more, None, FIRST_USER)
            some = [] if shown is None else shown["_embedded"][kind]
            found += some
            if len(some) < most:
                return found
            page += 1

    async def _ask(self, method: str, path: str, body: Any, user: int) -> Any:
        answer = await self._http.request(method, f"/_control/as/{user}/api/v4/{path}", json=body)
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            raise DealwrightError(
                f"the story's {method} {path.partition('?')[0]} is refused by the local server of Kommo:"
                f" {answer.status_code}"
            )
        return answer.json() if answer.content else None


def _main_contact(lead: Mapping[str, Any]) -> int | None:
    return next((each["id"] for each in lead["_embedded"]["contacts"] if each["is_main"]), None)


def _reached_by(person: Person) -> list[dict[str, Any]]:
    ways = (("PHONE", person.phone), ("EMAIL", person.email))
    return [_field(code, value) for code, value in ways if value]


def _field(code: str, value: str) -> dict[str, Any]:
    return {"field_code": code, "values": [{"value": value, "enum_code": "WORK"}]}
