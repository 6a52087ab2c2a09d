"""Lookups: questions to other systems whose answers are kept for a while, and asked once for all who ask the same."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from dealwright.engine.act import perform
from dealwright.engine.records import EffectOutcome, EffectRow
from dealwright.engine.store import Store
from dealwright.model.requests import Given, Lookup, Sent
from dealwright.model.values import is_number
from dealwright.ports import Connector


def question(installation: str, request: Lookup) -> str:
    """Return what tells a question from another: what was asked cannot be read from it."""
    asked: list[object] = [request.system, request.path, sorted(request.ask.items()), sorted(request.gives.items())]
    if request.optional:  # an answer in which something is missing is none for who must have it
        asked.append(sorted(request.optional))
    key = hashlib.blake2b(installation.encode(), digest_size=32).digest()
    return hashlib.blake2b(msgspec.json.encode(asked), digest_size=16, key=key).hexdigest()


def read_given(kind: Given, typed: str) -> str | bool | int:
    """Return what another system would give, as people type it and the journal keeps it.

    Raises:
        ValueError: it is nothing of that kind.
    """
    match kind:
        case "flag":
            if typed.strip().lower() not in ("true", "yes", "false", "no"):
                raise ValueError(typed)
            return typed.strip().lower() in ("true", "yes")
        case "whole":
            if not is_number(typed.strip()):
                raise ValueError(typed)
            return int(typed)
        case "number":
            if not is_number(typed.strip()):
                raise ValueError(typed)
            return f"{Decimal(typed.strip()):f}"
        case "day":
            return date.fromisoformat(typed).isoformat()
        case "text":
            return typed


async def performed(
    store: Store,
    account: str,
    connector: Connector,
    effects: Sequence[EffectRow],
    actor: str,
    lease_holds: Callable[[], bool],
) -> list[EffectOutcome]:
    """Send effects as `perform` does; questions that were answered lately, or stand twice among them, are not asked."""
    kept = {
        effect.key: question(store.installation, effect.request)
        for effect in effects
        if isinstance(effect.request, Lookup) and effect.request.keep_until is not None
    }
    if not kept or not lease_holds():
        return await perform(connector, effects, actor, lease_holds)
    known = store.known_answers(account, sorted(set(kept.values())))
    first = {digest: key for key, digest in reversed(kept.items())}
    asking = [
        effect
        for effect in effects
        if effect.key not in kept or (kept[effect.key] not in known and first[kept[effect.key]] == effect.key)
    ]
    outcomes = await perform(connector, asking, actor, lease_holds) if asking else []
    learned = {
        kept[item.effect.key]: (item.outcome, item.effect.request.keep_until)
        for item in outcomes
        if item.effect.key in kept and isinstance(item.effect.request, Lookup) and isinstance(item.outcome, Sent)
    }
    store.keep_answers(
        account,
        [
            (digest, outcome, until)
            for digest, (outcome, until) in learned.items()
            if until is not None and "error" not in outcome.receipt
        ],
    )
    # Who asks the same shares what came of it, also if that was no answer: each comes back and asks again.
    shared = {kept[item.effect.key]: item for item in outcomes if item.effect.key in kept}
    answered = {item.effect.key for item in outcomes}
    found = list(outcomes)
    for effect in effects:
        digest = kept.get(effect.key)
        if effect.key in answered or digest is None:
            continue
        if digest in known:
            told = msgspec.structs.replace(known[digest], repeated=True)
            found.append(EffectOutcome(effect=effect, outcome=told))
        elif digest in shared:
            item = shared[digest]
            outcome = item.outcome
            if isinstance(outcome, Sent):
                outcome = msgspec.structs.replace(outcome, repeated=True)
            found.append(msgspec.structs.replace(item, effect=effect, outcome=outcome))
    return found
