"""`dealwright crm fields`, and what the other commands share that set or look for a company's own fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import click
import msgspec

from dealwright.errors import InputError, Rejected
from dealwright.model.custom import Custom, CustomValue
from dealwright_embedded_crm import tables
from dealwright_embedded_crm.commands.opening import Opened, ask, confirmed, of_account, opened
from dealwright_embedded_crm.mapping import near
from dealwright_embedded_crm.own_texts import Reading
from dealwright_embedded_crm.people_fields import KeptField

CLEAR: Final = "-"
"""What clears a field."""

F = TypeVar("F", bound=Callable[..., Any])


@click.group()
def fields() -> None:
    """The company's own fields of deals, contacts, companies and records; definitions make them."""


@fields.command("ls")
@click.option("--json", "as_json", is_flag=True, help="One JSON array on stdout.")
@of_account
def fields_ls(as_json: bool, account: str | None) -> None:
    """List the fields; those that no release names any more with how many records hold something in them."""
    with opened(account) as here:
        found = here.crm.kept_fields()
    if as_json:
        click.echo(tables.as_json([_told(each) for each in found]))
    else:
        tables.console().print(tables.own_fields(found))


@fields.command("rm")
@click.argument("field", metavar="FIELD")
@confirmed
@of_account
def fields_rm(field: str, yes: bool, account: str | None) -> None:
    """Delete a field that no release names any more, such as deal.treatment, with all that is held in it.

    A kind of records, such as instalment, is deleted with all its fields when no record of it is left.
    """
    holder, _, key = field.rpartition(".")
    with opened(account) as here:
        fields = here.crm.own_fields()
        if not holder and any(kind.key == key for kind in fields.kinds):
            here.crm.remove_kind(key)
            click.echo(f"kind of records {key} deleted")
            return
        if holder not in fields.holders or not key:
            raise InputError(f"{field!r} names no field; write deal.{key or 'treatment'}")
        found = fields.get(holder, key)
        if found is None:
            known = [each.name for each_holder in fields.holders for each in fields.of(each_holder)]
            raise InputError(f"there is no field {field!r}{near(field, known)}")
        if not found.released:
            ask(f"Delete field {found.name} and all that is held in it? It cannot be recovered.", yes)
        many = here.crm.remove_field(holder, key)
    click.echo(f"field {found.name} deleted; {many:,} {'record' if many == 1 else 'records'} held it")


def settable(command: F) -> F:
    """Let own fields be given with `--set FIELD=VALUE`."""
    return click.option(
        "--set", "own", multiple=True, metavar="FIELD=VALUE", help="A field of the company's own; once for each."
    )(command)


def findable(command: F) -> F:
    """Let records be looked for by own fields with `--where FIELD=VALUE`."""
    return click.option(
        "--where", "own", multiple=True, metavar="FIELD=VALUE", help="Only what has this in an own field."
    )(command)


def given(here: Opened, holder: str, texts: Iterable[str]) -> tuple[Custom, ...]:
    """Return what `FIELD=VALUE` texts say of own fields; `-` clears one.

    Raises:
        InputError: one is not of that form, a field is there twice or not at all, or cannot hold that.
    """
    wanted: dict[str, str] = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign or not key.strip():
            raise InputError(f"{text!r} is not of the form field=value, such as treatment=implant")
        if key.strip() in wanted:
            raise InputError(f"field {key.strip()!r} is given twice")
        wanted[key.strip()] = "" if value.strip() == CLEAR else value
    if not wanted:
        return ()
    try:
        return here.crm.read_texts(holder, wanted, Reading(zone=here.zone(), currency=here.currency()))
    except Rejected as refusal:
        raise InputError(str(refusal)) from None


def looked_for(here: Opened, holder: str, texts: Iterable[str]) -> tuple[tuple[str, CustomValue], ...]:
    """Return which values own fields must have, as `FIELD=VALUE` texts say.

    Raises:
        InputError: as for `given`, or a value is missing.
    """
    found = []
    for each in given(here, holder, texts):
        if each.value is None:
            raise InputError(f"--where {each.key}=... needs a value: what has none in a field cannot be looked for")
        found.append((each.key, each.value))
    return tuple(found)


def _told(each: KeptField) -> dict[str, Any]:
    shape = msgspec.structs.asdict(each.definition.shape)
    return {"of": each.definition.holder, **shape, "released": each.definition.released, "held": each.held}
