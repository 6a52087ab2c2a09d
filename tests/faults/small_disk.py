"""A disk of a few megabytes that a test fills: a tmpfs, mounted for the test and taken away at its end."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

SIZE: Final = 8 * 1024 * 1024
"""Bytes of the disk: enough for the journal of a test, and soon full."""


@contextmanager
def mounted(place: Path) -> Iterator[Path]:
    """Mount a file system of a few megabytes; skipped with one line where this user may not mount one."""
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        if os.environ.get("CI") == "true" and os.geteuid() == 0:
            raise AssertionError(f"CI could not mount a small disk: {done.stderr}")
        pytest.skip("this user may not mount a small disk: no disk was filled")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(file: Path) -> None:
    """Write a file until there is no room for one more byte."""
    with file.open("wb", buffering=0) as out:
        size = 65536
        while size:
            try:
                out.write(b"x" * size)
            except OSError as error:
                assert error.errno == errno.ENOSPC
                size //= 2
