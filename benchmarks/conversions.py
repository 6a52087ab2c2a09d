"""A simulated Meta for a benchmark: a server of its own process, the engine's connector to it, and what it was sent."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from benchmarks.frame import Red, expect
from dealwright.clock import Clock
from dealwright.engine.records import Asked
from dealwright.journal.payload import unseal
from dealwright.model.requests import Call, SendConversion
from dealwright_http.redaction import Secret
from dealwright_meta import sansio
from dealwright_meta.connector import MetaConnector
from dealwright_meta.settings import MetaSettings

_TOKEN: Final = "bench"
_END: Final = 10.0


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """One simulated Graph server; each round has a dataset of its own, so that nothing is known from the last one."""

    url: str
    log: Path

    def settings(self, dataset: str) -> MetaSettings:
        """Return what a connector needs to know."""
        return MetaSettings(dataset=dataset, token=Secret(_TOKEN.encode()), url=self.url, allow_private=True)

    def connector(self, dataset: str, clock: Clock) -> MetaConnector:
        """Return the connector that the engine is given."""
        return MetaConnector(self.settings(dataset), clock)

    def bodies(self, effects: Sequence[tuple[str, bytes]], batch: int) -> list[bytes]:
        """Return the bodies that carry these effects (key and sealed request), so many in each."""
        events = [_event(key, stored) for key, stored in effects]
        return [sansio.body(events[n : n + batch], _TOKEN, None) for n in range(0, len(events), batch)]

    def keys(self, dataset: str) -> list[str]:
        """Return the keys that were counted for a dataset, in the order in which they came."""
        lines = map(json.loads, self.log.read_text(encoding="utf-8").splitlines())
        taken = (line for line in lines if line["committed"] and f"/{dataset}/" in line["path"])
        return [key for line in taken for key in line["keys"]]


class Poster:
    """Posts bodies with no connector: one kept connection of the standard library."""

    def __init__(self, settings: MetaSettings) -> None:
        address = urlsplit(settings.endpoint)
        self._path = address.path
        self._http = HTTPConnection(str(address.hostname), address.port, timeout=30)

    def post(self, body: bytes) -> None:
        """Post one body.

        Raises:
            Red: it was not taken.
        """
        self._http.request("POST", self._path, body, {"Content-Type": "application/json"})
        answer = self._http.getresponse()
        answer.read()
        if answer.status != 200:
            raise Red(f"the simulated Meta answered {answer.status} to the bare loop")

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


@contextmanager
def simulated_meta(folder: Path) -> Iterator[Meta]:
    """Start a simulated Meta that takes events of any time, and end it.

    Raises:
        Red: it did not start.
    """
    log = folder / "meta.jsonl"
    command = [sys.executable, "-m", "dealwright_meta.simulator", "--log", str(log), "--any-age"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            if not said:
                raise Red("the simulated Meta did not start")
            yield Meta(url=f"http://127.0.0.1:{_port(said)}", log=log)
        finally:
            process.terminate()
            process.wait(_END)


def see_conversions(meta: Meta, dataset: str, keys: set[str], events: int) -> None:
    """See that Meta has counted each of these effects once, and nothing else.

    Raises:
        Red: it has not.
    """
    counted = meta.keys(dataset)
    expect("conversions that the journal says were sent", len(keys), events)
    expect("conversions that Meta counted", len(counted), len(keys))
    expect("conversions that Meta counted, by key", set(counted) == keys, True)


def _port(said: str) -> int:
    return int("".join(filter(str.isdigit, said.rpartition(":")[2])))


def _event(key: str, stored: bytes) -> dict[str, object]:
    request = unseal(stored, Asked).request
    assert isinstance(request, SendConversion)
    event = sansio.event(Call(key=key, actor="bench", request=request), request, "Dealwright")
    assert isinstance(event, dict)
    return event
