"""Who is one person: contacts that share a phone, in whatever format, or an e-mail address.

Phones are normalised with the account's country (E.164, by libphonenumber), addresses by case and spaces. The journal
holds only keyed hashes of them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection, text

from dealwright.model.crm import Contact
from dealwright.model.normal import normal_email, normal_phone
from dealwright.statements import Query


class Merge(msgspec.Struct, frozen=True, kw_only=True):
    """Two persons turned out to be one: `loser` is `winner` from now on."""

    winner: str
    loser: str


def keys_of(contact: Contact, *, country: str, secret: bytes) -> tuple[str, ...]:
    """Return the hashed keys by which the contact's person is known; none if there is neither phone nor address."""
    found = []
    if contact.phone and (phone := normal_phone(contact.phone, country)):
        found.append(f"phone:{phone}")
    if contact.email and (email := normal_email(contact.email)):
        found.append(f"email:{email}")
    return tuple(hmac.new(secret, key.encode(), hashlib.sha256).hexdigest()[:32] for key in found)


_CONTACTS: Final = Query("select contact, person from person_contacts where account = :account and contact in :ids")
_SAME: Final = Query(
    "select mine.contact, theirs.contact as other from person_contacts as mine"
    " join person_contacts as theirs on theirs.account = mine.account and theirs.person = mine.person"
    " where mine.account = :account and mine.contact in :ids and theirs.contact <> mine.contact"
    " order by mine.contact, theirs.contact limit :most"
)
_KEYS: Final = Query("select key, person from person_keys where account = :account and key in :ids")
_PUT_CONTACT: Final = text(
    "insert into person_contacts (account, contact, person) values (:account, :id, :person) "
    "on conflict (account, contact) do update set person = excluded.person"
)
_PUT_KEY: Final = text(
    "insert into person_keys (account, key, person) values (:account, :id, :person) "
    "on conflict (account, key) do update set person = excluded.person"
)
_MOVE: Final = (
    text("update person_contacts set person = :winner where account = :account and person = :loser"),
    text("update person_keys set person = :winner where account = :account and person = :loser"),
)


def persons(connection: Connection, account: str, contacts: Sequence[str]) -> dict[str, str]:
    """Return who stands behind each contact that was observed."""
    if not contacts:
        return {}
    rows = _CONTACTS.run(connection, account=account, ids=list(contacts))
    return {row.contact: row.person for row in rows}


def same_people(connection: Connection, account: str, contacts: Sequence[str], most: int) -> dict[str, list[str]]:
    """Return the other contacts behind which the same person stands, `most` in all; who is alone is missing."""
    found: dict[str, list[str]] = {}
    if contacts:
        for row in _SAME.run(connection, account=account, ids=list(contacts), most=most):
            found.setdefault(row.contact, []).append(row.other)
    return found


def identify(
    connection: Connection,
    account: str,
    contacts: Iterable[Contact],
    *,
    country: str,
    secret: bytes,
    same: Iterable[tuple[str, str]] = (),
) -> tuple[Merge, ...]:
    """Find out who stands behind the contacts, write it down, and return which persons turned out to be one.

    A contact may be given more than once, as it changed: each of its phones and addresses counts. `same` are pairs of
    these contacts that were merged in the CRM: one person, whatever their phones and addresses.
    """
    keys: dict[str, tuple[str, ...]] = {}
    for contact in contacts:
        keys[contact.id] = keys.get(contact.id, ()) + keys_of(contact, country=country, secret=secret)
    if not keys:
        return ()
    by_contact = persons(connection, account, sorted(keys))
    all_keys = sorted({key for own in keys.values() for key in own})
    rows = _KEYS.run(connection, account=account, ids=all_keys) if all_keys else ()
    by_key: dict[str, str] = {row.key: row.person for row in rows}
    known = (dict(by_contact), dict(by_key))

    merged: dict[str, str] = {}

    def now(person: str) -> str:
        while person in merged:
            person = merged[person]
        return person

    for id_, own in sorted(keys.items()):
        candidates = {now(by_key[key]) for key in own if key in by_key}
        if id_ in by_contact:
            candidates.add(now(by_contact[id_]))
        person = min(candidates, default=id_)
        for loser in candidates - {person}:
            merged[loser] = person
        by_contact[id_] = person
        by_key.update(dict.fromkeys(own, person))

    for one, other in same:
        person, loser = sorted((now(by_contact[one]), now(by_contact[other])))
        if person != loser:
            merged[loser] = person

    for statement, found, before in ((_PUT_CONTACT, by_contact, known[0]), (_PUT_KEY, by_key, known[1])):
        changed = [
            {"account": account, "id": id_, "person": now(person)}
            for id_, person in sorted(found.items())
            if before.get(id_) != now(person)
        ]
        if changed:
            connection.execute(statement, changed)
    merges = tuple(Merge(winner=now(loser), loser=loser) for loser in sorted(merged))
    for merge in merges:
        for move in _MOVE:
            connection.execute(move, {"account": account, "winner": merge.winner, "loser": merge.loser})
    return merges
