"""Findings: what is wrong with definition files, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from dealwright.compile import ir
from dealwright.compile.outline import Outline
from dealwright.language.characters import one_line

Severity = Literal["error", "warning"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong, at a line of a file; `path` is relative to the company's folder until it is shown.

    Lines and columns count from 1; a column of 0 is where the line's text begins.
    """

    code: str
    path: str
    line: int
    message: str
    hint: str = ""
    severity: Severity = "error"
    column: int = 0

    def __str__(self) -> str:
        """`path:line CODE message`, on one line whatever the message quotes."""
        return one_line(f"{self.path}:{self.line} {self.code} {self.message}")


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules look at: one company's files as they are on disk, and everything that they define.

    `accounts` are all accounts, also those with errors; `unlisted` is what none of them lists, compiled as if one did.
    """

    folder: str
    root: str
    files: tuple[str, ...]
    accounts: tuple[ir.Account, ...] = ()
    unlisted: ir.Account | None = None
    outline: Outline = Outline()


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """What came of loading: the accounts without errors, the folder each stands in, and every finding of every file."""

    accounts: tuple[ir.Account, ...] = ()
    folders: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    companies: tuple[Company, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that keep definitions from being used."""
        return tuple(finding for finding in self.findings if finding.severity == "error")


def together(loaded: Iterable[Loaded]) -> Loaded:
    """Return several as one; an account whose key another one has is a finding."""
    parts = tuple(loaded)
    accounts = tuple(account for part in parts for account in part.accounts)
    folders = tuple(folder for part in parts for folder in part.folders)
    companies = tuple(company for part in parts for company in part.companies)
    findings = [finding for part in parts for finding in part.findings]
    first: dict[str, str] = {}
    for account, folder in zip(accounts, folders, strict=True):
        where = account.where or ir.Where(file="", line=1)
        path = str(Path(folder, where.file))
        if account.key in first:
            message = f"the account {account.key!r} has the key of the one at {first[account.key]}"
            findings.append(
                Finding(code="DW201", path=path, line=where.line, message=message, hint="rename one of them")
            )
        first.setdefault(account.key, f"{path}:{where.line}")
    return Loaded(accounts=accounts, folders=folders, findings=in_order(findings), companies=companies)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings once each, by file, line and code."""
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=lambda finding: (finding.path, finding.line, finding.code, finding.message)))
