"""Codes of findings: what each means, why it matters, and an example of it with its fix (docs/rules.md is made of it).

Here are the codes of loading and of lowering. A lint rule carries its own, in `rules/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from dealwright.compile.findings import Severity


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """What a code means. `bad` is found with this code and no other; `good` is the same, put right.

    Examples stand after the beginning that docs/rules.md shows; a code without one cannot be shown in a few lines.
    """

    code: str
    title: str
    reason: str
    severity: Severity = "error"
    bad: str = ""
    good: str = ""
