"""Runs a system that is asked, as a process of its own: `python -m dealwright_lookup.simulator --log FILE --answers F`.

It prints its port, and serves until it is told to end. Faults come by `--faults` or `POST /_control/faults`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from dealwright.clock import SystemClock
from dealwright_http.redaction import Secret
from dealwright_http.runner import parser_for, run, settings
from dealwright_lookup.answerer import Answerer


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = parser_for("dealwright_lookup.simulator", "A system that is asked for facts.")
    parser.add_argument("--answers", type=Path, required=True, help='JSON: {"/check": {"DE123": {"valid": true}}}')
    parser.add_argument("--secret-file", type=Path, help="holds the secret that askers must send")
    parser.add_argument("--name", default="answerer", help="`server` in the log")
    options = parser.parse_args(arguments)
    try:
        answers = msgspec.json.decode(options.answers.read_bytes(), type=dict[str, dict[str, Any]])
        secret = Secret(options.secret_file.read_text("utf-8").strip()) if options.secret_file else None
    except (OSError, msgspec.DecodeError) as error:
        parser.error(str(error))
    answerer = Answerer(
        options.log, SystemClock(), answers=answers, secret=secret, name=options.name, **settings(options)
    )
    run(answerer, options.port)


if __name__ == "__main__":
    main()
