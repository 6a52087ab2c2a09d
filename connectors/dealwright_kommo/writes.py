"""Carries out what effects ask for. What changes a deal is decided on the deal as it is read directly before.

A change is written only while the field still holds the value that it was decided on. A field that holds the new value
already is done; one that holds a third value was changed by somebody else, and is left alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from msgspec import UNSET

from dealwright.errors import ConnectorError, InputError, RateLimited, Rejected, Unauthorized
from dealwright.model.crm import Money
from dealwright.model.requests import (
    AddNote,
    Call,
    ChangeTags,
    CompleteTasks,
    CreateDeal,
    DealChanges,
    MoveBack,
    MoveDeal,
    Outcome,
    Refused,
    Sent,
    SetTask,
    TryAgain,
    UpdateDeal,
)
from dealwright_kommo import mapping, sansio
from dealwright_kommo.batches import UNAUTHORIZED_SECONDS, Batches, Item
from dealwright_kommo.client import Budget, Client
from dealwright_kommo.reads import Reader
from dealwright_kommo.settings import LOST, MOST, KommoSettings
from dealwright_kommo.wire import Lead, WireNote, WireTask

FOLLOW_UP: Final = 1
"""The type of tasks that every account has."""

WORK_SECONDS: Final = 15.0
"""So long after it began a `perform` sends its last request."""

_GONE: Final = Refused(code="not_found", message="the deal is not there")


class _Decided(Exception):
    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


class Writer:
    """Carries out the calls of one account."""

    def __init__(self, client: Client, reader: Reader, batches: Batches, settings: KommoSettings) -> None:
        self._client = client
        self._reader = reader
        self._batches = batches
        self._settings = settings
        self._kinds: dict[type, Callable[[Sequence[Call], Budget], Awaitable[list[Outcome]]]] = {
            SetTask: self._tasks,
            AddNote: self._notes,
            CreateDeal: self._create,
            CompleteTasks: self._complete,
            UpdateDeal: self._change,
            MoveDeal: self._change,
            MoveBack: self._change,
            ChangeTags: self._change,
        }

    async def perform(self, calls: Sequence[Call]) -> list[Outcome]:
        """Carry out the calls; return one outcome for each, in order."""
        budget = self._client.budget(paid=1, seconds=WORK_SECONDS)
        groups: dict[Any, list[int]] = {}
        for n, call in enumerate(calls):
            groups.setdefault(self._kinds.get(type(call.request)), []).append(n)
        outcomes: dict[int, Outcome] = {}
        for carry_out, places in groups.items():
            some = [calls[n] for n in places]
            if carry_out is None:
                found: list[Outcome] = [
                    Refused(code="unknown_action", message=f"Kommo does not carry out {call.request.kind}")
                    for call in some
                ]
            else:
                found = await self._carried_out(carry_out, some, budget)
            outcomes |= dict(zip(places, found, strict=True))
        return [outcomes[n] for n in range(len(calls))]

    async def look(self, calls: Sequence[Call]) -> list[bool]:
        """Say for each call whether Kommo has what it was to make, by our key in it."""
        budget = self._client.budget()
        found: set[str] = set()
        tasks = [call for call in calls if isinstance(call.request, SetTask)]
        notes = [call for call in calls if isinstance(call.request, AddNote)]
        deals = [call for call in calls if isinstance(call.request, CreateDeal)]
        for some in sansio.many(sorted(_deal_ids(tasks))):
            pairs = [("filter[entity_id][]", id_) for id_ in some]
            newest = ("order[created_at]", "desc")
            path = sansio.query("/tasks", ("filter[entity_type][]", "leads"), newest, ("limit", MOST), *pairs)
            for task in await self._client.list(path, "tasks", WireTask, budget):
                found |= _marked(tasks, task.text)
        for some in sansio.many(sorted(_deal_ids(notes))):
            pairs = [("filter[entity_id][]", id_) for id_ in some]
            path = sansio.query("/leads/notes", ("filter[note_type][]", "common"), ("limit", MOST), *pairs)
            for note in await self._client.list(path, "notes", WireNote, budget):
                found |= _marked(notes, note.params.get("text") if isinstance(note.params, dict) else None)
        if deals and (field := self._settings.key_field) is not None:
            for some in sansio.many([call.key for call in deals], 50):
                pairs = [(f"filter[custom_fields_values][{field}][]", key) for key in some]
                for lead in await self._client.list(
                    sansio.query("/leads", ("limit", MOST), *pairs), "leads", Lead, budget
                ):
                    own = [each for each in lead.custom_fields_values or () if each.field_id == field]
                    found |= {str(value.value) for each in own for value in each.values}
        return [call.key in found for call in calls]

    async def _carried_out(
        self,
        carry_out: Callable[[Sequence[Call], Budget], Awaitable[list[Outcome]]],
        calls: Sequence[Call],
        budget: Budget,
    ) -> list[Outcome]:
        """Carry out calls of one kind. What fails before the first write has carried out nothing."""
        try:
            return await carry_out(calls, budget)
        except RateLimited as error:
            later: Outcome = TryAgain(reason="Kommo asks to wait", after=error.retry_after or 1.0)
        except Unauthorized as error:
            later = TryAgain(reason=str(error), after=UNAUTHORIZED_SECONDS)
        except Rejected as error:
            later = Refused(code=error.code, message=str(error))
        except InputError as error:
            later = TryAgain(reason=str(error), after=UNAUTHORIZED_SECONDS)
        except ConnectorError as error:
            later = TryAgain(reason=f"Kommo could not be read: {type(error).__name__}")
        return [later] * len(calls)

    # --- what is made ------------------------------------------------------------------------------------------------

    async def _tasks(self, calls: Sequence[Call], budget: Budget) -> list[Outcome]:
        unowned = [
            call.request.deal_id for call in calls if isinstance(call.request, SetTask) and not call.request.owner
        ]
        owners = await self._reader.owners(unowned, budget) if unowned else {}

        async def item(call: Call) -> Item:
            request = call.request
            assert isinstance(request, SetTask)
            if request.owner is None:
                if request.deal_id not in owners:
                    raise _Decided(_GONE)
                owner = owners[request.deal_id]
            else:
                owner = await self._user(request.owner, budget)
            body = {
                "text": f"{request.text}\n{marker(call.key)}",
                "complete_till": mapping.seconds(request.due_at),
                "entity_id": _entity(request.deal_id),
                "entity_type": "leads",
                "task_type_id": FOLLOW_UP,
                "request_id": call.key,
            }
            if owner is not None:
                body["responsible_user_id"] = owner
            return Item(key=call.key, body=body, named="task_id")

        return await self._write("POST", "/tasks", "tasks", calls, item, budget)

    async def _notes(self, calls: Sequence[Call], budget: Budget) -> list[Outcome]:
        async def item(call: Call) -> Item:
            request = call.request
            assert isinstance(request, AddNote)
            body = {
                "entity_id": _entity(request.deal_id),
                "note_type": "common",
                "params": {"text": f"{request.text}\n{marker(call.key)}"},
                "request_id": call.key,
            }
            return Item(key=call.key, body=body, named="note_id")

        return await self._write("POST", "/leads/notes", "notes", calls, item, budget)

    async def _create(self, calls: Sequence[Call], budget: Budget) -> list[Outcome]:
        async def item(call: Call) -> Item:
            request = call.request
            assert isinstance(request, CreateDeal)
            place = self._settings.ids(request.pipeline, request.stage)
            if place is None:
                raise _Decided(_no_stage(request.pipeline, request.stage))
            if request.custom:
                message = "Kommo's connector does not write custom fields yet"
                raise _Decided(Refused(code="unknown_field", message=message))
            if request.unless_open is not UNSET:  # no automation that asks for it is released for this CRM
                message = "Kommo cannot look for an open deal and create one in one go"
                raise _Decided(Refused(code="not_supported", message=message))
            body: dict[str, Any] = {"name": request.title, "pipeline_id": place[0], "status_id": place[1]}
            body["request_id"] = call.key
            fields = [] if self._settings.key_field is None else [mapping.field(self._settings.key_field, call.key)]
            for name, value in (("reference", request.reference), ("close_date", request.close_date)):
                if value is not None:
                    fields.append(self._field(name, value))
            if fields:
                body["custom_fields_values"] = fields
            if request.owner is not None:
                body["responsible_user_id"] = await self._user(request.owner, budget)
            if request.amount is not None:
                body["price"] = self._price(request.amount)
            parts: dict[str, Any] = {}
            if request.tags:
                parts["tags"] = [{"name": tag} for tag in request.tags]
            if request.contacts:
                parts["contacts"] = [
                    {"id": _entity(each), "is_main": n == 0} for n, each in enumerate(request.contacts)
                ]
            if parts:
                body["_embedded"] = parts
            return Item(key=call.key, body=body, named="deal_id")

        return await self._write("POST", "/leads", "leads", calls, item, budget)

    # --- what is changed ---------------------------------------------------------------------------------------------

    async def _change(self, calls: Sequence[Call], budget: Budget) -> list[Outcome]:
        leads = await self._reader.leads(_deal_ids(calls), budget)

        async def item(call: Call) -> Item:
            request = call.request
            assert isinstance(request, UpdateDeal | MoveDeal | MoveBack | ChangeTags)
            lead = leads.get(request.deal_id)
            if lead is None:
                raise _Decided(_GONE)
            if isinstance(request, UpdateDeal):
                return Item(key=call.key, body=await self._updated(call.key, request, lead, budget), receipt=_CHANGED)
            if isinstance(request, ChangeTags):
                return Item(key=call.key, body=_tagged(call.key, request, lead), receipt=_CHANGED)
            if isinstance(request, MoveBack):
                return await self._moved(call.key, self._undone(request, lead), lead, budget)
            return await self._moved(call.key, request, lead, budget)

        return await self._write("PATCH", "/leads", "leads", calls, item, budget)

    async def _updated(self, key: str, request: UpdateDeal, lead: Lead, budget: Budget) -> dict[str, Any]:
        now = await self._held(lead, budget)
        wanted = request.changes.given()
        old = (request.replaces or DealChanges()).given()
        new = {name: value for name, value in wanted.items() if not _same(name, now.get(name), value)}
        if "custom" in new:
            message = "Kommo's connector does not write custom fields yet"
            raise _Decided(Refused(code="unknown_field", message=message))
        if not new:
            raise _Decided(Sent(receipt={"changed": False}, repeated=True))
        for name in new:
            if name in old and not _same(name, now.get(name), old[name]):
                raise _Decided(
                    Refused(code="changed_since", message=f"{name} was changed by somebody since this was decided")
                )
        body: dict[str, Any] = {"id": lead.id, "request_id": key}
        fields: list[dict[str, Any]] = []
        for name, value in new.items():
            if name == "title":
                body["name"] = value
            elif name == "amount":
                body["price"] = 0 if value is None else self._price(value)
            elif name == "owner":
                body["responsible_user_id"] = await self._user(value, budget)
            elif name == "tags":
                body["_embedded"] = {"tags": [{"name": tag} for tag in value] or None}
            elif name in ("reference", "close_date"):
                fields.append(self._field(name, value))
            else:
                raise _Decided(Refused(code="unknown_field", message=f"Kommo's connector does not write {name}"))
        if fields:
            body["custom_fields_values"] = fields
        return body

    async def _held(self, lead: Lead, budget: Budget) -> dict[str, Any]:
        """Return what a lead's fields hold, as changes name them."""
        users = await self._reader.users(budget)
        deal = mapping.deal(lead, self._settings, contacts={}, companies={}, users=users)
        held = {name: getattr(deal, name) for name in ("title", "amount", "close_date", "reference", "tags")}
        return held | {"owner": deal.owner}

    def _undone(self, request: MoveBack, lead: Lead) -> MoveDeal:
        """Return the move that undoes one, if the lead still stands where it was moved to."""
        stands = self._settings.place(lead.pipeline_id, lead.status_id)
        if (stands.pipeline, stands.stage) != (request.leaves_pipeline, request.leaves_stage):
            raise _Decided(Sent(receipt=sansio.receipt(moved=False, from_stage=stands.stage, to_stage=stands.stage)))
        return MoveDeal(deal_id=request.deal_id, pipeline=request.pipeline, stage=request.stage, only_forward=False)

    async def _moved(self, key: str, request: MoveDeal, lead: Lead, budget: Budget) -> Item:
        place = self._settings.ids(request.pipeline, request.stage)
        if place is None:
            raise _Decided(_no_stage(request.pipeline, request.stage))
        stands = self._settings.place(lead.pipeline_id, lead.status_id)
        same_pipeline = stands.pipeline == request.pipeline
        order = list(self._settings.pipelines[request.pipeline].stages)
        backwards = same_pipeline and stands.stage in order and order.index(request.stage) <= order.index(stands.stage)
        if (lead.pipeline_id, lead.status_id) == place or (request.only_forward and backwards):
            receipt = sansio.receipt(moved=False, from_stage=stands.stage, to_stage=stands.stage)
            raise _Decided(Sent(receipt=receipt))
        body: dict[str, Any] = {"id": lead.id, "pipeline_id": place[0], "status_id": place[1], "request_id": key}
        if request.lost_reason is not None and place[1] == LOST:
            reason = await self._reader.loss_reason(request.lost_reason, budget)
            if reason is None:
                raise _Decided(Refused(code="bad_lost_reason", message="the account has no loss reason of that name"))
            body["loss_reason_id"] = reason
        receipt = sansio.receipt(moved=True, from_stage=stands.stage, to_stage=request.stage)
        return Item(key=key, body=body, receipt=receipt)

    async def _complete(self, calls: Sequence[Call], budget: Budget) -> list[Outcome]:
        open_: dict[str, list[WireTask]] = {}
        for some in sansio.many(sorted(_deal_ids(calls))):
            pairs = [("filter[entity_id][]", id_) for id_ in some]
            only = (("filter[entity_type][]", "leads"), ("filter[is_completed][]", 0))
            path = sansio.query("/tasks", *only, ("limit", MOST), *pairs)
            for task in await self._client.list(path, "tasks", WireTask, budget):
                if not task.is_completed:
                    open_.setdefault(str(task.entity_id), []).append(task)
        items: list[Item] = []
        for call in calls:
            request = call.request
            assert isinstance(request, CompleteTasks)
            for task in open_.get(request.deal_id, ()):
                if request.task_id in (None, str(task.id)) and request.means(task.text or ""):
                    body = {"id": task.id, "is_completed": True, "result": {"text": "Done"}}
                    items.append(Item(key=call.key, body=body | {"request_id": f"{call.key}:{task.id}"}))
        written = await self._batches.write("PATCH", sansio.query("/tasks"), "tasks", items, budget)
        by_key: dict[str, list[Outcome]] = {}
        for one, outcome in zip(items, written, strict=True):
            by_key.setdefault(one.key, []).append(outcome)
        return [_together(by_key.get(call.key, [])) for call in calls]

    # --- together ----------------------------------------------------------------------------------------------------

    async def _write(
        self,
        method: str,
        path: str,
        name: str,
        calls: Sequence[Call],
        item: Callable[[Call], Awaitable[Item]],
        budget: Budget,
    ) -> list[Outcome]:
        """Make an item of each call and send them in bulk; a call that is decided already is not sent."""
        decided: dict[int, Outcome] = {}
        items: list[tuple[int, Item]] = []
        for n, call in enumerate(calls):
            try:
                items.append((n, await item(call)))
            except _Decided as made:
                decided[n] = made.outcome
        written = await self._batches.write(method, sansio.query(path), name, [one for _, one in items], budget)
        decided |= {n: outcome for (n, _), outcome in zip(items, written, strict=True)}
        return [decided[n] for n in range(len(calls))]

    async def _user(self, name: str | None, budget: Budget) -> int:
        """Return the id of a user by id, name or address."""
        wanted = (name or "").strip().casefold()
        for id_, user in (await self._reader.users(budget)).items():
            if wanted in (user.id, user.name.casefold(), (user.email or "").casefold()) and wanted:
                return id_
        if wanted.isascii() and wanted.isdigit():
            return int(wanted[:18])
        raise _Decided(Refused(code="unknown_user", message="the account has no user of that name, address or id"))

    def _price(self, amount: Money) -> int:
        if amount.currency != self._settings.currency:
            raise _Decided(
                Refused(
                    code="currency",
                    message=f"the account's prices are in {self._settings.currency}, and this is {amount.currency}",
                )
            )
        if amount.amount != amount.amount.to_integral_value() or amount.amount < 0:
            raise _Decided(Refused(code="amount", message="Kommo's prices are whole numbers from 0"))
        return int(amount.amount)

    def _field(self, name: str, value: object) -> dict[str, Any]:
        id_ = self._settings.reference_field if name == "reference" else self._settings.close_date_field
        if id_ is None:
            raise _Decided(
                Refused(
                    code="no_field", message=f"the target file's [kommo] names no {name}_field, which would hold it"
                )
            )
        return mapping.field(id_, mapping.seconds_of_day(value) if isinstance(value, date) else value)


_CHANGED: Final[dict[str, str | bool | int | None]] = {"changed": True}


def marker(key: str) -> str:
    """Return what stands in a text that we write, so that it is found again if its answer is lost."""
    return f"[{key}]"


def _marked(calls: Sequence[Call], text: str | None) -> set[str]:
    return set() if not text else {call.key for call in calls if marker(call.key) in text}


def _tagged(key: str, request: ChangeTags, lead: Lead) -> dict[str, Any]:
    held = {tag.name for tag in lead.parts.tags or ()}
    add = [tag for tag in request.add if tag not in held]
    remove = [tag for tag in request.remove if tag in held]
    if not add and not remove:
        raise _Decided(Sent(receipt={"changed": False}, repeated=True))
    body: dict[str, Any] = {"id": lead.id, "request_id": key}
    if add:
        body["tags_to_add"] = [{"name": tag} for tag in add]
    if remove:
        body["tags_to_delete"] = [{"name": tag} for tag in remove]
    return body


def _same(name: str, held: Any, value: Any) -> bool:
    if name == "owner" and held is not None:
        wanted = str(value or "").casefold()
        return wanted in (held.id, held.name.casefold(), (held.email or "").casefold())
    if name == "tags":
        return set(held or ()) == set(value or ())
    if name == "amount":
        return _amount(held) == _amount(value)
    return bool((held or None) == (value or None))


def _amount(value: Money | None) -> tuple[Decimal, str] | None:
    return None if value is None or not value.amount else (value.amount, value.currency)


def _together(outcomes: Sequence[Outcome]) -> Outcome:
    """What came of a call that asked for several writes: the worst of them, or all are done."""
    for outcome in outcomes:
        if not isinstance(outcome, Sent):
            return outcome
    return Sent(receipt={"completed": len(outcomes)})


def _deal_ids(calls: Sequence[Call]) -> set[str]:
    return {id_ for call in calls if (id_ := getattr(call.request, "deal_id", None)) is not None}


def _entity(id_: str) -> int:
    if not (id_.isascii() and id_.isdigit()):
        raise _Decided(_GONE)
    return int(id_[:18])


def _no_stage(pipeline: str, stage: str) -> Refused:
    return Refused(code="unknown_stage", message=f"the target file's [kommo.pipelines] names no {pipeline}.{stage}")
