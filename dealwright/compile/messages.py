"""What the loader asks its child process, and what the child tells back, line by line.

A line of the child begins with the job's token. A file that writes to the child's descriptor by itself does not know
the token: its line is no message, and is told as a finding (DW913).
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from dealwright.compile import ir
from dealwright.compile.findings import Finding
from dealwright.compile.outline import Outline


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What loading one company's files may cost. `silence` is the longest time without a word from the child."""

    file_seconds: float = 10.0
    cpu_seconds: int = 60
    silence: float = 20.0
    memory: int = 1 << 30
    written: int = 1 << 20


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """The files of one company, relative to its folder; those in `skipped` were the end of an earlier child."""

    root: str
    package: str
    files: tuple[str, ...]
    skipped: tuple[str, ...]
    whole: bool
    limits: Limits
    token: str


class Started(msgspec.Struct, frozen=True, kw_only=True, tag_field="is", tag="started"):
    """The child begins with a file."""

    file: str


class Found(msgspec.Struct, frozen=True, kw_only=True, tag_field="is", tag="found"):
    """The child found something."""

    finding: Finding


class Compiled(msgspec.Struct, frozen=True, kw_only=True, tag_field="is", tag="compiled"):
    """The child compiled an account. One that is not `usable` has errors: it is there for the rules alone."""

    account: ir.Account
    usable: bool = True


class Unlisted(msgspec.Struct, frozen=True, kw_only=True, tag_field="is", tag="unlisted"):
    """What no account lists, compiled as if one did: rules judge it all the same."""

    account: ir.Account


class Outlined(msgspec.Struct, frozen=True, kw_only=True, tag_field="is", tag="outlined"):
    """Which definitions the child saw."""

    outline: Outline


class Done(msgspec.Struct, frozen=True, kw_only=True, tag_field="is", tag="done"):
    """The child looked at everything."""


Message: TypeAlias = Started | Found | Compiled | Unlisted | Outlined | Done
"""Any line of the child."""
