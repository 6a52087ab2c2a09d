"""Owns the directories that `up` and `demo` work in: found, locked for one process, made clean, with their secrets."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

import msgspec

from dealwright.clock import SystemClock
from dealwright.errors import InputError
from dealwright.project import DEFAULT, SETTING, Project, load_project
from dealwright_flows.sockets import HOST, free_port, keep_for

WEB: Final = "DEALWRIGHT_WEB"
"""The setting of where hooks and APIs are served: host:port."""

OWN_PLACE: Final = {
    "dealwright up": "set DEALWRIGHT_DATA to a directory of its own (docs/hooks.md says what two may share)",
    "dealwright simulators up": "give this one a directory of its own by --dir",
}
"""How one who works in a kept directory gets another."""

_WEB_DEFAULT: Final = f"{HOST}:8656"
_ADDRESSES = "addresses.json"
_MOST_DEMOS = 9
_LONGEST_LINGER = 600


def linger() -> float:
    """Return how many seconds a window stays open without work: the setting DEALWRIGHT_LINGER, or 30.

    Raises:
        InputError: it is no number of seconds.
    """
    said = os.environ.get("DEALWRIGHT_LINGER", "30")
    try:
        seconds = float(said)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds <= _LONGEST_LINGER:
        raise InputError(f"DEALWRIGHT_LINGER is {said!r}: it takes seconds, more than 0 and at most {_LONGEST_LINGER}")
    return seconds


class WebAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where hooks and APIs are served."""

    host: str
    port: int

    @property
    def reached_at(self) -> str:
        """The host by which this machine reaches it: one that stands for all addresses is reached at loopback."""
        return {"0.0.0.0": HOST, "::": "::1"}.get(self.host, self.host)  # noqa: S104 - it is only looked up

    @property
    def url(self) -> str:
        """The address as this machine reaches it."""
        host = f"[{self.reached_at}]" if ":" in self.reached_at else self.reached_at
        return f"http://{host}:{self.port}"


def web_address() -> WebAddress:
    """Return where hooks and APIs are served: the setting DEALWRIGHT_WEB, or port 8656 on loopback.

    Raises:
        InputError: it is no host and port.
    """
    said = os.environ.get(WEB) or _WEB_DEFAULT
    try:
        parts = urlsplit(f"//{said}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or port is None or parts.netloc != said or parts.username is not None:
        raise InputError(f"{WEB} is {said!r}: it takes host:port, such as {_WEB_DEFAULT}; port 0 takes any free one")
    port = port or free_port()
    keep_for(port)
    return WebAddress(host=host, port=port)


def home() -> Path:
    """Return where data lies by default: `.dealwright` in the project's directory."""
    root = Path(os.environ.get(SETTING) or DEFAULT).resolve()
    return root.parent.parent / ".dealwright"


def note_addresses(data_dir: Path, *, receiver: str, mail_port: int, meta: str, **more: str) -> None:
    """Leave word of the local outside systems for the workers that share this data directory.

    `more` are further options with which the composition root was asked for the project.
    """
    noted = {"receiver": receiver, "mail_port": mail_port, "meta": meta, **more}
    (data_dir / _ADDRESSES).write_text(json.dumps(noted), "utf-8")


def project_of_worker() -> Project:
    """Return the project as a worker's process loads it: with the local outside systems of its `up`, if it has any."""
    data_dir = Path(os.environ.get("DEALWRIGHT_DATA") or home() / "up")
    try:
        noted = json.loads((data_dir / _ADDRESSES).read_text("utf-8"))
    except (OSError, ValueError):
        return load_project()
    return load_project(data_dir=data_dir, **noted)


@contextmanager
def kept(directory: Path, who: str = "dealwright up") -> Iterator[Path]:
    """Hold a directory whose content survives, for this process alone; `who` are those that work in such a one.

    Raises:
        InputError: another process works in it.
    """
    with _locked(directory) as lock:
        if lock is None:
            raise InputError(
                f"another `{who}`{_holder(directory)} works in {directory}: end it first, or {OWN_PLACE[who]}"
            )
        directory.mkdir(parents=True, exist_ok=True)
        yield directory


@contextmanager
def fresh(directory: Path) -> Iterator[Path]:
    """Hold an empty directory; if another process still works in it, one beside it.

    Raises:
        InputError: as many as may work at a time do.
    """
    for number in range(1, _MOST_DEMOS + 1):
        wanted = directory if number == 1 else directory.with_name(f"{directory.name}-{number}")
        with _locked(wanted) as lock:
            if lock is None:
                continue
            if wanted.exists():
                shutil.rmtree(wanted)
            wanted.mkdir(parents=True)
            yield wanted
            return
    raise InputError(f"{_MOST_DEMOS} demos work in {directory.parent} already: end one of them first")


def secret_file(file: Path) -> Path:
    """Make a file with a random secret, for its owner only, unless it is there."""
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as made:
            made.write(secrets.token_urlsafe(32) + "\n")
    return file


@contextmanager
def _locked(directory: Path) -> Iterator[IO[str] | None]:
    """Lock beside the directory (which may be wiped); the kernel lets go when the process dies, however it dies."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    with _lock_file(directory).open("a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        lock.truncate(0)
        lock.write(f"process {os.getpid()}, since {SystemClock().wall():%Y-%m-%d %H:%M:%S} UTC\n")
        lock.flush()
        yield lock


def _lock_file(directory: Path) -> Path:
    return directory.with_name(f"{directory.name}.lock")


def _holder(directory: Path) -> str:
    """Return who holds the directory, as its lock says, for an error text."""
    try:
        told = _lock_file(directory).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return f" ({told})" if told else ""
