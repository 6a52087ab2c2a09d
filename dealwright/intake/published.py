"""How engines tell the web process their numbers: one small file for each of them, replaced each second.

The engine's loop has no part in it: a thread of its own copies the numbers and writes them. When that fails (a full
disk) it is told once and the engine goes on. A counter never goes back: the file of an engine that died stays and is
counted, until the next engine on the same folder adds it to `gone.json` and deletes it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from dealwright.engine.meters import Counted, Labels, Meters, Reading, Spread
from dealwright.journal.workers import UNTOLD, process_started

T = TypeVar("T")

_log = logging.getLogger(__name__)

FOLDER: Final = "meters"
"""Its name in the data directory."""

_GONE: Final = "gone.json"
_LOCK: Final = "lock"
_EVERY: Final = 1.0


class _File(msgspec.Struct, frozen=True, kw_only=True):
    """One process's numbers, and which process that is."""

    pid: int
    started: str
    reading: Reading


class _Gone(msgspec.Struct, frozen=True, kw_only=True):
    """The sum of those that died. `names` are files that are in it already, whether or not they are deleted yet."""

    names: tuple[str, ...] = ()
    reading: Reading = Reading()


class Publisher:
    """Writes the numbers of this process to a file in a folder, each second, until it is stopped."""

    def __init__(self, meters: Meters, folder: Path) -> None:
        self._meters = meters
        self._folder = folder
        self._path = folder / f"{os.getpid()}-{secrets.token_hex(4)}.json"
        self._started = process_started(os.getpid()) or UNTOLD
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="meters", daemon=True)
        self._told = False

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Write once more, and end; what was counted stays and is added to by the next engine."""
        self._stop.set()
        self._thread.join(5.0)

    def _work(self) -> None:
        self._try(lambda: _bury(self._folder))
        while not self._stop.wait(_EVERY):
            self._try(self.write)
        self._try(self.write)

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            if not self._told:
                _log.warning(
                    "this engine's metrics are not published (%s): /metrics shows old ones; see that %s can be written",
                    type(error).__name__,
                    self._folder,
                )
            self._told = True
        else:
            self._told = False

    def write(self) -> None:
        """Replace the file: who reads it sees the old one or the new one, whole."""
        _replace(self._path, _File(pid=os.getpid(), started=self._started, reading=self._meters.read()))


def collected(folder: Path) -> Reading:
    """Return the sum of all engines of a folder, those that died among them. What cannot be read counts nothing."""
    gone = _read(folder / _GONE, _Gone) or _Gone()
    return _sum([gone.reading, *(file.reading for _, file in _files(folder, gone.names))])


def _bury(folder: Path) -> None:
    """Add the numbers of engines that died to those that are gone, and delete their files."""
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        gone = _read(folder / _GONE, _Gone) or _Gone()
        _delete(folder, gone.names)  # whoever added them may have died before he came to it
        dead = [(path, file) for path, file in _files(folder, gone.names) if _is_dead(file)]
        if dead:
            names = tuple(path.name for path, _ in dead)
            reading = _sum([gone.reading, *(file.reading for _, file in dead)])
            _replace(folder / _GONE, _Gone(names=names, reading=reading))
            _delete(folder, names)


def _delete(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        (folder / name).unlink(missing_ok=True)


def _is_dead(file: _File) -> bool:
    return process_started(file.pid) not in (file.started, UNTOLD)


def _files(folder: Path, without: Iterable[str]) -> Iterator[tuple[Path, _File]]:
    for path in sorted(folder.glob("*.json")):
        if path.name != _GONE and path.name not in without and (file := _read(path, _File)) is not None:
            yield path, file


def _read(path: Path, type_: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=type_)
    except (OSError, msgspec.DecodeError):
        return None


def _replace(path: Path, value: object) -> None:
    written = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        written.write_bytes(msgspec.json.encode(value))
        written.replace(path)
    except OSError:
        with suppress(OSError):
            written.unlink()
        raise


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sum(readings: Iterable[Reading]) -> Reading:
    counters: dict[tuple[str, Labels], int] = {}
    spreads: dict[tuple[str, Labels, tuple[float, ...]], tuple[list[int], float]] = {}
    for reading in readings:
        for counted in reading.counters:
            key = (counted.name, counted.labels)
            counters[key] = counters.get(key, 0) + counted.value
        for each in reading.histograms:
            kind = (each.name, each.labels, each.ends)
            counts, total = spreads.get(kind, ([0] * len(each.counts), 0.0))
            spreads[kind] = ([a + b for a, b in zip(counts, each.counts, strict=True)], total + each.total)
    return Reading(
        counters=tuple(Counted(name=name, labels=labels, value=n) for (name, labels), n in sorted(counters.items())),
        histograms=tuple(
            Spread(name=name, labels=labels, ends=ends, counts=tuple(counts), total=total)
            for (name, labels, ends), (counts, total) in sorted(spreads.items())
        ),
    )
