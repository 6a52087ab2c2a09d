"""DW313: a text to a customer has a gap where a fact may be unset."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.atoms import Atom
from dealwright.compile.later import MESSAGES
from dealwright.compile.possible import Logic, not_one_of, possible, unset
from dealwright.compile.rules.readings import written
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.texts import bare_paths
from dealwright.compile.rules.ways import Place, ends

_OF_ITS_OWN: Final = re.compile(
    # Who is written to has a rule of its own, and whoever gets the deal from its stage is its owner by then.
    r"deal\.(?:id|title|tags|created_at|stage_since|contacts\.count|(?:pipeline|stage|owner|main_contact)\b.*"
    r"|(?:contact_as|records)\..*)"
)


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        logic = subject.logic(account)
        there: set[str] = set()
        # What was waited for is there unless its time may be over: that is known at each place.
        waited: dict[str, list[str]] = {}
        for place in subject.places(account, automation):
            step = place.step
            open_ = [
                path
                for path in dict.fromkeys(bare_paths(step) if isinstance(step, MESSAGES) else ())
                if path not in there
                and _may_be_unset(path)
                and is_open(path, place, account)
                and all(_may_be_over(name, place) for name in waited.get(path, ()))
            ]
            if open_:
                file, line = subject.step_at(automation, step.name)
                texts = " and ".join(f"{{{{ {path} }}}}" for path in open_)
                asked = ", ".join(f"{_typed(path, automation)}.is_set()" for path in open_)
                yield Spot(
                    path=file,
                    line=line,
                    message=f"{step.name!r} writes {texts} to a customer, and nothing says that"
                    f" {'it is' if len(open_) == 1 else 'they are'} set: the text would have a gap",
                    hint=f"write when=[{asked}, ...], or in the text {{{{ {open_[0]} or '...' }}}}"
                    f" or {{% if {open_[0]} %}}...{{% endif %}}",
                )
            if isinstance(step, ir.WaitUntilStep) and not _ends_in_time(step, automation):
                for path in seen_to(step, logic):
                    waited.setdefault(path, []).append(step.name)
            else:
                there |= set(seen_to(step, logic))


def _ends_in_time(step: ir.WaitUntilStep, automation: ir.Automation) -> bool:
    """Say whether it is not gone on when the time is over: it stops there, or moves the deal, which may end it."""
    moves = any(isinstance(each, ir.MoveDealStep | ir.MoveBackStep) for each in all_steps(step.on_timeout))
    return ends(step.on_timeout) or (moves and bool(automation.exit_on))


def _may_be_over(name: str, place: Place) -> bool:
    """Say whether the place may be reached when the time of a wait is over."""
    over = (Atom(f"steps.{name}.timed_out", "==", value=True), Atom(f"steps.{name}.outcome", "==", "timed_out"))
    return possible(*place.known, [over])


def _may_be_unset(path: str) -> bool:
    return path.startswith(("deal.", "record.")) and _OF_ITS_OWN.fullmatch(path) is None


def is_open(path: str, place: Place, account: ir.Account) -> bool:
    """Say whether the fact may be unset there: nothing asks for it, and the deal may stand where it is not required."""
    name = path.removeprefix("deal.").removesuffix(".name")
    asking = [
        ir.StageValue(pipeline=pipeline.key, stage=stage.key)
        for pipeline in account.pipelines
        for stage in pipeline.stages
        if name in stage.required
    ]
    elsewhere = [not_one_of("deal.stage", asking)] if asking and path.startswith("deal.") else []
    return possible(*place.known, unset(path), *elsewhere)


def seen_to(step: ir.Step, logic: Logic) -> Iterator[str]:
    """Yield the facts that are there behind the step: it has written them, or waited for them."""
    match step:
        case ir.UpdateDealStep() | ir.UpdateCompanyStep() | ir.UpdateRecordStep():
            yield from (path for path, value in written(step) if not isinstance(value, ir.Cleared))
        case ir.WaitUntilStep(until=until) if until is not None:
            ways = logic.true(until)
            for path in {atom.path for way in ways for atom in way}:
                if not possible(ways, unset(path)):
                    yield path


def _typed(path: str, automation: ir.Automation) -> str:
    """The path as conditions spell it: a record's field hangs on its class."""
    kind = getattr(automation.on, "record", "")
    return (
        path.replace("record.", f"{kind.title().replace('-', '')}.", 1) if kind and path.startswith("record.") else path
    )


RULE: Final = Rule(
    code="DW313",
    severity="warning",
    title="a text to a customer may have a gap",
    reason=(
        "An amount, a date or a field of your own that is unset is written as nothing: 'your trial ends on .' is what"
        " the customer reads. A condition of the automation or of the case, `required=` of the stage that the deal is"
        " in, a step before it that writes the fact, or waits for it and ends when the time is over, or an or-else"
        " value says that there is always something to read."
        " Tasks, notes and questions are read by people who can look it up, and are left alone; so is the owner."
    ),
    bad="""
quote = Automation(
    key="quote",
    on=entered(Sales.quoted),
    when=[deal.main_contact.email.is_set()],
    again=once(per=deal),
    do=[send_email("quote", to=deal.main_contact, subject="Your quote", text="It comes to {{ deal.amount }}.")],
)
""",
    good="""
quote = Automation(
    key="quote",
    on=entered(Sales.quoted),
    when=[deal.main_contact.email.is_set(), deal.amount > 0],
    again=once(per=deal),
    do=[send_email("quote", to=deal.main_contact, subject="Your quote", text="It comes to {{ deal.amount }}.")],
)
""",
    look=_look,
)
