"""The intake of a run, as a process of its own."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

from dealwright.clock import SystemClock
from dealwright_flows.web import application, serve
from tests.chaos import arming, breaks, site
from tests.chaos.places import Places


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.web", description=main.__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--break", dest="broken", choices=breaks.NAMES)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    places = Places.read(options.directory)
    arming.listen(places.path, "web")
    clock = SystemClock()
    breaks.into_web(options.broken)
    journal = breaks.journal_class(options.broken)(places.journal, clock, takeover_after=site.TAKEOVER)
    serve(application(site.project(places, clock), journal, clock), "127.0.0.1", places.web)


if __name__ == "__main__":
    main()
