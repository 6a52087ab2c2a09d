"""A connector in memory whose misbehaviour is scripted: answers that get lost, refusals, outages, index lag."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from dealwright.errors import OutcomeUnknown, RateLimited, Unavailable
from dealwright.model.delivery import AtMostOnce, Delivery, Keyed
from dealwright.model.requests import Call, Outcome, Refused, Request, Sent

Fault = Literal["lose-answer", "never-arrive", "away", "rate-limited", "refuse", "crash"]
"""What happens to one bulk request.

`lose-answer`: carried out, and the answer is lost. `never-arrive`: not carried out, and the answer is lost, which looks
the same from here. `away`: surely not carried out. `rate-limited`: asked to wait. `refuse`: every item is refused.
`crash`: the connector itself fails.
"""


class ScriptedConnector:
    """Carries out requests in memory, and counts how often each key changed its state.

    With a KEYED class a key that is known changes nothing; with any other class every arrival counts, as it does at a
    vendor without keys. `unfindable` keys are there and are not found yet (the lag of a vendor's search index).
    """

    name = "scripted"
    call_timeout = 1.0
    at_once = 500

    def __init__(
        self,
        kinds: Iterable[str] = ("send_event",),
        *,
        delivery: Delivery | None = None,
        faults: Iterable[Fault | None] = (),
        before: Callable[[Sequence[Call]], None] | None = None,
    ) -> None:
        self._kinds = frozenset(kinds)
        self._delivery = delivery if delivery is not None else AtMostOnce()
        self._faults = deque(faults)
        self._before = before
        self.committed: Counter[str] = Counter()
        self.requests: list[tuple[Call, ...]] = []
        self.looked: list[str] = []
        self.unfindable: set[str] = set()

    def actions(self) -> frozenset[str]:
        """Return the kinds it was made for."""
        return self._kinds

    def destinations(self) -> frozenset[str]:
        """Return the one that tests send to."""
        return frozenset({"erp"})

    async def aclose(self) -> None:
        """There is nothing to close."""

    def delivery(self, request: Request) -> Delivery:
        """Return the class it was made with."""
        return self._delivery

    async def perform(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        """Carry out the calls, unless the script says otherwise."""
        if self._before is not None:
            self._before(calls)
        self.requests.append(tuple(calls))
        fault = self._faults.popleft() if self._faults else None
        match fault:
            case "away":
                raise Unavailable
            case "rate-limited":
                raise RateLimited(retry_after=0.01)
            case "never-arrive":
                raise OutcomeUnknown
            case "crash":
                raise RuntimeError("the connector itself failed")
            case "refuse":
                return [Refused(code="refused", message="refused by the script")] * len(calls)
        outcomes = [self._commit(call) for call in calls]
        if fault == "lose-answer":
            raise OutcomeUnknown
        return outcomes

    def _commit(self, call: Call) -> Sent:
        known = call.key in self.committed
        if not (known and isinstance(self._delivery, Keyed)):
            self.committed[call.key] += 1
        return Sent(receipt={"status": 200}, repeated=known)

    async def look(self, calls: Sequence[Call]) -> Sequence[bool]:
        """Say which keys are there and can be found."""
        self.looked += [call.key for call in calls]
        return [call.key in self.committed and call.key not in self.unfindable for call in calls]
