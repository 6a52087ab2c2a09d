"""The simulated Kommo's options."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from dealwright.clock import PlayedClock, SystemClock
from dealwright_http.redaction import Secret
from dealwright_http.runner import Simulator, parser_for, run, settings
from dealwright_kommo.simulator.emitter import Habits
from dealwright_kommo.simulator.furnished import Furnished
from dealwright_kommo.simulator.server import KommoSimulator, Manners

SIMULATOR: Final = Simulator(
    what="an account of Kommo (API v4)", module="dealwright_kommo.simulator", key_option="--token-file", hooks=True
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = parser_for("dealwright_kommo.simulator", "An account of Kommo.")
    parser.add_argument("--token-file", type=Path, required=True, help="holds the long-lived token")
    parser.add_argument("--hook", action="append", default=[], metavar="URL", help="hears of every change")
    parser.add_argument("--largest-batch", type=int, metavar="N", help="bulk writes of more are answered 504")
    parser.add_argument("--late-504", action="store_true", help="such a 504 comes after the commit, not before")
    parser.add_argument("--search-lag", type=float, default=2.0, metavar="S", help="until a search sees what is new")
    parser.add_argument("--in-order", action="store_true", help="do not shuffle the results of bulk writes")
    parser.add_argument("--retry-after", type=int, default=1, metavar="S", help="the wait that a 429 asks for")
    parser.add_argument("--patience", type=int, default=50, metavar="N", help="ignored 429s before a block by 403")
    parser.add_argument("--block", type=float, default=60.0, metavar="S", help="how long a block lasts")
    parser.add_argument("--hook-scale", type=float, default=1.0, metavar="X", help="times the waits between attempts")
    parser.add_argument("--hook-batch", type=int, default=1, metavar="N", help="changes of one request in one hook")
    parser.add_argument("--hook-duplicates", type=float, default=0.0, metavar="P", help="share that is sent twice")
    parser.add_argument("--hook-reorder", type=float, default=0.0, metavar="P", help="share that is held back a little")
    parser.add_argument("--account", type=_furnished, metavar="FILE", help="JSON: what is there from the start")
    parser.add_argument(
        "--now", type=_played, metavar="T", help="the account's time, which stands still until POST /_control/now"
    )
    options = parser.parse_args(arguments)
    try:
        token = Secret(options.token_file.read_text(encoding="utf-8").strip())
    except OSError as error:
        parser.error(str(error))
    manners = Manners(
        largest=options.largest_batch,
        late=options.late_504,
        lag=options.search_lag,
        shuffle=not options.in_order,
        retry_after=options.retry_after,
        patience=options.patience,
        block=options.block,
    )
    habits = Habits(
        scale=options.hook_scale,
        duplicates=options.hook_duplicates,
        reorder=options.hook_reorder,
        batch=options.hook_batch,
    )
    hooks = tuple(options.hook)
    simulator = KommoSimulator(
        options.log, token, options.now or SystemClock(), manners=manners, habits=habits, hooks_to=hooks,
        furnished=options.account, **settings(options),
    )  # fmt: skip
    run(simulator, options.port)


def _furnished(said: str) -> Furnished:
    try:
        return msgspec.json.decode(Path(said).read_bytes(), type=Furnished)
    except (msgspec.DecodeError, OSError) as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _played(said: str) -> PlayedClock:
    try:
        return PlayedClock(datetime.fromisoformat(said))
    except ValueError:
        raise argparse.ArgumentTypeError("it takes an instant with its offset: 2026-05-04T13:05:00+00:00") from None
