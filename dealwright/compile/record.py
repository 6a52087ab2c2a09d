"""Which definitions a company's files made: all of them, also those that nothing refers to any more.

A trailing comma, a rebound name or a forgotten list must not make a rule vanish, so the child notes every account and
automation as it is made. The language itself keeps no registry: this is switched on in the child process alone.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from dealwright.compile.ir import Where
from dealwright.compile.lower import relative
from dealwright.compile.outline import Definition, Example, Outline, Part
from dealwright.language import examples, steps
from dealwright.language.account import Account
from dealwright.language.automation import Automation
from dealwright.language.company import CompanyFields
from dealwright.language.custom import origin_of
from dealwright.language.deal import ContactFields, DealFields
from dealwright.language.money import Amount
from dealwright.language.origin import Origin
from dealwright.language.pipeline import Pipeline, parts
from dealwright.language.records import Record as RecordOfDeal
from dealwright.language.wait_steps import ways_of
from dealwright.model.crm import Contact, Deal, Money, User
from dealwright.model.custom import Custom, held, merged


class Record:
    """Everything that was defined below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._made: list[Any] = []

    def begin(self) -> None:
        """Note every account and automation made from now on."""
        made = self._made

        def new(cls: type, *args: object, **kwargs: object) -> object:
            value: object = object.__new__(cls)
            made.append(value)
            return value

        for kind in (Account, Automation):
            # What a wrong call is told to take instead is read from the signature, which is __init__'s.
            kind.__signature__ = inspect.signature(kind)  # type: ignore[union-attr]
            kind.__new__ = new  # type: ignore[method-assign,assignment]

    @property
    def accounts(self) -> list[Account]:
        """Every account, in the order they were made."""
        return [value for value in self._whole() if isinstance(value, Account)]

    @property
    def automations(self) -> list[Automation]:
        """Every automation, in the order they were made."""
        return [value for value in self._whole() if isinstance(value, Automation)]

    @property
    def pipelines(self) -> list[type[Pipeline]]:
        """Every pipeline, in the order they were made."""
        # One that was refused has no parts, and is known as a class all the same.
        whole = (each for each in Pipeline.__subclasses__() if "__dealwright__" in vars(each))
        return [each for each in whole if self._own(parts(each).origin)]

    def unlisted(self, accounts: Sequence[Account]) -> Account | None:
        """Return an account of what none of the accounts lists, which is like the first one; None if all is listed."""
        listed = {id(each) for account in accounts for each in account.automations}
        known = {id(each) for account in accounts for each in account.pipelines}
        automations = [each for each in self.automations if id(each) not in listed]
        if not automations and all(id(each) in known for each in self.pipelines):
            return None
        # One whose file failed below it still says where the company is, and in what it reckons.
        first = next(iter((*accounts, *self.accounts)), None)
        unique = {parts(each).key: each for each in reversed(self.pipelines)}
        made = Account(
            first.key if first else "unlisted",
            zone=first.calendar.zone if first else "UTC",
            country=first.country if first else "US",
            currency=first.currency if first else None,
            languages=first.languages if first else (),
            pipelines=[each for each in self.pipelines if unique[parts(each).key] is each],
            automations=automations,
        )
        if not accounts:
            # What texts alone name is known by the account's classes, which it could not say.
            object.__setattr__(made, "kinds", first.kinds if first else tuple(self._kinds()))
        return made

    def _kinds(self) -> Iterator[type]:
        """Every class of own fields and of records in the company's files."""
        todo: list[type] = [DealFields, ContactFields, CompanyFields, RecordOfDeal]
        while todo:
            kinds: list[type] = todo.pop().__subclasses__()
            for kind in kinds:
                todo.append(kind)
                if self._own(origin_of(kind)):
                    yield kind

    def outline(self, accounts: Sequence[Account], *, complete: bool) -> Outline:
        """Return the outline; `accounts` are those that their files give a name."""
        bound = {id(each) for each in accounts}
        listed = {id(each) for account in accounts for each in (*account.automations, *account.pipelines)}
        definitions = [
            *(
                Definition(kind="account", key=each.key, where=self._where(each.origin), listed=id(each) in bound)
                for each in self.accounts
            ),
            *(self._pipeline(each, listed=id(each) in listed) for each in self.pipelines),
            *(
                Definition(
                    kind="automation",
                    key=each.key,
                    where=self._where(each.origin),
                    listed=id(each) in listed,
                    parts=tuple(self._steps(each.do)),
                    examples=tuple(self._example(one, accounts) for one in each.examples),
                )
                for each in self.automations
            ),
        ]
        return Outline(definitions=tuple(definitions), complete=complete)

    def _pipeline(self, given: type[Pipeline], *, listed: bool) -> Definition:
        said = parts(given)
        stages = tuple(
            Part(
                key=key,
                kind=stage.kind,
                where=self._where(stage.origin),
                name=stage.name,
                probability=stage.probability,
                has_task=stage.task is not None,
                has_owner=stage.owner is not None,
                because=stage.because,
            )
            for key, stage in said.stages.items()
        )
        where = self._where(said.origin)
        return Definition(
            kind="pipeline",
            key=said.key,
            where=where,
            listed=listed,
            name=said.name,
            deferred_to="" if said.deferred_to is None else parts(said.deferred_to).name,
            parts=stages,
        )

    def _example(self, given: examples.Example, accounts: Sequence[Account]) -> Example:
        currency = next((each.currency for each in accounts if each.currency is not None), "USD")
        assert given.in_.pipeline is not None
        before = given.came_from
        fields: dict[str, Any] = dict(given.deal)
        owner, amount = fields.pop("owner"), fields.pop("amount")
        moment = given.at.replace(tzinfo=UTC)
        return Example(
            title=given.title,
            where=self._where(given.origin),
            deal=Deal(
                id="1",
                pipeline=parts(given.in_.pipeline).key,
                stage=given.in_.key,
                owner=None if owner is None else User(id="1", name=owner),
                amount=None if amount is None else _money(amount, currency),
                contacts=() if given.contact is None else (_contact(given.contact),),
                created_at=moment,
                updated_at=moment,
                stage_since=moment,
                version=2,
                custom=merged(msgspec.UNSET, _customs(given.own)),
                **fields,
            ),
            at=given.at.isoformat(sep=" "),
            then=given.then,
            came_from=None if before is None or before.pipeline is None else (parts(before.pipeline).key, before.key),
            owner_before=None if given.owner_before is None else _user(given.owner_before, owner),
            record=None if given.record is None else tuple(_customs(given.record)),
            data=dict(given.data),
            met=given.met,
            answers=dict(given.answers),
            people=dict(given.people),
            given={
                step: tuple(Custom(name, held(value)) for name, value in told.items())
                for step, told in given.given.items()
            },
            replies=dict(given.replies),
        )

    def _steps(self, given: Iterable[steps.Step]) -> Iterator[Part]:
        for step in given:
            yield Part(key=str(step.name), kind="step", where=self._where(step.origin))
            for way in ways_of(step):
                yield from self._steps(way)

    def _whole(self) -> Iterator[Any]:
        """What was made without an error, in the company's own files."""
        return (value for value in self._made if "origin" in vars(value) and self._own(value.origin))

    def _own(self, origin: Origin) -> bool:
        return _is_below(origin.file, self._root)

    def _where(self, origin: Origin) -> Where:
        return Where(file=relative(origin.file, self._root), line=origin.line)


@lru_cache(maxsize=1024)
def _is_below(file: str, folder: Path) -> bool:
    return Path(file).is_relative_to(folder)


def _money(given: Decimal | Amount, currency: str) -> Money:
    return (Money(given.amount, given.currency) if isinstance(given, Amount) else Money(given, currency)).in_full()


def _customs(given: Mapping[str, examples.Held]) -> Iterator[Custom]:
    for key, value in given.items():
        yield Custom(key, held(_money(value, value.currency) if isinstance(value, Amount) else value))


def _user(name: str, owner: str | None) -> User:
    """Somebody who owned the deal: who is called as its owner is that person."""
    return User(id="1" if name == owner else "2", name=name)


def _contact(given: Mapping[str, str]) -> Contact:
    name = given.get("name")
    first, _, last = (name or "").partition(" ")
    return Contact(
        id="1",
        name=name,
        first_name=first or None,
        last_name=last or None,
        phone=given.get("phone"),
        email=given.get("email"),
    )


def bound(modules: Sequence[ModuleType]) -> list[Account]:
    """Return the accounts that one of the modules gives a name, once each, in the order of files and lines."""
    # A company's object may answer whatever it likes when it is asked: only what it truly is counts.
    values = (v for module in modules for v in list(vars(module).values()) if issubclass(type(v), Account))
    return list({id(value): value for value in values}.values())
