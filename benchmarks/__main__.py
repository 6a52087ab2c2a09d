"""`python -m benchmarks [NAME ...] [--json | --markdown] [--keep DIR] [--break]`: measures, recounts, prints."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import traceback
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from time import perf_counter
from typing import Final

import msgspec

from benchmarks import check, drain, due_scan, gate, importing, intake, latency, memory, scaling, w1, w1_kommo
from benchmarks.frame import Benchmark, Figures, Missing, Red, Setting, say

ALL: Final[tuple[Benchmark, ...]] = (
    w1.W1,
    w1.ON_KOMMO,
    w1_kommo.W1_KOMMO,
    latency.LATENCY,
    intake.INTAKE,
    drain.SQLITE,
    drain.POSTGRESQL,
    check.CHECK,
    importing.IMPORT,
    gate.GATE,
    memory.MEMORY,
    due_scan.SQLITE,
    due_scan.POSTGRESQL,
    scaling.SCALING,
)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one benchmark: figures, or a recount that disagreed, or something that is not on this machine."""

    figures: Figures = {}
    red: bool = False
    missing: bool = False


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure; exit 0, or 1 if a recount did not agree with what was to be done."""
    names = [benchmark.name for benchmark in ALL]
    parser = argparse.ArgumentParser(prog="./run bench", description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(names)} (default: all)")
    parser.add_argument("--json", action="store_true", help="print one flat object of figures, and nothing else")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave the journals and CRM databases here")
    parser.add_argument("--break", dest="broken", action="store_true", help="take one piece of work away: all go red")
    parser.add_argument("--markdown", action="store_true", help="print the table of docs/benchmarks.md, ready to paste")
    parser.add_argument("--events", type=int, metavar="N", help="events, where a benchmark counts in them")
    parser.add_argument("--small", action="store_true", help="smallest sizes: shows that it runs, measures nothing")
    options = parser.parse_args(arguments)
    if options.events is not None and options.events < 1:
        parser.error(f"--events {options.events}: it takes a number of events, such as 2000")
    unknown = sorted(set(options.names) - set(names))
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(names)}")
    chosen = [benchmark for benchmark in ALL if benchmark.name in (options.names or names)]
    if not options.small:
        say(f"{len(chosen)} benchmarks, about {ceil(sum(each.about for each in chosen) / 60)} minutes")
    optional = not options.names and os.environ.get("CI") != "true"
    with tempfile.TemporaryDirectory(prefix="dealwright-bench-") as temporary:
        root = (options.keep or Path(temporary)).resolve()
        measured = [(each, _measure(each, root / each.name, options)) for each in chosen]
    found = {key.name: outcome.figures.get(key.name) for each, outcome in measured for key in each.keys}
    if options.json:
        print(json.dumps({name: None if value is None else float(f"{value:.4g}") for name, value in found.items()}))
    elif options.markdown:
        print("| key | figure | unit | what it says |\n|---|---:|---|---|")
        for each in chosen:
            for key in each.keys:
                print(f"| `{key.name}` | {_shown(found[key.name])} | {key.unit} | {key.what} |")
    else:
        for each in chosen:
            for key in each.keys:
                print(f"{key.name:<28} {_shown(found[key.name]):>12} {key.unit:<9} {key.what}")
    raise SystemExit(any(outcome.red or (outcome.missing and not optional) for _, outcome in measured))


def _measure(benchmark: Benchmark, folder: Path, options: argparse.Namespace) -> Outcome:
    """Run one benchmark in a folder of its own; one that fails costs the others nothing."""
    if folder.exists():
        raise SystemExit(f"{folder} is there already: --keep wants a folder of its own")
    folder.mkdir(parents=True)
    setting = Setting(folder=folder, small=options.small, broken=options.broken, asked=options.events)
    began = perf_counter()
    try:
        return Outcome(figures=benchmark.run(setting))
    except Red as red:
        say(f"{benchmark.name}: RED, no figure: {red}")
        return Outcome(red=True)
    except Missing as missing:
        say(f"{benchmark.name}: skipped, {missing}")
        return Outcome(missing=True)
    except Exception:
        say(f"{benchmark.name}: RED, it failed:\n{traceback.format_exc()}")
        return Outcome(red=True)
    finally:
        say(f"  ({benchmark.name} took {perf_counter() - began:.0f} s)")


def _shown(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    main()
