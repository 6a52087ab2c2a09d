"""Owns the directories that `up` and `demo` work in: found, locked for one process, made clean, with their secrets."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from dealwright.errors import InputError
from dealwright.project import DEFAULT, SETTING

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


def home() -> Path:
    """Return where data lies by default: `.dealwright` in the project's directory."""
    root = Path(os.environ.get(SETTING) or DEFAULT).resolve()
    return root.parent.parent / ".dealwright"


@contextmanager
def kept(directory: Path) -> Iterator[Path]:
    """Hold a directory whose content survives, for this process alone.

    Raises:
        InputError: another process works in it.
    """
    with _locked(directory) as lock:
        if lock is None:
            raise InputError(f"another `dealwright up` works in {directory}: end it first, or set DEALWRIGHT_DATA")
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
    with directory.with_name(f"{directory.name}.lock").open("a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        yield lock
