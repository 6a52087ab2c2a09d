"""Subscriptions to the change feed: who is told what by POST, how far each has come, and how it fares."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any, Final, Literal, get_args
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from dealwright_embedded_crm import feed, reads, schema, values
from dealwright_embedded_crm.counters import take_number
from dealwright_embedded_crm.values import Refusal
from dealwright_http.addresses import is_public
from dealwright_http.redaction import shown_url

Kind = Literal[
    "deal_created",
    "deal_updated",
    "stage_changed",
    "contact_added",
    "contact_removed",
    "task_completed",
    "activity_logged",
    "record_added",
    "record_updated",
    "record_removed",
    "contact_updated",
    "message_received",
]
"""The kinds of events that the CRM's feed tells."""

KINDS: Final = get_args(Kind)

MOST: Final = 20
"""Subscriptions of one CRM: each is one more request for every change."""

PREFIX: Final = "dwhook_"
"""What a secret begins with, so that scanners of leaked secrets can find it."""

FIRST_PAUSE: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = timedelta(minutes=5)
PATIENCE: Final = timedelta(hours=24)
"""Who fails for so long, and no fewer times than `FEWEST_FAILURES`, is disabled."""

FEWEST_FAILURES: Final = 10
"""An outage of ours is no failure of theirs: after it they get this many chances."""

HELD: Final = timedelta(seconds=30)
"""For so long one process delivers to a subscription alone, unless it goes on; longer than any request takes."""

_SECRET_BYTES: Final = 32

_table = schema.subscriptions
_column = schema.subscriptions.c


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """One subscription without its secret; `after` is the id of the last event that was delivered."""

    id: str
    url: str
    kinds: tuple[str, ...]
    after: str
    allow_private: bool
    made_by: str
    created_at: datetime
    failures: int = 0
    not_before: datetime | None = None
    last_status: str | None = None
    disabled_at: datetime | None = None
    disabled_reason: str | None = None


def add(
    connection: Connection,
    url: str,
    kinds: Sequence[str],
    *,
    after: int | None,
    allow_private: bool,
    made_by: str,
    now: datetime,
) -> tuple[Subscription, str]:
    """Make a subscription to what comes after that event (None: after now); return it with its secret.

    Raises:
        Refusal: the address cannot be used, a kind is not known, or there are too many.
    """
    _check_url(url, allow_private)
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown:
        raise Refusal("bad_kinds", f"{values.shown(unknown[0])} is no kind of event; there are {', '.join(KINDS)}")
    newest = feed.last(connection)
    if after is not None and after > newest:
        raise Refusal("bad_after", f"after is the id of an event that was seen; the newest has the id {newest}")
    if int(connection.execute(select(func.count()).select_from(_table)).scalar_one()) >= MOST:
        raise Refusal("too_many_webhooks", f"there are {MOST} webhooks, and no CRM has more; delete one first")
    secret = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    row = {
        "id": take_number(connection, "subscription"),
        "url": url,
        "secret": secret,
        "kinds": json.dumps(list(dict.fromkeys(kinds))),
        "allow_private": allow_private,
        "made_by": made_by,
        "created_at": now,
        "after": newest if after is None else after,
        "failures": 0,
    }
    connection.execute(insert(_table), [row])
    return one(connection, str(row["id"])), secret


def every(connection: Connection) -> list[Subscription]:
    """Return all subscriptions, oldest first."""
    return [_subscription(row) for row in connection.execute(select(_table).order_by(_column.id))]


def one(connection: Connection, id_: str) -> Subscription:
    """Return a subscription.

    Raises:
        Refusal: there is no such one.
    """
    row = connection.execute(select(_table).where(_column.id == (reads.number(id_) or 0))).one_or_none()
    if row is None:
        raise Refusal("unknown_webhook", f"there is no webhook {values.shown(id_)}")
    return _subscription(row)


def remove(connection: Connection, id_: str) -> Subscription:
    """Delete a subscription, and its secret with it; what is on its way arrives.

    Raises:
        Refusal: there is no such one.
    """
    found = one(connection, id_)
    connection.execute(delete(_table).where(_column.id == int(found.id)))
    return found


def enable(connection: Connection, id_: str) -> Subscription:
    """Let a subscription go on at once where it stopped, whether it was disabled or waits.

    Raises:
        Refusal: there is no such one.
    """
    found = one(connection, id_)
    connection.execute(_of(found).values(failures=0, failing_since=None, not_before=None, **_ENABLED))
    return one(connection, id_)


# --- delivering -------------------------------------------------------------------------------------------------------


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What a subscription is to be told next; `seen` is up to where the feed was looked through for it."""

    items: list[tuple[int, bytes]]
    seen: int


def due(connection: Connection, at: datetime) -> list[Subscription]:
    """Return the subscriptions that may be told something, and have something new to look through."""
    newest = feed.last(connection)
    ready = select(_table).where(
        _column.disabled_at.is_(None),
        _column.after < newest,
        or_(_column.not_before.is_(None), _column.not_before <= at),
    )
    return [_subscription(row) for row in connection.execute(ready.order_by(_column.id))]


def page(connection: Connection, of: Subscription, limit: int) -> Page:
    """Return the next events that a subscription wants."""
    items = feed.since(connection, int(of.after), limit, of.kinds)
    return Page(items=items, seen=items[-1][0] if len(items) == limit else feed.last(connection))


def hold(connection: Connection, id_: str, holder: str, at: datetime) -> tuple[Subscription, str] | None:
    """Take a subscription for oneself, with its secret; None if another process has it, or nothing may be sent."""
    claimed = connection.execute(
        update(_table)
        .where(
            _column.id == int(id_),
            _column.disabled_at.is_(None),
            or_(_column.not_before.is_(None), _column.not_before <= at),
            or_(_column.held_by.is_(None), _column.held_by == holder, _column.held_until <= at),
        )
        .values(held_by=holder, held_until=at + HELD)
    )
    if claimed.rowcount == 0:
        return None
    row = connection.execute(select(_table).where(_column.id == int(id_))).one()
    return _subscription(row), row.secret


def release(connection: Connection, id_: str, holder: str) -> None:
    """Let another process have a subscription."""
    let_go = update(_table).where(_column.id == int(id_), _column.held_by == holder)
    connection.execute(let_go.values(held_by=None, held_until=None))


def delivered(connection: Connection, id_: str, holder: str, number: int, status: str, at: datetime) -> bool:
    """Remember that an event arrived; say whether the holder may go on.

    Not if another took it over meanwhile: the event may come twice, and none is passed over.
    """
    done = connection.execute(
        update(_table)
        .where(_column.id == int(id_), _column.held_by == holder, _column.disabled_at.is_(None))
        .values(
            after=number,
            last_status=status,
            failures=0,
            failing_since=None,
            not_before=None,
            held_until=at + HELD,
        )
    )
    return done.rowcount == 1


def passed(connection: Connection, of: Subscription, number: int) -> None:
    """Remember that nothing up to there is wanted, so that it is not looked through again."""
    connection.execute(_of(of).where(_column.after == int(of.after)).values(after=number))


def failed(
    connection: Connection, id_: str, holder: str, status: str, at: datetime, *, gone: bool, wait: timedelta
) -> Subscription | None:
    """Remember that an event did not arrive, and when to try again; None if the subscription is another's now.

    `gone` says that the receiver wants nothing any more, `wait` how long it asked to be left alone.
    """
    mine = select(_table).where(_column.id == int(id_), _column.held_by == holder, _column.disabled_at.is_(None))
    row = connection.execute(mine).one_or_none()
    if row is None:
        return None
    failures, since = row.failures + 1, row.failing_since or at
    reason = None
    if gone:
        reason = "the receiver answered 410: it wants nothing any more"
    elif at - since >= PATIENCE and failures >= FEWEST_FAILURES:
        reason = f"it failed for {PATIENCE // timedelta(hours=1)} hours, last with: {status}"
    changes = {
        "failures": failures,
        "failing_since": since,
        "last_status": status,
        "not_before": at + max(pause(failures), wait),
        "disabled_at": None if reason is None else at,
        "disabled_reason": reason,
    }
    found = _subscription(row)
    connection.execute(_of(found).values(held_by=None, held_until=None, **changes))
    return one(connection, id_)


def pause(failures: int) -> timedelta:
    """Return how long to wait after so many failures in a row."""
    return min(FIRST_PAUSE * (1 << min(failures - 1, 20)), LONGEST_PAUSE)


_ENABLED: Final[dict[str, None]] = {
    "disabled_at": None,
    "disabled_reason": None,
    "held_by": None,
    "held_until": None,
}


def _of(subscription: Subscription) -> Any:
    return update(_table).where(_column.id == int(subscription.id))


def _check_url(url: str, allow_private: bool) -> None:
    values.storable("url", url, values.LINE_BYTES)
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:
        usable = False
    # A blank or a control character would be dropped or escaped, by each library in its own way.
    if not usable or not url.isascii() or any(not "!" <= each <= "~" for each in url):
        raise Refusal("bad_url", "the url is no http(s) address with a host, in ASCII")
    if parts.username or parts.password:
        raise Refusal("bad_url", "the url carries a user or password; requests are signed with a secret instead")
    if allow_private:
        return
    if parts.scheme == "http":
        raise Refusal("bad_url", f"{shown_url(url)} is not https, and events are about customers")
    try:
        private = not is_public(ip_address((parts.hostname or "").strip("[]")))
    except ValueError:
        private = parts.hostname == "localhost"
    if private:
        raise Refusal("private_address", f"{shown_url(url)} is a private address; only the command line may allow it")


def _subscription(row: Row[Any]) -> Subscription:
    return Subscription(
        id=str(row.id),
        url=row.url,
        kinds=tuple(json.loads(row.kinds)),
        after=str(row.after),
        allow_private=row.allow_private,
        made_by=row.made_by,
        created_at=row.created_at,
        failures=row.failures,
        not_before=row.not_before,
        last_status=row.last_status,
        disabled_at=row.disabled_at,
        disabled_reason=row.disabled_reason,
    )
