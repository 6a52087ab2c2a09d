"""`python -m tests.kill`: kills workers as often as you like, with or without sabotage, and prints the audit."""

from __future__ import annotations

import argparse
import random
import tempfile
from pathlib import Path

from tests.kill.breaks import BREAKS
from tests.kill.harness import POINTS
from tests.kill.runs import aimed, at_moments, at_points
from tests.kill.world import world


def main() -> None:
    """Run; exit 0 if the audit is green and 1 if it is red."""
    parser = argparse.ArgumentParser(prog="python -m tests.kill", description=main.__doc__)
    parser.add_argument("--break", dest="broken", choices=sorted(BREAKS), help="take this guarantee away")
    parser.add_argument("--aim", choices=sorted(BREAKS), help="strike where this break would show, without it")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--points", action="store_true", help="at every fault point once, instead of random moments")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as directory, world(Path(directory), options.database) as made:
        aim = options.broken or options.aim
        if aim is not None:
            report = aimed(made, aim, kills=options.kills, broken=options.broken)
        elif options.points:
            report = at_points(made, random.Random(options.seed), POINTS)
        else:
            report = at_moments(made, random.Random(options.seed), options.kills)
    print(report)
    raise SystemExit(bool(report.violations))


if __name__ == "__main__":
    main()
