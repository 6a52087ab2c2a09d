"""Reads a CSV file as records with their line numbers, strictly: what is malformed is named with file and line."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Final

import msgspec

from dealwright.errors import InputError

LONGEST_LINE: Final = 16_000_000
"""Bytes of one physical line; a file without line ends must not fill the memory."""

_BOM = b"\xef\xbb\xbf"


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One record and the line it begins on."""

    line: int
    cells: list[str]


class CsvFile:
    """A CSV file with a header, opened once and read as often as is wanted.

    Raises:
        InputError: it cannot be opened, is empty, or its header cannot be used.
    """

    def __init__(self, path: Path, *, delimiter: str = ",") -> None:
        self.path = path
        self._delimiter = delimiter
        try:
            self._file: BufferedReader = path.open("rb")
        except OSError as error:
            raise InputError(f"{path}: cannot be opened ({error.strerror})") from None
        try:
            self.header = self._read_header()
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def digest(self) -> str:
        """Return what identifies the content, whatever the file is called."""
        self._file.seek(0)
        return hashlib.file_digest(self._file, "sha256").hexdigest()

    def size(self) -> int:
        """Return the file's length in bytes."""
        return self.path.stat().st_size

    def records(self) -> Iterator[Record]:
        """Yield the records after the header, from the start; blank lines are passed over.

        Raises:
            InputError: the file is no well-formed CSV in UTF-8; the message names file and line.
        """
        everything = self._everything()
        next(everything)
        return everything

    def _everything(self) -> Iterator[Record]:
        self._file.seek(0)
        with _long_cells():
            reader = csv.reader(self._lines(), delimiter=self._delimiter, strict=True)
            start = 1
            while True:
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    raise InputError(f"{self.path}:{start}: {_why(error)}") from None
                if cells:
                    yield Record(line=start, cells=cells)
                start = reader.line_num + 1

    def _lines(self) -> Iterator[str]:
        number = 0
        while raw := self._file.readline(LONGEST_LINE):
            number += 1
            where = f"{self.path}:{number}"
            if number == 1:
                raw = raw.removeprefix(_BOM)
            if len(raw) == LONGEST_LINE:
                raise InputError(f"{where}: the line is longer than {LONGEST_LINE:,} bytes; this is hardly a CSV file")
            if b"\0" in raw:
                raise InputError(f"{where}: there is a NUL byte; save the file as CSV in UTF-8 (not UTF-16, not .xlsx)")
            try:
                yield raw.decode()
            except UnicodeDecodeError as error:
                raise InputError(
                    f"{where}: byte {error.start + 1} is not UTF-8; save the file as CSV in UTF-8"
                ) from None

    def _read_header(self) -> list[str]:
        first = next(self._everything(), None)
        if first is None:
            raise InputError(f"{self.path}: the file is empty; it needs a header and a row per deal")
        names = [name.strip() for name in first.cells]
        twice = sorted(name for name, times in Counter(names).items() if times > 1)
        if twice:
            raise InputError(f"{self.path}:{first.line}: two columns are called {twice[0]!r}")
        if len(names) == 1:
            other = next((each for each in (";", "\t", "|", ",") if each in names[0]), None)
            if other is not None:
                raise InputError(f"{self.path}:{first.line}: there is one column; is --delimiter {other!r} meant?")
        return names


@contextmanager
def _long_cells() -> Iterator[None]:
    # The module's limit of 128 kB would end the file at a long cell; the row is to be refused, not the file.
    before = csv.field_size_limit(LONGEST_LINE)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _why(error: csv.Error) -> str:
    text = str(error)
    if "unexpected end of data" in text:
        return "a quote is opened here and never closed"
    if "expected after" in text:
        return "a closing quote is followed by text; a quote inside a quoted cell is written twice"
    if "new-line character" in text:
        return "there is a lone carriage return; save the file with ordinary line ends"
    return f"malformed CSV: {text}"
