"""Hints in the author's own currency: where one shows an amount for example, it is in that of the company."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from dealwright.compile.findings import Finding
from dealwright.compile.sources import Source, argument, called
from dealwright.model.iso import DECIMALS

_EXAMPLE: Final = re.compile(r'Money\("([\d.]+)", "(?:EUR|USD)"\)')
_NO_CURRENCY: Final = re.compile(r"'(\w{1,10})' is not a currency")


def own_currency(sources: Iterable[Source]) -> str:
    """Return what the accounts of these files reckon in, or else most of their amounts; empty if nothing says so."""
    known = list(sources)
    of_accounts = Counter(_codes(known, "Account"))
    of_amounts = Counter(_codes(known, "Money"))
    most = (of_accounts or of_amounts).most_common(1)
    return most[0][0] if most else ""


def _codes(sources: Iterable[Source], word: str) -> Iterator[str]:
    for source in sources:
        for call in source.nodes(ast.Call):
            if called(call) == word:
                given = argument(call, "currency")
                for each in (given, *(call.args[1:2] if word == "Money" else ())):
                    if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value in DECIMALS:
                        yield each.value


def in_own_currency(finding: Finding, currency: str) -> Finding:
    """Return a finding of what was not loaded with the company's own currency where its hint shows or guesses one."""
    if not currency:
        return finding
    unknown = _NO_CURRENCY.search(finding.message)
    if unknown is not None and _alike(unknown[1].upper(), currency):
        return msgspec.structs.replace(finding, hint=f"did you mean {currency}?")

    def shown(example: re.Match[str]) -> str:
        amount = example[1] if DECIMALS[currency] else example[1].partition(".")[0]
        return f'Money("{amount}", "{currency}")'

    return msgspec.structs.replace(finding, hint=_EXAMPLE.sub(shown, finding.hint))


def _alike(code: str, currency: str) -> bool:
    """Say whether a code begins as the currency does, and has another letter of it: CDN is written for CAD."""
    return code[:1] == currency[:1] and sum((Counter(code) & Counter(currency)).values()) > 1
