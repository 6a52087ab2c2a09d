"""Making a deal for an event from outside that fits none: keyed, so that the event makes one however often it is read.

It is no step of an automation, so no gate stands before it. What the gate would say is asked here: a deal is made while
an automation that answers the event is live and not stopped; else the event waits until one is, or for a person. A
request takes a token of the CRM's rate as every other write does.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from dealwright import faults
from dealwright.compile import ir
from dealwright.engine.bench import Site
from dealwright.engine.matching import BY_PERSON, Asked, Found, ToMake, Verdict
from dealwright.engine.records import NOT_LIVE
from dealwright.engine.store import Store
from dealwright.errors import OutcomeUnknown
from dealwright.model.custom import Custom, FieldShape, held
from dealwright.model.delivery import Keyed
from dealwright.model.requests import Call, CreateContact, CreateDeal, DealChanges, Outcome, Refused, Sent, UpdateDeal
from dealwright.ports import DealKey, FindsDeals

_log = logging.getLogger(__name__)

_LONGEST_TITLE: Final = 120
_BUILT_IN: Final = frozenset({"reference", "company", "title"})


class Maker:
    """Makes deals for one account."""

    def __init__(self, store: Store, site: Site) -> None:
        self._store = store
        self._site = site

    async def make(self, account: ir.Account, wanted: Sequence[tuple[Asked, ToMake]]) -> dict[int, Verdict]:
        """Return, by event, the deal that was made for it, or why none was.

        Raises:
            ConnectorError: the CRM is away, or nobody knows what it did: the same is asked again later.
        """
        refused = {each.item.id: self._why_not(account, each, what) for each, what in wanted}
        found: dict[int, Verdict] = {id_: why for id_, why in refused.items() if why is not None}
        making = [(each, what) for each, what in wanted if each.item.id not in found]
        if not making:
            return found
        contacts = await self._contacts(account, [key for _, what in making for key in what.keys])
        outcomes = await self._perform(
            [self._call(each, "deal", _new_deal(account, each, what, contacts)) for each, what in making]
        )
        ids: dict[int, str] = {}
        for (each, _), outcome in zip(making, outcomes, strict=True):
            if isinstance(outcome, Refused):
                found[each.item.id] = each.unmatched("unmade", f"its CRM made no deal of it: {outcome.code}")
            elif isinstance(outcome, Sent):
                ids[each.item.id] = str(outcome.receipt["deal_id"])
            else:
                raise OutcomeUnknown("nobody knows whether a deal was made")
        faults.hit("match.deal-made")
        await self._fill(account, [(each, what, ids[each.item.id]) for each, what in making if each.item.id in ids])
        deals = await self._site.crm.read_deals(sorted(set(ids.values())))
        for each, _ in making:
            id_ = ids.get(each.item.id)
            if id_ is not None:
                deal = deals.get(id_)
                gone = each.unmatched("unmade", "the deal that was made of it is gone")
                found[each.item.id] = gone if deal is None else Found(deals=(deal,))
        return found

    def _why_not(self, account: ir.Account, each: Asked, what: ToMake) -> Verdict | None:
        controls = self._store.controls(account.key)
        answering = [automation for automation in account.automations if _answers(automation, each.event.name)]
        if not any(
            controls.mode(automation.key) == "live" and not controls.is_stopped(automation.key)
            for automation in answering
        ):
            return each.unmatched(NOT_LIVE, "a deal would be made of it, and no automation that answers it is live")
        crm = self._site.crm
        request = _new_deal(account, each, what, {})
        if request.kind not in crm.actions() or not isinstance(crm.delivery(request), Keyed):
            return each.unmatched("unmade", "its CRM cannot be trusted to make one deal and not two")
        return None

    async def _contacts(self, account: ir.Account, keys: Sequence[DealKey]) -> Mapping[DealKey, Sequence[str]]:
        wanted = sorted({key for key in keys if key.field in BY_PERSON})
        crm = self._site.crm
        if not wanted or not isinstance(crm, FindsDeals):
            return {}
        return await crm.contacts_by_key(wanted, country=account.country)

    async def _fill(self, account: ir.Account, made: Sequence[tuple[Asked, ToMake, str]]) -> None:
        """Write down what a new deal cannot be made with: the company's own fields, and a contact that is new."""
        shapes = {shape.key: shape for shape in account.deal_fields}
        deals = await self._site.crm.read_deals(sorted({id_ for _, _, id_ in made}))
        calls = []
        for each, what, id_ in made:
            custom = _own(what, shapes)
            if custom:
                calls.append(self._call(each, "fields", UpdateDeal(deal_id=id_, changes=DealChanges(custom=custom))))
            person = {key.field: key.value for key in reversed(what.keys)}
            phone, email = person.get("contacts.phone"), person.get("contacts.email")
            if (phone or email) and id_ in deals and not deals[id_].contacts:
                calls.append(self._call(each, "contact", CreateContact(deal_id=id_, phone=phone, email=email)))
        calls = [call for call in calls if call.request.kind in self._site.crm.actions()]
        for call, outcome in zip(calls, await self._perform(calls) if calls else (), strict=True):
            if isinstance(outcome, Refused):
                _log.warning("%s: a new deal goes without %s: %s", account.key, call.request.kind, outcome.code)
            elif not isinstance(outcome, Sent):
                raise OutcomeUnknown("nobody knows whether a new deal was filled")

    async def _perform(self, calls: Sequence[Call]) -> list[Outcome]:
        crm = self._site.crm
        limiter = self._site.limiters.get(crm.name)
        found: list[Outcome] = []
        for start in range(0, len(calls), crm.at_once):
            if limiter is not None:
                await limiter.acquire()
            found += await crm.perform(calls[start : start + crm.at_once])
        return found

    def _call(self, each: Asked, what: str, request: CreateDeal | UpdateDeal | CreateContact) -> Call:
        text = f"{self._store.installation}|{self._site.account}|{each.item.id}|{what}"
        key = "dw-" + hashlib.blake2b(text.encode(), digest_size=15).hexdigest()
        return Call(key=key, actor=f"hook:{each.event.source}", request=request)


def _answers(automation: ir.Automation, name: str) -> bool:
    return isinstance(automation.on, ir.OnEventReceived) and automation.on.name == name


def _new_deal(account: ir.Account, each: Asked, what: ToMake, contacts: Mapping[DealKey, Sequence[str]]) -> CreateDeal:
    pipeline = account.pipeline(what.pipeline)
    assert pipeline is not None, "lowering has looked"
    values = {key.field: key.value for key in reversed(what.keys)}
    ids = dict.fromkeys(found[0] for key in what.keys if (found := contacts.get(key)))
    title = values.get("title", f"{each.event.name} {what.keys[0].value}")
    return CreateDeal(
        pipeline=pipeline.key,
        stage=pipeline.stages[0].key,
        title=title[:_LONGEST_TITLE],
        contacts=tuple(ids),
        reference=values.get("reference"),
        company=values.get("company"),
    )


def _own(what: ToMake, shapes: Mapping[str, FieldShape]) -> tuple[Custom, ...]:
    """Return the company's own fields that the new deal is given: what a later event of it finds it by."""
    from_keys = {key.field: key.value for key in reversed(what.keys) if key.field not in (*BY_PERSON, *_BUILT_IN)}
    return tuple(
        Custom(name, held(Decimal(value) if shapes[name].type == "number" else value))
        for name, value in sorted(from_keys.items())
        if name in shapes
    )
