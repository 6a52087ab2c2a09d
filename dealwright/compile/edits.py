"""Edits: what puts a mechanical mistake right, as exact pieces of a file's text. Nothing else of the file is touched.

Each is driven by a finding that keeps the file from being loaded, or a field from being written, so what is changed had
no meaning before. Where more than one correction is near, there is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from dealwright.compile.edit import Edit, Written
from dealwright.compile.edit_calls import no_keyword, no_own, too_many
from dealwright.compile.edit_names import no_field, no_import, no_name
from dealwright.compile.edit_texts import plain_text
from dealwright.compile.fields_seen import Fields, field_names
from dealwright.compile.findings import Finding
from dealwright.compile.sources import Source

_WAYS: Final[dict[re.Pattern[str], Callable[[Written, Finding, re.Match[str]], Iterator[Edit]]]] = {
    re.compile(r"there is no '(\w+)' in this file"): no_name,
    re.compile(r"cannot import name '(\w+)' from 'dealwright'"): no_import,
    re.compile(r"(\w+) takes no '(\w+)'"): no_keyword,
    re.compile(r"no field of a (?:deal|contact|company) is named '(\w+)'"): no_own,
    re.compile(r"(\w+) is given too many values without a name"): too_many,
    re.compile(r"[\w.]+ has no '(\w+)'"): no_field,
}


def edits(findings: Iterable[Finding], sources: Iterable[Source]) -> dict[str, list[Edit]]:
    """Return what to replace in each file, from its beginning to its end, nothing twice."""
    kept = {source.path: source for source in sources}
    roots = field_names(kept.values())
    found: dict[str, list[Edit]] = {}
    for finding in findings:
        source = kept.get(finding.path)
        if source is None or source.tree is None:
            continue
        file = Written(source, source.tree)
        for pattern, way in _WAYS.items():
            if (told := pattern.match(finding.message)) is not None:
                found.setdefault(finding.path, []).extend(way(file, finding, told))
        if finding.code == "DW212":
            found.setdefault(finding.path, []).extend(plain_text(file, finding, Fields(roots)))
    return {path: chosen for path, wanted in found.items() if (chosen := _apart(wanted))}


def applied(text: str, wanted: Iterable[Edit]) -> str:
    """Return the text with the edits made."""
    for edit in sorted(wanted, key=lambda each: each.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _apart(wanted: Iterable[Edit]) -> list[Edit]:
    """The edits in order, without those that another one has in whole or in part."""
    chosen: list[Edit] = []
    for edit in sorted(wanted, key=lambda each: (each.start, each.end, each.text)):
        if not chosen or edit.start > chosen[-1].end or (edit.start == chosen[-1].end and edit.start < edit.end):
            chosen.append(edit)
    return chosen
