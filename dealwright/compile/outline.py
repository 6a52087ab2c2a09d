"""The outline of a company: every definition that its files made, where, and whether an account lists it.

It carries what the rules need and the IR has no place for: the lines of stages and steps, and what a stage says
instead of a task.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from dealwright.compile.ir import Where
from dealwright.language.example_replies import Reply
from dealwright.model.crm import Deal, User
from dealwright.model.custom import Custom

DefinitionKind = Literal["account", "pipeline", "automation"]
PartKind = Literal["incoming", "open", "won", "lost", "step"]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A stage of a pipeline or a step of an automation, in the order they were written."""

    key: str
    kind: PartKind
    where: Where
    name: str = ""
    probability: int | None = None
    has_task: bool = False
    has_owner: bool = False
    because: str = ""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """An example of an automation: a deal, a moment in the account's zone, and what is done then.

    `answers`: to questions, by step; `came_from`: where the deal stood before, and `owner_before` whose it
    was; `record`: the fields of the record that sets it off; `people` behind roles; `given` by other
    systems, by step; `replies` of the contact, by the step that waits.
    """

    title: str
    where: Where
    deal: Deal
    at: str
    then: tuple[str, ...]
    came_from: tuple[str, str] | None = None
    owner_before: User | None = None
    record: tuple[Custom, ...] | None = None
    data: dict[str, str] = {}
    met: tuple[str, ...] = ()
    answers: dict[str, str] = {}
    people: dict[str, tuple[str, ...]] = {}
    given: dict[str, tuple[Custom, ...]] = {}
    replies: dict[str, Reply] = {}


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """One definition; `listed` says that an account lists it (of an account: that its file gives it a name)."""

    kind: DefinitionKind
    key: str
    where: Where
    listed: bool
    name: str = ""
    deferred_to: str = ""
    parts: tuple[Part, ...] = ()
    examples: tuple[Example, ...] = ()


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """All definitions of one company; `complete` says that every file could be loaded."""

    definitions: tuple[Definition, ...] = ()
    complete: bool = False

    def of(self, kind: DefinitionKind) -> tuple[Definition, ...]:
        """Return the definitions of one kind."""
        return tuple(definition for definition in self.definitions if definition.kind == kind)
