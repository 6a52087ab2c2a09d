"""Which of a company's automations its CRM can serve: a definition names no vendor, and not every CRM does all."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.compile.asked import asks_for_company
from dealwright.compile.enrol import LISTS_DEALS

UNLESS_OPEN: Final = "create_deal(unless_open=)"
"""What a CRM calls it among its actions that it can look for an open deal and create one in one go."""

AS_ROLE: Final = "create_contact(role=)"
"""What a CRM calls it among its actions that its contacts are something on a deal."""
COUNTS: Final = "least_loaded()"
"""What a CRM calls it among its actions that it can count the open deals of its users."""

COMPANY_DEALS: Final = "deal.company.open_deals"
"""What a CRM calls it among its actions that it can tell what else the company of a deal has."""

OF_A_CRM: Final = frozenset(
    {
        "create_deal",
        UNLESS_OPEN,
        COUNTS,
        "update_deal",
        "move_deal",
        "move_back",
        "set_task",
        "change_tags",
        "complete_tasks",
        "add_note",
        "create_contact",
        AS_ROLE,
        "update_contact",
        "update_company",
        "create_record",
        "update_record",
        "remove_record",
        "send_message",
    }
)
"""Actions that only a CRM carries out; of any other, a missing connector is a mistake in the target file."""


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """An automation that is not run, and why; `refused` says that it uses a word that is not there yet."""

    automation: str
    why: str
    refused: bool = False

    def __str__(self) -> str:
        return f"{self.automation}: {self.why}"


def carried(
    account: ir.Account, *, actions: Collection[str], untold: Collection[str] = ()
) -> tuple[ir.Account, tuple[LeftOut, ...]]:
    """Return the account with those automations that can be run, unchanged, and the others with the reason.

    `actions` are what the connectors carry out, `untold` the events that the CRM never tells.
    """
    kept, left = [], []
    if "notify" not in actions:
        quiet = tuple(each if each.origin == "authored" else _quiet(each) for each in account.automations)
        if quiet != account.automations:
            account = msgspec.structs.replace(account, automations=quiet)
    for automation in account.automations:
        triggers = [automation.on, *automation.exit_on, *(on for step in ir.waits(automation.do) for on in step.on)]
        unheard = sorted({str(each.__struct_config__.tag) for each in triggers} & set(untold))
        kinds = {str(step.__struct_config__.tag) for step in ir.actions(automation.do)}
        if any(
            isinstance(step, ir.CreateDealStep) and step.unless_open is not None for step in ir.actions(automation.do)
        ):
            kinds.add(UNLESS_OPEN)
        if any(isinstance(step, ir.CreateContactStep) and step.role for step in ir.actions(automation.do)):
            kinds.add(AS_ROLE)
        if any(role.how == "least_loaded" for role in ir.picks(automation.do)):
            kinds.add(COUNTS)
        missing = sorted(kinds & OF_A_CRM - set(actions))
        mail = next((on.to for on in triggers if isinstance(on, ir.OnReplied) and on.via == "email"), None)
        if mail is not None:
            why = f"no connector tells of answers to e-mails, and it waits for one to {mail!r}"
            left.append(LeftOut(automation=automation.key, why=why))
        elif unheard:
            left.append(LeftOut(automation=automation.key, why=f"the CRM never tells {', '.join(unheard)}"))
        elif missing:
            left.append(LeftOut(automation=automation.key, why=f"the CRM does not carry out {', '.join(missing)}"))
        elif COMPANY_DEALS not in actions and asks_for_company(automation):
            why = f"the CRM does not tell what else a company has ({COMPANY_DEALS} and the like)"
            left.append(LeftOut(automation=automation.key, why=why))
        elif automation.existing and LISTS_DEALS not in actions:
            why = f"the CRM does not list its deals, and {LISTS_DEALS} begins with those that stand there"
            left.append(LeftOut(automation=automation.key, why=why))
        else:
            kept.append(automation)
    if not left:
        return account, ()
    return msgspec.structs.replace(account, automations=tuple(kept)), tuple(left)


def _quiet(automation: ir.Automation) -> ir.Automation:
    """Return what was lowered from stages without telling anybody: nobody asked for an e-mail by name."""
    return msgspec.structs.replace(automation, do=_without_notify(automation.do))


def _without_notify(steps: tuple[ir.Step, ...]) -> tuple[ir.Step, ...]:
    found: list[ir.Step] = []
    for step in steps:
        if isinstance(step, ir.BranchStep):
            cases = tuple(msgspec.structs.replace(case, do=_without_notify(case.do)) for case in step.cases)
            unset = None if step.unset is None else _without_notify(step.unset)
            way = _without_notify(step.otherwise)
            found.append(msgspec.structs.replace(step, cases=cases, otherwise=way, unset=unset))
        elif isinstance(step, ir.WaitUntilStep):
            found.append(msgspec.structs.replace(step, on_timeout=_without_notify(step.on_timeout)))
        elif not isinstance(step, ir.NotifyStep):
            found.append(step)
    return tuple(found)
