"""Chaos: workload W1 on real processes, which are killed one after the other; `./run chaos` (docs/kill-test.md)."""

from __future__ import annotations
