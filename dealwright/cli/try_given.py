"""What is imagined on the command line of `dealwright try`: moments, values, answers, replies, the record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from dealwright.cli.terminal import plain
from dealwright.clock import SystemClock
from dealwright.compile import ir
from dealwright.engine.lookups import read_given
from dealwright.engine.records import Receipt
from dealwright.engine.rehearse_replies import buttons, listening
from dealwright.errors import InputError
from dealwright.language.example_replies import Reply
from dealwright.model.crm import Deal, Record

_SHOWN: Final = 10


def moment(text: str | None, zone: ZoneInfo) -> datetime:
    """Return the moment of `--at`, or now; without an offset it is in the zone.

    Raises:
        InputError: it is no moment.
    """
    if text is None:
        return SystemClock().now()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"--at {plain(text, limit=40)!r} is no moment; write 2026-05-09T22:30") from None
    return (found if found.tzinfo is not None else found.replace(tzinfo=zone)).astimezone(UTC)


def values(given: Sequence[str]) -> dict[str, str]:
    """Return what an event from outside would tell, `--data NAME=VALUE`, by name.

    Raises:
        InputError: it is not written so.
    """
    return dict(_pair("--data", "NAME=VALUE", pair) for pair in given)


def given_values(automation: ir.Automation, given: Sequence[str]) -> dict[str, Receipt]:
    """Return what other systems would give, `--given STEP.NAME=VALUE`, by step.

    Raises:
        InputError: it is not written so, nothing asks for it, or it is of another type.
    """
    looking = {step.name: step.gives for step in ir.actions(automation.do) if isinstance(step, ir.LookupStep)}
    found: dict[str, Receipt] = {}
    for pair in given:
        place, value = _pair("--given", "STEP.NAME=VALUE", pair)
        step, _, name = place.partition(".")
        if name not in looking.get(step, {}):
            known = ", ".join(f"{each}.{part}" for each, gives in looking.items() for part in gives) or "nothing"
            raise InputError(f"{automation.key} is not given {plain(place, limit=80)!r}; it is given {known}")
        try:
            found.setdefault(step, {})[name] = read_given(looking[step][name], value)
        except ValueError:
            raise InputError(f"{plain(value, limit=60)!r} is no {looking[step][name]}, as {place} is") from None
    return found


def record_named(automation: ir.Automation, deal: Deal, record_id: str) -> Record:
    """Return the record under the deal that the rule would be about, `--record ID`.

    Raises:
        InputError: the rule is not about records, or the deal has no such one of that kind.
    """
    if not isinstance(automation.on, ir.OnRecordAdded | ir.OnRecordUpdated | ir.OnRecordRemoved):
        raise InputError(f"--record: no record sets {automation.key} off")
    there = [each for each in deal.records or () if each.kind == automation.on.record]
    for each in there:
        if each.id == record_id:
            return each
    known = ", ".join(each.id for each in there[:_SHOWN]) + (", ..." if len(there) > _SHOWN else "")
    wanted = f"{automation.on.record} {plain(record_id, limit=40)!r}"
    raise InputError(f"--record: deal {deal.id} has no {wanted}; it has {known or 'none'}")


def answers_of(automation: ir.Automation, given: Sequence[str]) -> dict[str, str]:
    """Return what colleagues would answer, `--answer STEP=ANSWER`, by step.

    Raises:
        InputError: it is not written so, or no question takes that answer.
    """
    asking = {step.name: [each.answer for each in step.answers] for step in ir.asks(automation.do)}
    answers = dict(_pair("--answer", "STEP=ANSWER", pair) for pair in given)
    for step, answer in answers.items():
        if step not in asking:
            known = ", ".join(asking) or "none"
            raise InputError(f"{automation.key} has no ask({plain(step, limit=80)!r}, ...); it has {known}")
        if answer not in asking[step]:
            offered = ", ".join(map(repr, asking[step]))
            raise InputError(f"{step} takes {offered}, and not {plain(answer, limit=60)!r}")
    return answers


def replies(automation: ir.Automation, said: Sequence[str], pressed: Sequence[str]) -> dict[str, Reply]:
    """Return what is answered, by the step that waits for it.

    Raises:
        InputError: it is not written so, no such step waits for an answer, or no message has such a button.
    """
    waits, there = listening(automation), buttons(automation)
    found: dict[str, Reply] = {}
    for option, form, given in (("--reply", "STEP=TEXT", said), ("--pressed", "STEP=BUTTON", pressed)):
        for pair in given:
            step, equals, value = pair.partition("=")
            if not equals or not value:
                raise InputError(f"{option} {plain(pair, limit=40)!r} is not {form}")
            if step not in waits:
                known = ", ".join(sorted(waits)) or "none"
                raise InputError(f"{plain(step, limit=40)!r} waits for no answer in {automation.key}; {known} does")
            if step in found:
                raise InputError(f"{plain(step, limit=40)!r} is answered once, and is given two answers")
            if option == "--pressed" and value not in there:
                known = ", ".join(there) or "none"
                raise InputError(f"no message of {automation.key} has the button {plain(value)!r}; there are {known}")
            found[step] = Reply(text=value) if option == "--reply" else Reply(text=there[value], button=value)
    return found


def _pair(option: str, form: str, pair: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not equals or not name:
        raise InputError(f"{option} {plain(pair, limit=40)!r} is not {form}")
    return name, value
