"""The codes of findings, each with what it means: the one table (docs/language.md shows it, a test compares)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "DW201": "two definitions have one key",
        "DW202": "a pipeline or stage is not one of the account's",
        "DW203": "a condition or a value names a fact that is not known there",
        "DW204": "two keys become one name when they are compiled",
        "DW205": "a plain amount has no currency",
        "DW206": "the reason for a lost deal is not one of the stage's",
        "DW300": "a text cannot be read",
        "DW301": "a text does what texts may not",
        "DW302": "a text names a fact that is not there",
        "DW303": "a text is too long",
        "DW900": "a file cannot be loaded",
        "DW901": "a file is not Python",
        "DW902": "a file is too large, or cannot be read",
        "DW903": "a file imports something that is not there",
        "DW904": "a file ended the process it was loaded in",
        "DW905": "a file took too much time or memory",
        "DW906": "a file tried to start a process or to use the network",
        "DW907": "a file printed something while it was loaded (a warning)",
        "DW908": "no account was found",
        "DW909": "a folder or file cannot be loaded under its name",
        "DW910": "a definition cannot be built as written",
        "DW911": "a time zone or working hours cannot be understood",
        "DW912": "there is no such field",
    }
)
"""Every code and its meaning."""
