"""`GET /metrics`: what Prometheus reads, on the listener of the hooks. docs/metrics.md lists every family.

It is served to this machine alone, or to whoever has the token if one is set. What the web process counts itself comes
from its memory, what engines count from their files (published.py), what waits from the journal (depths.py).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from dealwright.engine.meters import Reading
from dealwright.errors import InputError
from dealwright.intake.answers import Answer, Send, only, refusal
from dealwright.intake.app import HooksApp
from dealwright.intake.bodies import Receive
from dealwright.intake.depths import Depths, Watch
from dealwright.intake.published import collected
from dealwright.intake.secrets import SharedSecret

TOKEN_SETTING: Final = "DEALWRIGHT_METRICS_TOKEN_FILE"  # noqa: S105 - the name of a setting
"""Names the file with the token that /metrics then asks of everybody."""

_FORWARDED: Final = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via"})

STATES: Final = ("ready", "running", "retrying", "waiting", "held", "parked")


class Family(msgspec.Struct, frozen=True):
    """One family of metrics: its name, its kind, its labels and what it says."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    says: str


_FAMILIES: Final = (
    Family("dealwright_unrouted_events", "gauge", ("account",), "Events that no engine has routed yet."),
    Family("dealwright_unrouted_seconds", "gauge", ("account",), "How long the oldest of them waits."),
    Family("dealwright_due_seconds", "gauge", ("account",), "How long the oldest due execution waits for an engine."),
    Family("dealwright_executions", "gauge", ("account", "state"), "Executions that are alive, by state."),
    Family("dealwright_quarantined", "gauge", ("account", "source"), "Hooks in quarantine, for a person to look at."),
    Family("dealwright_unmatched", "gauge", ("account",), "Events without a deal, for a person to look at."),
    Family("dealwright_windows_to_record", "gauge", (), "Closed windows that Prefect was not told of yet."),
    Family("dealwright_windows_to_record_seconds", "gauge", (), "How long the oldest of them waits."),
    Family("dealwright_engines", "gauge", (), "Engines at work on the journal."),
    Family("dealwright_journal_age_seconds", "gauge", (), "How old these are: it grows while the journal is away."),
    Family("dealwright_hook_events", "counter", ("source", "outcome"), "What came of hooks, or why they were refused."),
    Family("dealwright_hook_answers", "counter", ("source", "status"), "Answers to hooks, by class of status."),
    Family("dealwright_hooks_waiting", "gauge", (), "Hooks that wait to be written."),
    Family("dealwright_append_seconds", "histogram", (), "How long one commit of hooks takes."),
    Family("dealwright_append_group", "histogram", (), "Hooks in one commit."),
    Family("dealwright_batch_size", "histogram", (), "Executions that an engine claimed at once."),
    Family("dealwright_claim_seconds", "histogram", (), "How long a claim takes, also one that finds nothing."),
    Family("dealwright_turn_seconds", "histogram", (), "How long a turn of a batch takes: decide, act, settle."),
    Family("dealwright_settle_seconds", "histogram", (), "How long writing down the ends of a turn takes."),
    Family("dealwright_effects", "counter", ("kind", "outcome"), "What came of effects, each attempt counted."),
    Family("dealwright_connector_seconds", "histogram", ("connector", "outcome"), "How long a bulk call took."),
)  # fmt: skip

FAMILIES: Final[Mapping[str, Family]] = {family.name: family for family in _FAMILIES}
"""By name; a counter's samples end with `_total`, a histogram's with `_bucket`, `_sum` and `_count`."""


class MetricsApp:
    """Answers `GET /metrics`."""

    def __init__(self, hooks: HooksApp, watch: Watch, folder: Path, token: SharedSecret | None = None) -> None:
        self._hooks = hooks
        self._watch = watch
        self._folder = folder
        self._token = token

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            if scope["method"] not in ("GET", "HEAD"):
                raise only("GET, HEAD")
            self._admit(scope)
        except Answer as refused:
            await refused.send(send, head=scope["method"] == "HEAD")
            return
        read, age = await self._watch.latest()
        body = self.text(read, age)
        headers = [(b"content-type", CONTENT_TYPE_LATEST.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def text(self, read: Depths | None, age: float) -> bytes:
        """Return all families in Prometheus' text format."""
        registry = CollectorRegistry()
        registry.register(_Samples([*self._waiting(read, age), *self._hooks_counted(), *_engines(self._folder)]))
        return generate_latest(registry)

    def _admit(self, scope: MutableMapping[str, Any]) -> None:
        """Let in who has the token; without one set, this machine, unless a proxy on it speaks for somebody else.

        Raises:
            Answer: nobody else.
        """
        names = {name.lower(): value for name, value in scope["headers"]}
        try:
            token = None if self._token is None else self._token.reveal()
        except InputError:
            token = b""
        if self._token is not None:
            said = bytes(names.get(b"authorization", b""))
            if not token or not hmac.compare_digest(said, b"Bearer " + token):
                raise refusal(
                    HTTPStatus.UNAUTHORIZED,
                    "unauthorized",
                    "send the token of the metrics: Authorization: Bearer <token>",
                    headers={"www-authenticate": "Bearer"},
                )
        elif not _is_here(scope.get("client")) or _FORWARDED & names.keys():
            raise refusal(
                HTTPStatus.FORBIDDEN, "elsewhere", f"metrics are shown to this machine alone; set {TOKEN_SETTING}"
            )

    def _waiting(self, read: Depths | None, age: float) -> Iterator[Metric]:
        if read is None:
            return
        yield _gauge("dealwright_unrouted_events", (((key,), n) for key, n in read.unrouted.items()))
        yield _gauge("dealwright_unrouted_seconds", (((key,), n) for key, n in read.unrouted_age.items()))
        yield _gauge("dealwright_due_seconds", (((key,), n) for key, n in read.due_age.items()))
        states = (((key, state), read.executions.get((key, state), 0)) for key in read.unrouted for state in STATES)
        yield _gauge("dealwright_executions", states)
        sources = {tuple(shown.split("/")): 0 for shown in self._hooks.shown}
        yield _gauge("dealwright_quarantined", (sources | dict(read.quarantined)).items())
        yield _gauge("dealwright_unmatched", (((key,), read.unmatched.get(key, 0)) for key in read.unrouted))
        yield _gauge("dealwright_windows_to_record", [((), read.to_record)])
        yield _gauge("dealwright_windows_to_record_seconds", [((), read.to_record_age)])
        yield _gauge("dealwright_engines", [((), read.engines)])
        yield _gauge("dealwright_journal_age_seconds", [((), age)])

    def _hooks_counted(self) -> Iterator[Metric]:
        yield _counter("dealwright_hook_events", self._hooks.counts.by_outcome.items())
        yield _gauge("dealwright_hooks_waiting", [((), self._hooks.waiting)])
        yield from _read("dealwright_hook_answers", self._hooks.meters.read())
        yield from _read("dealwright_append_seconds", self._hooks.meters.read())
        yield from _read("dealwright_append_group", self._hooks.meters.read())


class _Samples(Collector):
    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _engines(folder: Path) -> Iterator[Metric]:
    reading = collected(folder)
    for name in (
        "dealwright_batch_size",
        "dealwright_claim_seconds",
        "dealwright_turn_seconds",
        "dealwright_settle_seconds",
        "dealwright_effects",
        "dealwright_connector_seconds",
    ):
        yield from _read(name, reading)


def _read(name: str, reading: Reading) -> Iterator[Metric]:
    """Yield one family of what a process, or several together, have counted."""
    family, short = FAMILIES[name], name.removeprefix("dealwright_")
    if family.kind == "counter":
        yield _counter(name, (((*each.labels,), each.value) for each in reading.counters if each.name == short))
        return
    metric = HistogramMetricFamily(name, family.says, labels=family.labels)
    for each in reading.histograms:
        if each.name == short and len(each.labels) == len(family.labels):
            ends = [*map(str, each.ends), "+Inf"]
            below = [sum(each.counts[: place + 1]) for place in range(len(ends))]
            metric.add_metric(each.labels, list(zip(ends, map(float, below), strict=True)), each.total)
    yield metric


def _gauge(name: str, samples: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    family = FAMILIES[name]
    metric = GaugeMetricFamily(name, family.says, labels=family.labels)
    for labels, value in samples:
        metric.add_metric(labels, value)
    return metric


def _counter(name: str, samples: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    family = FAMILIES[name]
    metric = CounterMetricFamily(name, family.says, labels=family.labels)
    for labels, value in samples:
        metric.add_metric(labels, value)
    return metric


def _is_here(client: Sequence[Any] | None) -> bool:
    try:
        return client is not None and ip_address(client[0]).is_loopback
    except ValueError:
        return False
