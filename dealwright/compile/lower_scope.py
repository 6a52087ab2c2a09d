"""Where in an automation something stands, and what is known there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from dealwright.language import schema
from dealwright.language.durations import Length
from dealwright.language.origin import Origin
from dealwright.model.calendar import Duration


class Found(Protocol):
    """Notes what is wrong."""

    def __call__(self, code: str, origin: Origin, message: str, hint: str = "") -> None:
        """Note one finding."""
        ...


@dataclass(frozen=True, slots=True)
class Scope:
    """Where in an automation something stands: after which trigger and steps (name -> kind), and on which line.

    `data` is what an event from outside tells beside, by name, and `event` the name of its class if it has one;
    `message`: it is a text that goes to a recipient; `gives` what steps that ask other systems give, by step;
    `sent` are the templates that steps before have sent, `awaited` those to which they wait for an answer; `record` is
    the kind of the record that it is about, and `asking`: it stands in what is asked of records.
    """

    trigger: str
    origin: Origin
    steps: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, schema.FieldType] = field(default_factory=dict)
    event: str = ""
    message: bool = False
    gives: Mapping[str, Mapping[str, schema.FieldType]] = field(default_factory=dict)
    sent: frozenset[str] = frozenset()
    awaited: frozenset[str] = frozenset()
    record: str = ""
    asking: bool = False

    def at(self, origin: Origin) -> Scope:
        """Return the scope on another line."""
        return replace(self, origin=origin)

    def after(self, steps: Mapping[str, str]) -> Scope:
        """Return the scope after more steps."""
        return replace(self, steps={**self.steps, **steps})

    def in_message(self) -> Scope:
        """Return the scope of a message's texts, which know the recipient; conditions in any() know one contact."""
        return replace(self, message=True)

    def of_record(self, kind: str) -> Scope:
        """Return the scope of what is asked of each record of a kind."""
        return replace(self, record=kind, asking=True)

    @property
    def facts(self) -> dict[str, schema.FieldType]:
        """The facts that are known here."""
        known = schema.known(self.trigger, self.steps, self.data)
        for step in self.steps.keys() & self.gives.keys():
            known |= {f"steps.{step}.{name}": kind for name, kind in self.gives[step].items()}
        return {**known, **schema.RECIPIENT} if self.message else known


def length(given: Length) -> Duration:
    """Return the length of time as the model has it."""
    return Duration(amount=given.amount, unit=given.unit)
