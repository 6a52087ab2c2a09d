"""Kommo's hooks: forms in PHP's bracket notation, read strictly and within limits, and the events that they tell.

    leads[status][0][id]=25399013&leads[status][0][status_id]=142&leads[status][0][old_status_id]=7039101&...

Kommo signs nothing, names no delivery, and says only what a lead is now: an event of it is a `DealNoticed` that is read
again. A hook that is repeated is known by what it says of the entity, so that two changes within one second are two.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NoReturn
from urllib.parse import unquote_to_bytes

from dealwright.clock import Clock
from dealwright.errors import Rejected, TooMuch
from dealwright.model.events import ContactNoticed, DealNoticed, Event, Happened, Place, created_id
from dealwright.ports import FeedItem
from dealwright_kommo.settings import KommoSettings

LARGEST: Final = 5_000_000
MOST_PAIRS: Final = 20_000
DEEPEST: Final = 16
LONGEST_KEY: Final = 2_000
MOST_EVENTS: Final = 1_000
"""How many entities one hook may name; Kommo sends a few."""

_SHORT_NAME: Final = 120
"""Bytes of a name that is worth remembering."""

SCALAR: Final = ""
"""Under this name stands a value whose path is also a branch: PHP would let the later one win, and lose the other."""

_FORM: Final = "application/x-www-form-urlencoded"
_ID: Final = re.compile(r"[1-9][0-9]{0,18}")
_KEY: Final = re.compile(r"dw-[0-9a-f]{30}")
_LATEST: Final = 32_503_680_000
"""The year 3000, in seconds: what is beyond is no time."""

Branch = dict[str, Any]

_LEADS: Final[Mapping[str, Happened]] = {
    "add": "created",
    "update": "changed",
    "responsible": "changed",
    "restore": "changed",
    "status": "moved",
    "delete": "removed",
}
_CONTACTS: Final[Mapping[str, Happened]] = {"update": "changed", "delete": "removed"}
_NO_NEWS: Final[Mapping[str, frozenset[str]]] = {
    "leads": frozenset({"note", "mail_in", "call_in", "chat", "site_visit"}),
    "contacts": frozenset({"add", "restore", "responsible", "note"}),
}
"""What rules have no event for; what is neither here nor above is not understood."""

_OTHERS: Final = frozenset({"account", "task", "unsorted", "message", "talk", "customers", "companies", "catalogs"})
"""Hooks of Kommo that are passed over."""


def decode(body: bytes) -> Branch:
    """Return a form as nested tables with texts for values, as PHP would read it.

    An unclosed bracket makes the rest of the name literal; `[]` is the next number; a value given twice is the later
    one. Bytes that are no UTF-8 are replaced.

    Raises:
        TooMuch: the body is larger, deeper or has more pairs than is read.
    """
    if len(body) > LARGEST:
        raise TooMuch(f"the body has more than {LARGEST} bytes", code="body")
    if body.count(b"&") >= MOST_PAIRS:
        raise TooMuch(f"the body has more than {MOST_PAIRS} pairs", code="pairs")
    tree: Branch = {}
    counters: dict[int, int] = {}
    for pair in body.split(b"&"):
        if not pair:
            continue
        name, _, value = pair.partition(b"=")
        path = _known_path(name) if len(name) <= _SHORT_NAME else _path(_text(name))
        if path:
            _put(tree, counters, path, _text(value))
    return tree


class KommoHooks:
    """Reads what Kommo pushes for one account."""

    def __init__(self, settings: KommoSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    def receive(self, headers: Mapping[str, str], body: bytes) -> Sequence[FeedItem]:
        """Return the events of one verified request; none if it tells of nothing that rules could answer.

        Raises:
            TooMuch: it is larger or deeper, or has more parts, than is read.
            Rejected: it is no form of Kommo's.
        """
        media = headers.get("content-type", _FORM).partition(";")[0].strip().lower()
        if media != _FORM:
            _refuse("media_type", f"the content type is not {_FORM}, in which Kommo sends its hooks")
        tree = decode(body)
        if not any(isinstance(tree.get(name), dict) for name in ("leads", "contacts", *_OTHERS)):
            _refuse("not_kommo", "the body is no hook of Kommo: it names neither an account nor anything of one")
        found = dict(_each(tree, self._settings, self._clock.now()))
        if not found:
            _understood(tree)
        return [FeedItem(event=event, raw=body) for event in found.values()]


def _each(tree: Branch, settings: KommoSettings, now: datetime) -> Iterator[tuple[str, Event]]:
    """Return the events by their ids, in the order that Kommo tells them; what has no id costs the others nothing."""
    told = 0
    for root, kinds in (("leads", _LEADS), ("contacts", _CONTACTS)):
        for action, entities in _branches(tree.get(root)):
            happened = kinds.get(action)
            for _, entity in _branches(entities) if happened is not None else ():
                told += 1
                if told > MOST_EVENTS:
                    raise TooMuch(f"the body names more than {MOST_EVENTS} leads and contacts", code="entities")
                if happened is not None and _is_id(entity.get("id")) and entity.get("type") != "company":
                    event = _event(root, action, happened, entity, settings, now)
                    yield event.source_id, event


def _understood(tree: Branch) -> None:
    """Return if a hook that tells no event is one that has none to tell.

    Raises:
        Rejected: it may have one, in a form that is not known.
    """
    for root, kinds in (("leads", _LEADS), ("contacts", _CONTACTS)):
        if root in tree and not isinstance(tree[root], dict):
            _refuse("unknown", f"{root} is no list of what happened")
        for action, entities in tree.get(root, {}).items():
            if action in _NO_NEWS[root]:
                continue
            if action not in kinds:
                _refuse("unknown", f"something happened to {root} that this reader does not know")
            listed = entities.values() if isinstance(entities, dict) else (entities,)
            for entity in listed:
                if not isinstance(entity, dict) or not _is_id(entity.get("id")):
                    _refuse("id", f"an entity of {root}[{action}] has no id")
    if set(tree) - _OTHERS - set(_NO_NEWS):
        _refuse("unknown", "it tells of something that this reader does not know")


def _branches(value: object) -> Iterator[tuple[str, Branch]]:
    for name, below in value.items() if isinstance(value, dict) else ():
        if isinstance(below, dict):
            yield name, below


def _event(root: str, action: str, happened: Happened, entity: Branch, settings: KommoSettings, now: datetime) -> Event:
    id_ = str(entity["id"])
    changed = _seconds(entity, "last_modified", "updated_at")
    if happened == "created":
        changed = changed or _seconds(entity, "date_create", "created_at")
    user = entity.get("modified_user_id") or entity.get("created_user_id")
    common: dict[str, Any] = {
        "source_id": _source_id(root, action, id_, changed, entity, now),
        "occurred_at": now if changed is None else datetime.fromtimestamp(changed, UTC),
        "actor": f"user:{user}" if isinstance(user, str) and _ID.fullmatch(user) else "user:0",
        "happened": happened,
        "version": changed,
        "ours": isinstance(user, str) and user == settings.user,
    }
    if root == "contacts":
        return ContactNoticed(**common, contact_id=id_)
    if happened == "created":
        common |= {"source_id": created_id(id_), "cause": _own_key(entity, settings)}
    came_from = went_to = None
    if happened in ("moved", "created"):
        went_to = _place(entity, "pipeline_id", "status_id", settings)
    if happened == "moved":
        came_from = _place(entity, "old_pipeline_id", "old_status_id", settings)
    return DealNoticed(**common, deal_id=id_, came_from=came_from, went_to=went_to)


def _source_id(root: str, action: str, id_: str, changed: int | None, entity: Branch, now: datetime) -> str:
    told = "\n".join(_lines(entity)).encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(told, digest_size=8).hexdigest()
    if changed is None and action != "delete":
        # A digital pipeline's form says not when, and is sent once: the same move on another day is another move.
        return f"{root}:{id_}:{action}:-{int(now.timestamp()) // 60}:{digest}"
    return f"{root}:{id_}:{action}:{changed or '-'}:{digest}"


def _lines(branch: Branch, path: str = "") -> Iterator[str]:
    for name, value in branch.items():
        if isinstance(value, dict):
            yield from _lines(value, f"{path}[{name}]")
        else:
            yield f"{path}[{name}]={value}"


def _place(entity: Branch, pipeline: str, stage: str, settings: KommoSettings) -> Place | None:
    stage_id = entity.get(stage)
    # The old pipeline is told only where it is another one.
    pipeline_id = entity.get(pipeline) or entity.get("pipeline_id")
    if not _is_id(stage_id) or not _is_id(pipeline_id):
        return None
    return settings.place(int(str(pipeline_id)), int(str(stage_id)))


def _own_key(entity: Branch, settings: KommoSettings) -> str | None:
    """Return the effect key that a lead which we created carries in its field for it."""
    fields = entity.get("custom_fields")
    for field in fields.values() if isinstance(fields, dict) and settings.key_field is not None else ():
        if not isinstance(field, dict) or field.get("id") != str(settings.key_field):
            continue
        values = field.get("values")
        for value in values.values() if isinstance(values, dict) else ():
            text = value.get("value") if isinstance(value, dict) else value
            if isinstance(text, str) and _KEY.fullmatch(text):
                return text
    return None


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _seconds(entity: Branch, *names: str) -> int | None:
    for name in names:
        value = entity.get(name)
        if isinstance(value, str) and _ID.fullmatch(value) and int(value) < _LATEST:
            return int(value)
    return None


def _text(raw: bytes) -> str:
    if b"%" not in raw:
        return raw.replace(b"+", b" ").decode("utf-8", "replace")
    return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8", "replace")


@functools.lru_cache(4_096)
def _known_path(name: bytes) -> tuple[str, ...]:
    """Return a name's path; the same names come in every hook."""
    return _path(_text(name))


def _path(name: str) -> tuple[str, ...]:
    """Split a name at its brackets; an unclosed one makes the rest literal."""
    if len(name) > LONGEST_KEY:
        raise TooMuch(f"a name has more than {LONGEST_KEY} characters", code="name")
    root, bracket, rest = name.partition("[")
    path = [root]
    while bracket:
        inner, closing, rest = rest.partition("]")
        if not closing:
            path[-1] += f"[{inner}"
            break
        path.append(inner)
        if len(path) > DEEPEST:
            raise TooMuch(f"a name has more than {DEEPEST} brackets", code="depth")
        if not rest.startswith("["):
            break
        rest = rest[1:]
    return tuple(path) if root else ()


def _put(tree: Branch, counters: dict[int, int], path: Sequence[str], value: str) -> None:
    branch = tree
    last = len(path) - 1
    for place, part in enumerate(path):
        name = part
        if part == "" and place > 0:
            name = str(_next(branch, counters))
        elif counters and id(branch) in counters and _is_number(name):
            counters[id(branch)] = max(counters[id(branch)], int(name) + 1)
        if place == last:
            if isinstance(branch.get(name), dict):
                branch[name][SCALAR] = value
            else:
                branch[name] = value
            return
        below = branch.get(name)
        if not isinstance(below, dict):
            below = {} if below is None else {SCALAR: below}
            branch[name] = below
        branch = below


def _next(branch: Branch, counters: dict[int, int]) -> int:
    """Return the next number of a branch; it is counted on from then on, for counting anew would take too long."""
    number = counters.get(id(branch))
    if number is None:
        number = max((int(name) + 1 for name in branch if _is_number(name)), default=0)
    counters[id(branch)] = number + 1
    return number


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdigit() and len(name) < 10


def _refuse(code: str, message: str) -> NoReturn:
    raise Rejected(message, code=code)
