"""Meta's Conversions API on this machine: `python -m dealwright_meta.simulator --log FILE --token-file FILE`.

It takes what Meta takes and refuses what Meta refuses, a whole request for one event. It knows an event's name and id
for 48 hours, also over kill -9: a request with nothing new in it changes nothing (`committed` is false in its log).
What it is stricter in: a person's data that is not hashed is refused (Meta may drop it in silence), unless `--lenient`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from dealwright.clock import Clock, SystemClock
from dealwright_http.faults import Fault
from dealwright_http.runner import Simulator, parser_for, run, settings
from dealwright_http.server import Answer, Received
from dealwright_http.simulation import Line, Simulation, answer_json
from dealwright_meta import graph
from dealwright_meta.sansio import DEDUPES_FOR

SIMULATOR: Final = Simulator(
    what="Meta's Conversions API", module="dealwright_meta.simulator", key_option="--token-file"
)
_ROUTE: Final = re.compile(r"/v[0-9]{1,2}\.[0-9]/([0-9]{1,20})(/events)?/?")
_HTML: Final = b"<!DOCTYPE html><html><body><h1>Sorry, something went wrong.</h1></body></html>"


class MetaSimulation(Simulation):
    """One Graph server; it takes any dataset, or those it is given."""

    def __init__(
        self,
        log: Path,
        clock: Clock,
        *,
        token: str | None = None,
        datasets: Iterable[str] = (),
        strict: bool = True,
        any_age: bool = False,
        **options: Any,
    ) -> None:
        self.token = token
        self.datasets = frozenset(datasets)
        self.strict = strict
        self.any_age = any_age
        self.events: Counter[str] = Counter()
        self._known: dict[tuple[str, str, str], float] = {}
        super().__init__("meta", log, clock, **options)

    def restore(self, change: Any) -> None:
        """Count these events, and know them again for a while."""
        for name, identifier in change["events"]:
            self.events[name] += 1
            if identifier is not None:
                self._known[change["dataset"], name, identifier] = change["at"]

    def state(self) -> dict[str, Any]:
        """Return what it has counted, by name."""
        return super().state() | {"events": dict(self.events), "known": len(self._known)}

    def serve(self, request: Received, line: Line) -> Answer:
        """Take the events, all or none."""
        path, _, query = request.path.partition("?")
        route = _ROUTE.fullmatch(path)
        if route is None:
            return self._says(graph.NO_PATH)
        if request.method != ("POST" if route[2] else "GET"):
            return self._says(graph.NO_METHOD)
        asked = graph.asked(request, query)
        if isinstance(asked, graph.Problem):
            return self._says(asked)
        line.keys = _ids(asked.events)
        if asked.token is None:
            return self._says(graph.NO_TOKEN)
        if self.token is not None and asked.token != self.token:
            return self._says(graph.BAD_TOKEN)
        dataset = route[1]
        if self.datasets and dataset not in self.datasets:
            return self._says(graph.NO_OBJECT)
        if not route[2]:
            return answer_json(200, {"id": dataset})
        now = self.clock.wall().timestamp()
        problem = graph.refused(asked.events, now, strict=self.strict, any_age=self.any_age)
        if problem is not None:
            return self._says(problem)
        self._count(dataset, asked.events, now, line)
        return answer_json(200, {"events_received": len(asked.events), "messages": [], "fbtrace_id": self._trace()})

    def refusal(self, status: int, fault: Fault | None) -> Answer:
        """Return how Graph, or what stands before it, says a status."""
        if status >= 500:
            return Answer(status=status, body=_HTML, headers={"Content-Type": "text/html; charset=utf-8"})
        if status == 401:
            return self._says(graph.BAD_TOKEN)
        if status == 429:
            wait = 60 if fault is None or fault.retry_after is None else fault.retry_after
            return self._throttled(wait, status)
        return self._says(msgspec.structs.replace(graph.NO_METHOD, title="Invalid parameter", subcode=None), status)

    def limited(self, request: Received) -> Answer:
        """Throttle: Graph does that with 400 and a code."""
        return self._throttled(60, 400)

    def _count(self, dataset: str, events: list[Any], now: float, line: Line) -> None:
        """Count what is new; what was there within 48 hours changes nothing."""
        fresh: list[tuple[str, str | None]] = []
        repeated: list[str] = []
        seen: set[tuple[str, str]] = set()
        oldest = now - DEDUPES_FOR.total_seconds()
        for event in events:
            name, identifier = event["event_name"], event.get("event_id")
            known = identifier is not None and (
                (name, identifier) in seen or self._known.get((dataset, name, identifier), -math.inf) > oldest
            )
            if known:
                repeated.append(identifier)
            else:
                fresh.append((name, identifier))
                seen.add((name, identifier))
        if fresh:
            change = {"at": now, "dataset": dataset, "events": fresh}
            line.committed = True
            new = {identifier for _, identifier in fresh}
            line.repeated = [each for each in repeated if each not in new]
            self.restore(change)
            self.keep(change)

    def _throttled(self, seconds: int, status: int) -> Answer:
        minutes = math.ceil(seconds / 60)
        usage = {"1": [{"type": "ads_management", "call_count": 100, "estimated_time_to_regain_access": minutes}]}
        problem = msgspec.structs.replace(graph.THROTTLED, status=status)
        return problem.answer(self._trace(), {"X-Business-Use-Case-Usage": msgspec.json.encode(usage).decode()})

    def _says(self, problem: graph.Problem, status: int | None = None) -> Answer:
        told = problem if status is None else msgspec.structs.replace(problem, status=status)
        return told.answer(self._trace())

    def _trace(self) -> str:
        return f"A{self.random.getrandbits(64):016x}"


def counted(log: Path) -> int:
    """Return how many events a log says were counted; a last line that a crash cut off was never answered."""
    data = log.read_bytes() if log.exists() else b""
    lines = (msgspec.json.decode(line) for line in data[: data.rfind(b"\n") + 1].splitlines())
    return sum(len(line["keys"]) for line in lines if line["committed"])


def _ids(events: Sequence[Any]) -> list[str]:
    found = (event.get("event_id") for event in events if isinstance(event, dict))
    return list(dict.fromkeys(each for each in found if isinstance(each, str)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = parser_for("dealwright_meta.simulator", "Meta's Conversions API.")
    parser.add_argument("--token-file", type=Path, help="holds the token that is valid (none: any token is)")
    parser.add_argument("--dataset", action="append", default=[], help="one that exists (none: any does)")
    parser.add_argument("--lenient", action="store_true", help="take a person's data that is not hashed")
    parser.add_argument("--any-age", action="store_true", help="take events of any time: for a clock that is played")
    options = parser.parse_args(arguments)
    try:
        token = None if options.token_file is None else options.token_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        parser.error(str(error))
    simulation = MetaSimulation(
        options.log,
        SystemClock(),
        token=token,
        datasets=options.dataset,
        strict=not options.lenient,
        any_age=options.any_age,
        **settings(options),
    )
    run(simulation, options.port)


if __name__ == "__main__":
    main()
