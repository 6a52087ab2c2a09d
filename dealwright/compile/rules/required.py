"""What is known of a deal that has come to a stage, since the CRM takes none there without it: `required=`."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from dealwright.compile import ir
from dealwright.compile.atoms import Atom
from dealwright.compile.possible import Alternatives, either, unset
from dealwright.compile.rules.ways import Parts

_ENTRY: Final = "entry-"
_CONTACTS: Final = "deal.contacts.count"


def required_at(account: ir.Account, automation: ir.Automation, step: ir.Step) -> Parts:
    """Return what the stage requires whose entry criteria the step asks for; nothing where it asks for none."""
    if automation.origin != "criteria" or not isinstance(step, ir.BranchStep) or not step.name.startswith(_ENTRY):
        return ()
    return tuple(
        _there(name)
        for pipeline in account.pipelines
        if automation.key == f"{pipeline.key}.criteria"
        for stage in pipeline.stages
        if step.name == _ENTRY + stage.key.replace("_", "-")
        for name in stage.required
    )


def _there(name: str) -> Alternatives:
    """What it says that a deal has the field; whoever has a contact has a main one."""
    if name != "contacts":
        return [(Atom(f"deal.{name}", "set"),)]
    counted = either([(Atom(_CONTACTS, ">=", Decimal(1)),)], unset(_CONTACTS))
    return [(Atom("deal.main_contact", "set"), Atom("deal.main_contact.id", "set"), *way) for way in counted]
