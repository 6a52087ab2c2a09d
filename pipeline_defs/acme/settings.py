"""What the head of sales decides without a release: `dealwright settings set large-deal 30000`."""

from __future__ import annotations

from dealwright import Money, setting

large_deal = setting("large-deal", Money, default=Money(25_000, "USD"), min=0, editable_by="head of sales")
free_discount = setting("free-discount", int, default=10, min=0, max=100, editable_by="head of sales")
promising_from = setting("promising-from", int, default=50, min=0, max=100, editable_by="head of sales")
