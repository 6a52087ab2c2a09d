"""Benchmarks: what Dealwright costs, recounted before it is printed. `./run bench`; docs/benchmarks.md explains."""

from __future__ import annotations
