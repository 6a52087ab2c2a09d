"""`./run chaos`: kills the processes of W1 at named points and random moments, and recounts every event."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from tests.chaos import breaks, databases
from tests.chaos.places import Places
from tests.chaos.plan import aimed, strikes
from tests.chaos.run import Course, Ran, run

BROKEN_ROUNDS = 6
"""Rounds of a run whose guarantee is switched off, unless `--rounds` says otherwise."""


BROKEN_IDLE = 15.0
"""Seconds in which such a run must have ended what it can: what is stuck then stays stuck."""


PAUSED_IDLE = 60.0
"""The same where an engine is stopped: its lease, the longest call and two looks pass before another one repeats."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; return 0 if every guarantee held, 1 if one broke, 2 for what cannot be run."""
    parser = argparse.ArgumentParser(prog="./run chaos", description=main.__doc__)
    parser.add_argument("--rounds", type=int, help="kills (default: 200; 6 with --break)")
    parser.add_argument("--seed", type=int, help="chooses the same strikes again (default: any; it is printed)")
    parser.add_argument("--database", metavar="URL", help="the journal's: postgresql://... (default: a SQLite file)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave journal and request logs there")
    parser.add_argument("--break", dest="broken", metavar="NAME", help="switch this guarantee off: must go red")
    parser.add_argument("--list-breaks", action="store_true", help="print the names that --break takes, and end")
    parser.add_argument("--json", action="store_true", help="print one JSON object, and nothing else on stdout")
    options = parser.parse_args(arguments)
    if options.list_breaks:
        print("\n".join(breaks.NAMES))
        return 0
    if options.broken is not None and options.broken not in breaks.NAMES:
        parser.error(f"there is no guarantee {options.broken!r}; --list-breaks prints them")
    rounds = options.rounds if options.rounds is not None else BROKEN_ROUNDS if options.broken else 200
    if rounds < 1:
        parser.error("--rounds is 1 or more")
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", file=sys.stderr if options.json else sys.stdout, flush=True)
    try:
        with _directory(options.keep) as directory, databases.journal(options.database, kept=bool(options.keep)) as url:
            places = Places.make(directory, url)
            places.write()
            course = course_of(seed, rounds, options.broken)
            ran = asyncio.run(run(places, course, say=(lambda _: None) if options.json else partial(print, flush=True)))
    except databases.Unusable as error:
        print(error, file=sys.stderr)
        return 2
    _print(ran, options, seed, rounds, places)
    return int(bool(ran.recount.violations))


def course_of(seed: int, rounds: int, broken: str | None) -> Course:
    """Return the course of a run; with a guarantee switched off all its strikes are where that must show."""
    if broken is None:
        return Course(strikes=strikes(seed, rounds))
    it = breaks.BREAKS[broken]
    return Course(
        strikes=aimed(seed, rounds, it.points, it.victim),
        broken=broken,
        pausing=it.pausing,
        automations=it.automations,
        prefect=False,
        idle=PAUSED_IDLE if it.pausing else BROKEN_IDLE,
    )


def _print(ran: Ran, options: argparse.Namespace, seed: int, rounds: int, places: Places) -> None:
    counted = ran.recount
    figures = {
        "seed": seed,
        "database": "postgresql" if options.database else "sqlite",
        "break": options.broken,
        "rounds": rounds,
        "kills": ran.kills,
        "points_not_reached": ran.missed,
        "events": counted.events,
        "effects": counted.effects,
        "hooks_repeated": ran.repeats,
        "lost": counted.count("lost"),
        "duplicated": counted.count("duplicated"),
        "out_of_order": counted.count("out_of_order"),
        "parked_unknown": counted.parked_unknown,
        "parked_at_most": counted.parked_at_most,
        "parked_wrongly": counted.count("parked"),
        "violations": [f"{item.sort}: {item.what}" for item in counted.violations[:40]],
    }
    if options.keep:
        figures["directory"] = places.directory
        figures["journal"] = places.journal
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        if name != "violations":
            print(f"{name:20} {value}")
    for line in figures["violations"]:
        print(f"  {line}")
    print("red: a guarantee broke" if counted.violations else "green: nothing lost, nothing twice")


@contextlib.contextmanager
def _directory(kept: Path | None) -> Iterator[Path]:
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="dealwright-chaos-", ignore_cleanup_errors=True) as made:
            yield Path(made)
        return
    kept.mkdir(parents=True, exist_ok=True)
    if any(kept.iterdir()):
        raise databases.Unusable(f"{kept} holds something already: give --keep an empty or new directory")
    yield kept.resolve()


if __name__ == "__main__":
    raise SystemExit(main())
