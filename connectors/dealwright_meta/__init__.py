"""Meta's Conversions API: what became of a lead, told to the advertising that brought it; and a local server of it."""

from __future__ import annotations
