"""Act: carries effects that passed the gate to their connector, and says what an unanswered one means by its class."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final, Literal

from dealwright import faults
from dealwright.clock import Clock
from dealwright.engine.records import EffectOutcome, EffectRow
from dealwright.errors import ConnectorError, OutcomeUnknown, RateLimited, Rejected, Unauthorized, Unavailable
from dealwright.model.delivery import AtMostOnce, Checkable, Idempotent, Keyed
from dealwright.model.requests import Call, Outcome, Refused, Request, Sent, TryAgain, Unknown
from dealwright.ports import Connector

_log = logging.getLogger(__name__)

LOOKS: Final = 2
"""How often a key is looked up before its absence is believed."""

PAUSE: Final = 1.0
"""Seconds before what failed for the first time is tried again."""

LONGEST_BACKOFF: Final = 300.0
"""Seconds between two attempts at most."""

MOST_FAILURES: Final = 20
"""Attempts of one effect that fail while its system answers others (about an hour): then it is parked."""

MOST_ATTEMPTS: Final = 400
"""Attempts of one effect in all, whatever the reason (more than a day of an outage): then it is parked."""

_UNAUTHORIZED_WAIT: Final = 60.0


def effect_key(installation: str, execution_id: str, step: str, visit: int, target: str) -> str:
    """Return the key that goes to the vendor: the same for every attempt, for ever; another in every journal."""
    text = "|".join((installation, execution_id, step, str(visit), target))
    return "dw-" + hashlib.blake2b(text.encode(), digest_size=15).hexdigest()


def backoff(attempts: int, first: float = PAUSE) -> float:
    """Return the seconds to wait after that many attempts: `first`, twice that, ... up to five minutes."""
    return min(LONGEST_BACKOFF, first * float(2 ** max(0, min(attempts, 10) - 1)))


class Connectors:
    """Which connector carries out which kind of request, for one account."""

    def __init__(self, connectors: Sequence[Connector]) -> None:
        self._by_kind: Mapping[str, Connector] = {
            kind: connector for connector in connectors for kind in connector.actions()
        }

    def carrier(self, request: Request) -> Connector | None:
        """Return the connector of a request, or None if no connector carries out its kind."""
        return self._by_kind.get(request.kind)


def call_of(effect: EffectRow, actor: str) -> Call:
    """Return the call that carries an effect."""
    return Call(key=effect.key, actor=actor, request=effect.request, attempt=effect.attempts + 1)


async def perform(
    connector: Connector, effects: Sequence[EffectRow], actor: str, lease_holds: Callable[[], bool]
) -> list[EffectOutcome]:
    """Send effects of one connector in one bulk call; return one outcome for each.

    The lease is looked at directly before the socket. If it is gone nothing is sent: what comes back is `unknown` in
    the journal already (the effects are `sending`), and whoever has the lease now decides by the delivery class.
    """
    if not lease_holds():
        return []
    faults.hit("act.before-request")
    apart = False
    try:
        outcomes: Sequence[Outcome] = await connector.perform([call_of(effect, actor) for effect in effects])
    except ConnectorError as error:
        apart = not isinstance(error, (RateLimited, Unauthorized))
        outcomes = [outcome_of(error)] * len(effects)
    except Exception as error:
        # A fault of a connector's own: nobody can say whether its request left. The type is told, never the text,
        # which may hold what the request held.
        _log.error("connector %s failed with %s", connector.name, type(error).__name__)
        apart = True
        outcomes = [Unknown(reason=f"the connector failed: {type(error).__name__}")] * len(effects)
    faults.hit("act.after-request")
    if len(outcomes) != len(effects):
        _log.error("connector %s answered %d of %d calls", connector.name, len(outcomes), len(effects))
        outcomes = [Unknown(reason="the connector did not answer for each call")] * len(effects)
    return [
        EffectOutcome(effect=effect, outcome=outcome, apart=apart)
        for effect, outcome in zip(effects, outcomes, strict=True)
    ]


def outcome_of(error: ConnectorError) -> Outcome:
    """Return what an error that concerns the whole request means for each of its calls."""
    match error:
        case RateLimited(retry_after=after):
            return TryAgain(reason="rate limited", after=after if after is not None else 1.0)
        case Unavailable():
            return TryAgain(reason="not reached")
        case Unauthorized():
            return TryAgain(reason="not authorized: check the connector's credentials", after=_UNAUTHORIZED_WAIT)
        case Rejected(code=code):
            return Refused(code=code, message=str(error))
        case OutcomeUnknown():
            return Unknown(reason="no answer")
        case _:
            return Unknown(reason=type(error).__name__)


def given_up(item: EffectOutcome) -> bool:
    """Say whether an effect that may be tried again was tried often enough.

    A system that is away fails everybody: that is waited out, for more than a day. An effect that fails while its
    system answers others fails by itself, and somebody should look at it today. A person's retry lets it try as often
    once more.
    """
    attempts, failures = item.effect.attempts + 1, item.effect.failures + 1
    return attempts % MOST_ATTEMPTS == 0 or (not item.away and failures % MOST_FAILURES == 0)


Remedy = Literal["repeat", "look", "park"]


def remedy(effect: EffectRow, clock: Clock) -> Remedy:
    """Say what may be done about an effect that left without an answer, by its delivery class (engine-contract §4)."""
    if effect.allowed_attempt == effect.attempts + 1:
        return "repeat"  # a person has asked for this one attempt, though an earlier one may have arrived
    match effect.delivery:
        case Idempotent() | Keyed(dedupes_for=None):
            return "repeat"
        case Keyed(dedupes_for=timedelta() as kept):
            # Half of it is for clocks that are wrong: of an age below zero the wall clock was set back since.
            age = abs(clock.wall() - effect.first_sent) if effect.first_sent is not None else timedelta.max
            return "repeat" if age < kept / 2 else "park"
        case Checkable():
            return "repeat" if effect.looks >= LOOKS else "look"
        case AtMostOnce():
            return "park"
    raise TypeError(f"{effect.delivery!r} is no delivery class")


async def look(connector: Connector, effects: Sequence[EffectRow], actor: str) -> list[EffectOutcome]:
    """Look keys up at the other side: found is sent, not found is unknown still (and counted)."""
    try:
        found = await connector.look([call_of(effect, actor) for effect in effects])
    except Exception as error:
        if not isinstance(error, ConnectorError):
            _log.error("connector %s failed to look with %s", connector.name, type(error).__name__)
        return []
    if len(found) != len(effects):
        return []
    return [
        EffectOutcome(effect=effect, outcome=Sent() if is_there else Unknown(reason="not found"), looked=True)
        for effect, is_there in zip(effects, found, strict=True)
    ]
