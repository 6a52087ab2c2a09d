"""What a rule is, and what it is given to look at."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

import msgspec

from dealwright.compile import ir
from dealwright.compile.codes import Code
from dealwright.compile.findings import Company, Severity
from dealwright.compile.ir_steps import all_steps as all_steps
from dealwright.compile.outline import Definition, Part
from dealwright.compile.possible import Logic
from dealwright.compile.rules.ways import Place, places
from dealwright.compile.sources import Source, argument

T = TypeVar("T")


def all_parts(condition: ir.Condition) -> tuple[ir.Condition, ...]:
    """Return the conditions that all have to be true for this one to be."""
    return condition.of if isinstance(condition, ir.All) else (condition,)


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """Where a rule found something, and what; the rule adds its code and, unless it says otherwise, its severity."""

    path: str
    line: int
    message: str
    hint: str
    column: int = 0
    severity: Severity | None = None


class Subject:
    """One company as rules see it: its definitions, listed or not, and its files."""

    def __init__(self, company: Company, sources: Mapping[str, Source]) -> None:
        self.outline = company.outline
        self.accounts = company.accounts
        self.unlisted = company.unlisted
        self.sources = sources
        self._places: dict[tuple[int, int], list[Place]] = {}
        self._logics: dict[int, Logic] = {}
        self._kept: dict[tuple[object, int], list[Any]] = {}

    @cached_property
    def groups(self) -> list[ir.Account]:
        """What is judged together: each account, with what no account lists added to the first one."""
        rest = self.unlisted
        if rest is None:
            return list(self.accounts)
        if not self.accounts:
            return [rest]
        first = self.accounts[0]
        known = {pipeline.key for account in self.accounts for pipeline in account.pipelines}
        strays = [each for each in rest.automations if each.origin == "authored" or each.key.split(".")[0] not in known]
        pipelines = [each for each in rest.pipelines if each.key not in known]
        events = {event.key for account in self.accounts for event in account.outside}
        whole = msgspec.structs.replace(
            first,
            automations=(*first.automations, *strays),
            pipelines=(*first.pipelines, *pipelines),
            outside=(*first.outside, *(each for each in rest.outside if each.key not in events)),
        )
        return [whole, *self.accounts[1:]]

    @property
    def automations(self) -> Iterator[tuple[ir.Account, ir.Automation]]:
        """Every automation with the account it is judged in."""
        for account in self.groups:
            for automation in account.automations:
                yield account, automation

    def places(self, account: ir.Account, automation: ir.Automation) -> list[Place]:
        """Return every step of an automation of the account, in order, with what is known there; walked once."""
        key = id(account), id(automation)
        if key not in self._places:
            self._places[key] = list(places(automation, self.logic(account), account))
        return self._places[key]

    def logic(self, account: ir.Account) -> Logic:
        """Return the reasoning for the account: one for all rules, which keeps what it has found."""
        if id(account) not in self._logics:
            self._logics[id(account)] = Logic.of(account)
        return self._logics[id(account)]

    def kept(self, look: Callable[[Subject, ir.Automation], Iterator[T]], automation: ir.Automation) -> list[T]:
        """Return what `look` finds in an automation; it looks once, for all rules that ask."""
        key = look, id(automation)
        if key not in self._kept:
            self._kept[key] = list(look(self, automation))
        return self._kept[key]

    @property
    def pipelines(self) -> Sequence[Definition]:
        """Every pipeline."""
        return self.outline.of("pipeline")

    # --- places -----------------------------------------------------------------------------------------------------

    def automation_at(self, automation: ir.Automation, keyword: str = "") -> tuple[str, int]:
        """Return where the automation, or what it says under a keyword, was written."""
        where = automation.where or ir.Where(file="", line=1)
        source = self.sources.get(where.file)
        call = source.call(where.line, "Automation") if source and keyword else None
        value = argument(call, keyword) if call else None
        return where.file, value.lineno if value is not None else where.line

    def account_at(self, account: ir.Account, keyword: str) -> tuple[str, int]:
        """Return where the account says something under a keyword."""
        where = account.where or ir.Where(file="", line=1)
        source = self.sources.get(where.file)
        call = source.call(where.line, "Account") if source else None
        value = argument(call, keyword) if call else None
        return where.file, value.lineno if value is not None else where.line

    def condition_at(self, automation: ir.Automation, index: int | None) -> tuple[str, int]:
        """Return where the conditions of the automation were written, or the one at a place of their list."""
        file, line = self.automation_at(automation, "when")
        source, where = self.sources.get(file), automation.where
        call = source.call(where.line, "Automation") if source and where else None
        listed = argument(call, "when") if call else None
        if index is not None and isinstance(listed, ast.List | ast.Tuple) and index < len(listed.elts):
            return file, listed.elts[index].lineno
        return file, line

    def step_at(self, automation: ir.Automation, name: str) -> tuple[str, int]:
        """Return where a step of the automation was written."""
        part = self._parts.get(_place(automation), {}).get(name)
        return (part.where.file, part.where.line) if part else self.automation_at(automation)

    def named(self, automation: ir.Automation, step: str) -> str:
        """Return what a message calls an automation: what a stage does by itself, by the stage whose step it is."""
        part = self._parts.get(_place(automation), {}).get(step) if automation.origin != "authored" else None
        return f"the stage {part.name!r}" if part is not None and part.name else repr(automation.key)

    def case_at(self, automation: ir.Automation, branch: str, index: int) -> tuple[str, int]:
        """Return where a case of a branch was written."""
        file, line = self.step_at(automation, branch)
        source = self.sources.get(file)
        call = source.call(line, "branch") if source else None
        given = call.args[1:] if call else []
        if index < len(given) and not any(isinstance(each, ast.Starred) for each in given):
            return file, given[index].lineno
        return file, line

    @cached_property
    def _parts(self) -> dict[tuple[str, str, int], dict[str, Part]]:
        found: dict[tuple[str, str, int], dict[str, Part]] = {}
        for definition in self.outline.definitions:
            where = definition.where
            if definition.kind != "pipeline":
                keys = {part.key: part for part in definition.parts}
                found[(definition.key, where.file, where.line)] = keys
                continue
            # The steps that a stage is lowered to are called after it.
            of_stages = {
                f"{what}-{part.key.replace('_', '-')}": part
                for part in definition.parts
                for what in ("task", "owner", "entry", "exit", "breach-entry", "breach-exit", "tell")
            }
            for lowered in ("stage-tasks", "hand-over", "criteria"):
                found[(f"{definition.key}.{lowered}", where.file, where.line)] = of_stages
        return found


def _place(automation: ir.Automation) -> tuple[str, str, int]:
    where = automation.where or ir.Where(file="", line=1)
    return automation.key, where.file, where.line


class Rule(Code, frozen=True, kw_only=True):
    """One lint rule: its page, and how it looks. One that is not `silenceable` finds what cannot be loaded anyhow.

    One that looks at the `whole` tells what no definition does: where a file did not load, nobody knows that.
    """

    look: Callable[[Subject], Iterable[Spot]]
    silenceable: bool = True
    whole: bool = False
