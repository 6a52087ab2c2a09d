"""Files that outlive kill -9: one JSON object per line, each line one write to the operating system."""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Any

import msgspec


class Lines:
    """Appends JSON lines to a file; a line that a crash cut off is cut away at the next start."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = FileIO(path, "a+")
        self._encoder = msgspec.json.Encoder()
        self._cut()

    def read(self) -> Iterator[Any]:
        """Return every line that is there."""
        with self.path.open("rb") as file:
            for line in file:
                yield msgspec.json.decode(line)

    def last(self) -> Any:
        """Return the last line, None if there is none."""
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            reach = 4096
            while True:
                file.seek(max(0, size - reach))
                whole = file.read().rstrip(b"\n")
                if reach >= size or b"\n" in whole:
                    line = whole.rpartition(b"\n")[2]
                    return msgspec.json.decode(line) if line else None
                reach *= 4

    def append(self, line: Any) -> None:
        """Write a line; when this returns, the operating system has it."""
        data = self._encoder.encode(line) + b"\n"
        while data:
            data = data[self._file.write(data) or 0 :]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _cut(self) -> None:
        size = self._file.seek(0, os.SEEK_END)
        end, tail = size, b""
        while end and b"\n" not in tail:
            begin = max(0, end - 65_536)
            self._file.seek(begin)
            tail = self._file.read(end - begin)
            end = begin
        whole = end + tail.rfind(b"\n") + 1
        if whole != size:
            self._file.truncate(whole)
