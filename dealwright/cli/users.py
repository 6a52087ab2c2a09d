"""Who is meant: users of the CRM, and those of roles, by name, e-mail address or id."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Sequence
from datetime import date

from dealwright.cli.site import Site
from dealwright.cli.terminal import plain
from dealwright.engine.picked import Behind
from dealwright.errors import InputError
from dealwright.model.crm import User
from dealwright.ports import Crm, ReadsUsers


def users_of(site: Site) -> Sequence[User]:
    """Ask the CRM who works in it."""
    crm = site.project.account(site.account).crm
    if not isinstance(crm, ReadsUsers):
        raise InputError(f"the CRM of account {site.account} does not say who works in it; nothing was changed")
    return asyncio.run(_read(crm, crm))


async def _read(reader: ReadsUsers, crm: Crm) -> Sequence[User]:
    try:
        return await reader.read_users()
    finally:
        await crm.aclose()


def today_in(site: Site) -> date:
    """Return the day that it is in the account's zone."""
    return site.journal.clock.now().astimezone(site.zone).date()


def behind_roles(site: Site) -> Behind:
    """Return who stands behind the account's roles today."""
    return site.journal.people(site.account, today_in(site))


def everybody(site: Site) -> Sequence[User]:
    """Return the users of the CRM, and those of roles who are users no longer."""
    listed = {user.id: user for user in users_of(site)}
    return [*listed.values(), *(user for user in members(behind_roles(site)) if user.id not in listed)]


def members(behind: Behind) -> list[User]:
    """Return everybody who stands behind a role."""
    return list({user.id: user for users in behind.members.values() for user in users}.values())


def one_user(typed: str, users: Sequence[User], account: str) -> User:
    """Return the user whose id, e-mail address or name was typed.

    Raises:
        InputError: nobody, or more than one, is meant.
    """
    text = " ".join(typed.split())
    for same in (
        [user for user in users if user.id == text],
        [user for user in users if user.email and user.email.casefold() == text.casefold()],
        [user for user in users if " ".join(user.name.split()).casefold() == text.casefold()],
    ):
        if len(same) == 1:
            return same[0]
        if same:
            ids = ", ".join(f"{user.id} ({user.email or 'no address'})" for user in same)
            raise InputError(f"{plain(text)!r} may be {plain(ids)}: write the id; nothing was changed")
    names = [user.name for user in users]
    near = difflib.get_close_matches(text, names, n=1)
    hint = f"did you mean {plain(near[0])}?" if near else "write a name, an e-mail address or an id"
    raise InputError(f"the CRM of account {account} has no user {plain(text, limit=80)!r}; {hint}; nothing was changed")
