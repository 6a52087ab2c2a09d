"""`python -m benchmarks [NAME ...] [--json] [--keep DIR] [--break]`: measures, recounts, prints."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks import check, drain, due_scan, gate, importing
from benchmarks.frame import Benchmark, Figures, Missing, Red, Setting, say

ALL: Final[tuple[Benchmark, ...]] = (
    drain.SQLITE,
    drain.POSTGRESQL,
    check.CHECK,
    importing.IMPORT,
    gate.GATE,
    due_scan.SQLITE,
    due_scan.POSTGRESQL,
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure; exit 0, or 1 if a recount did not agree with what was to be done."""
    names = [benchmark.name for benchmark in ALL]
    parser = argparse.ArgumentParser(prog="./run bench", description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(names)} (default: all)")
    parser.add_argument("--json", action="store_true", help="print one flat object of figures, and nothing else")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave the journals and CRM databases here")
    parser.add_argument("--break", dest="broken", action="store_true", help="take one piece of work away: all go red")
    parser.add_argument("--small", action="store_true", help="smallest sizes: shows that it runs, measures nothing")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - set(names))
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(names)}")
    chosen = [benchmark for benchmark in ALL if benchmark.name in (options.names or names)]
    with tempfile.TemporaryDirectory(prefix="dealwright-bench-") as temporary:
        root = (options.keep or Path(temporary)).resolve()
        measured = [(each, _measure(each, root / each.name, options)) for each in chosen]
    found = {
        key.name: None if figures is None else figures[key.name] for each, figures in measured for key in each.keys
    }
    if options.json:
        print(json.dumps({name: None if value is None else float(f"{value:.4g}") for name, value in found.items()}))
    else:
        for each in chosen:
            for key in each.keys:
                print(f"{key.name:<28} {_shown(found[key.name]):>12} {key.unit:<9} {key.what}")
    failed = [each.name for each, figures in measured if figures is None and each.name not in _skipped]
    raise SystemExit(1 if failed else 0)


_skipped: set[str] = set()


def _measure(benchmark: Benchmark, folder: Path, options: argparse.Namespace) -> Figures | None:
    """Return the figures, or None if there are none to be had."""
    if folder.exists():
        raise SystemExit(f"{folder} is there already: --keep wants a folder of its own")
    folder.mkdir(parents=True)
    try:
        return benchmark.run(Setting(folder=folder, small=options.small, broken=options.broken))
    except Red as red:
        say(f"{benchmark.name}: RED, no figure: {red}")
    except Missing as missing:
        say(f"{benchmark.name}: skipped, {missing}")
        if not options.names and os.environ.get("CI") != "true":
            _skipped.add(benchmark.name)
    return None


def _shown(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    main()
