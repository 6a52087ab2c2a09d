"""The base of simulators: a real HTTP server that behaves like one outside system, and can be told to misbehave.

How to write one:

    class Shop(Simulation):
        def __init__(self, log: Path, clock: Clock, **options: Any) -> None:
            self.orders: dict[str, Any] = {}                 # before super(): `restore` fills it
            super().__init__("shop", log, clock, **options)

        def restore(self, change: Any) -> None:              # at start, for everything that was kept
            self.orders[change["id"]] = change

        def serve(self, request: Received, line: Line) -> Answer:
            order = msgspec.json.decode(request.body)
            if order["id"] not in self.orders:               # a repeat changes nothing: committed stays false
                line.committed = True
                self.restore(order)
                self.keep(order)                             # on disk before anybody is answered
            return answer_json(200, order)

        def refusal(self, status: int, fault: Fault | None) -> Answer: ...    # in the vendor's words

    if __name__ == "__main__":
        parser = parser_for("dealwright_shop.simulator", "A shop.")
        options = parser.parse_args()
        run(Shop(options.log, SystemClock(), **settings(options)), options.port)     # runner.py

`serve` is a plain function: it changes the state and returns, nothing comes in between. The base does the rest:

- The request log `LOG`: one line per request, written before its answer leaves, also when none leaves. It survives
  kill -9: a line is one write to the operating system. What `keep` was given lies in `LOG.state`, written first and
  with its line inside, so that a kill between the two writes loses neither: the next start completes the log.
- Faults by script (`faults.py`): `--faults`, `POST /_control/faults` (a JSON list), `DELETE /_control/faults`.
- Latency (fixed or a range, seeded), a limit of requests per second, counters, `GET /_control/state`.

Control routes (`/_control/...`) are no part of the simulated system: not logged, not limited, and refused to browsers.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections import deque
from pathlib import Path
from typing import Any, Final

import msgspec

from dealwright.clock import Clock
from dealwright_http.faults import Fault, Script
from dealwright_http.request_log import Lines
from dealwright_http.server import Answer, Received, Server, Sleep

CONTROL: Final = "/_control/"
_KEY: Final = re.compile(rb"dw-[0-9a-f]{30}(?![0-9a-f])")


class Line(msgspec.Struct, kw_only=True):
    """One request in the log.

    `came` is when it came, before any latency; `at` is when it was carried out.
    `path` is without its query, which may carry tokens and names. `status` is None if the connection was reset.
    `committed`: this request changed the state, whatever its caller heard; a repeat that the server knew, or a value
    that was there already, did not. `keys`: the effect keys in it. Where a bulk request changed something by some keys
    only, `repeated` are the others: they get a line of their own. `more` are further fields of this simulator, beside
    the others in the log.
    """

    n: int
    came: str
    at: str
    server: str
    method: str
    path: str
    status: int | None = None
    committed: bool = False
    keys: list[str] = []
    repeated: list[str] = []
    more: dict[str, Any] = {}

    def flat(self) -> dict[str, Any]:
        """Return it as it stands in the log."""
        fields = msgspec.structs.asdict(self)
        del fields["more"], fields["repeated"]
        return fields | self.more


class Simulation:
    """A simulated system; see the module's text."""

    def __init__(
        self,
        name: str,
        log: Path,
        clock: Clock,
        *,
        faults: list[Fault] | tuple[Fault, ...] = (),
        latency: tuple[float, float] = (0.0, 0.0),
        rate: float | None = None,
        seed: int = 0,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.name = name
        self.clock = clock
        self.sleep = sleep
        self.random = random.Random(seed)  # noqa: S311 - it spreads latencies, and must be the same again
        self.requests = 0
        self.statuses: dict[str, int] = {}
        self.script = Script()
        self.fail(*faults)
        self.latency = latency
        self.window = None if rate is None else Window(rate)
        self._kept: list[Any] = []
        self._server = Server(self._handle, sleep=sleep)
        self._log = Lines(log)
        self._state = Lines(log.with_name(log.name + ".state"))
        self._number = self._recover()

    # What a simulator brings.

    def restore(self, change: Any) -> None:
        """Take back, at start, one thing that `keep` was given before."""

    def serve(self, request: Received, line: Line) -> Answer:
        """Carry a request out and answer it; say in `line` whether it changed anything, and its keys."""
        raise NotImplementedError

    def note(self, request: Received, line: Line) -> None:
        """Say in `line` what the log shall know of every request, whatever becomes of it."""
        line.keys = keys_in(request.body)

    def refusal(self, status: int, fault: Fault | None) -> Answer:
        """Return how this system says `status`, with the hints of a fault."""
        hint = {} if fault is None or fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        return Answer(status=status, headers=hint)

    def limited(self, request: Received) -> Answer:
        """Return what is answered to a request beyond the limit; called once for each."""
        return self.refusal(429, None)

    def state(self) -> dict[str, Any]:
        """Return what `GET /_control/state` shows."""
        return {"requests": self.requests, "statuses": self.statuses, "faults": len(self.script)}

    def control(self, what: str, request: Received) -> Answer | None:
        """Answer a control route of this simulator's own; None if there is no such route."""
        return None

    async def started(self) -> None:
        """Begin what runs beside the server, such as hooks that are sent."""

    async def ended(self) -> None:
        """End it."""

    # What it uses.

    def keep(self, change: Any) -> None:
        """Write down, before the answer leaves, what must be there after a restart."""
        self._kept.append(change)

    def save(self) -> None:
        """Write what was kept outside a request, such as by a control route."""
        if self._kept:
            self._state.append({"kept": self._kept})
            self._kept = []

    def fail(self, *faults: Fault) -> None:
        """Let the next requests go wrong, one fault after the other."""
        self.script.extend(faults)

    async def start(self, port: int = 0) -> int:
        """Listen on loopback, and return the port."""
        bound = await self._server.start(port)
        await self.started()
        return bound

    async def stop(self) -> None:
        """Stop listening."""
        await self.ended()
        await self._server.stop()
        self.close()

    def close(self) -> None:
        """Close the files, if it was never started."""
        self._log.close()
        self._state.close()

    async def _handle(self, request: Received) -> Answer | None:
        if request.path.startswith(CONTROL):
            return self._control(request)
        came = self.clock.wall().isoformat()
        self.requests += 1
        # A vendor's front counts what comes, not what is served: the limit is asked before anything waits.
        over = self.window is not None and not self.window.take(self.clock.monotonic())
        wait = self.random.uniform(*self.latency) if self.latency[1] else 0.0
        if over:
            return await self._over(request, came, wait)
        fault = self.script.take(request)
        if fault is None:
            if wait:
                await self.sleep(wait)
            return self._carry_out(request, came, None)
        if fault.commit:
            answer = self._carry_out(request, came, fault)
            await self.sleep(wait + fault.delay)
        else:
            await self.sleep(wait + fault.delay)
            answer = self._carry_out(request, came, fault)
        return answer

    def _line(self, request: Received, came: str) -> Line:
        self._number += 1
        line = Line(
            n=self._number,
            came=came,
            at=self.clock.wall().isoformat(),
            server=self.name,
            method=request.method,
            path=request.path.partition("?")[0],
        )
        self.note(request, line)
        return line

    async def _over(self, request: Received, came: str, wait: float) -> Answer:
        line = self._line(request, came)
        answer = self.limited(request)
        self._write(line, answer)
        if wait:
            await self.sleep(wait)
        return answer

    def _carry_out(self, request: Received, came: str, fault: Fault | None) -> Answer | None:
        """Serve it if anything is to be served, and write it down; nothing else happens in between."""
        line = self._line(request, came)
        answer: Answer | None = None
        if fault is None or fault.commit or not fault.replaces:
            try:
                answer = self.serve(request, line)
            except Exception:
                logging.getLogger(__name__).exception("%s cannot serve this request", self.name)
                answer = self.refusal(500, None)
        if fault is not None:
            answer = self._spoilt(answer, fault)
        self._write(line, answer)
        return answer

    def _spoilt(self, answer: Answer | None, fault: Fault) -> Answer | None:
        if fault.drop:
            return None
        if fault.status is not None:
            answer = self.refusal(fault.status, fault)
            if fault.body is not None:
                body = fault.body.encode() if isinstance(fault.body, str) else msgspec.json.encode(fault.body)
                answer = msgspec.structs.replace(answer, body=body)
        assert answer is not None
        headers = dict(answer.headers)
        if fault.content_type is not None:
            headers["Content-Type"] = fault.content_type
        return msgspec.structs.replace(answer, headers=headers, trickle=fault.trickle, cut=fault.cut)

    def _write(self, line: Line, answer: Answer | None) -> None:
        line.status = None if answer is None else answer.status
        said = str(line.status or "reset")
        self.statuses[said] = self.statuses.get(said, 0) + 1
        if line.committed and line.repeated:
            # Whoever counts the keys of lines that changed something counts each key once.
            self._log.append(msgspec.structs.replace(line, committed=False, keys=line.repeated).flat())
            known = set(line.repeated)
            self._number += 1
            line = msgspec.structs.replace(line, n=self._number, keys=[key for key in line.keys if key not in known])
        flat = line.flat()
        if self._kept:
            self._state.append({"line": flat, "kept": self._kept})
            self._kept = []
        self._log.append(flat)

    def _recover(self) -> int:
        """Take back what was kept, complete the log, and return the number of the last line."""
        last = self._log.last()
        number = int(last["n"]) if last else 0
        for record in self._state.read():
            for change in record["kept"]:
                self.restore(change)
            line = record.get("line")
            if line is not None and line["n"] > number:
                self._log.append(line)
                number = int(line["n"])
        return number

    def _control(self, request: Received) -> Answer:
        if "origin" in request.headers:
            return answer_json(403, {"error": "not for browsers"})
        what = request.path.removeprefix(CONTROL)
        match request.method, what:
            case "GET", "state":
                return answer_json(200, self.state())
            case "DELETE", "faults":
                self.script.clear()
                return Answer(status=204)
            case "POST", "faults":
                try:
                    self.fail(*msgspec.json.decode(request.body, type=list[Fault]))
                except msgspec.DecodeError as error:
                    return answer_json(422, {"error": str(error)})
                return Answer(status=204)
        answer = self.control(what, request)
        self.save()
        return answer or answer_json(404, {"error": "there is GET state, POST faults and DELETE faults"})


class Window:
    """A sliding window of one second."""

    def __init__(self, rate: float) -> None:
        # 7 in one second, 1 in two seconds: whole requests, in a span of at least a second.
        self._most = max(1, int(rate))
        self._span = self._most / rate
        self._taken: deque[float] = deque()

    def take(self, now: float) -> bool:
        """Say whether one more request fits at this moment, and if so count it."""
        while self._taken and self._taken[0] <= now - self._span:
            self._taken.popleft()
        if len(self._taken) >= self._most:
            return False
        self._taken.append(now)
        return True


def keys_in(body: bytes) -> list[str]:
    """Return the effect keys in a body, each once, in order."""
    return list(dict.fromkeys(key.decode() for key in _KEY.findall(body)))


def answer_json(status: int, value: Any, content_type: str = "application/json") -> Answer:
    """Return an answer with a JSON body."""
    return Answer(status=status, body=msgspec.json.encode(value), headers={"Content-Type": content_type})
