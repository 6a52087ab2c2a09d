"""Runs a webhook receiver as a process of its own: `python -m dealwright_webhook.simulator --log FILE --secret-file F`.

It prints its port, and serves until it is told to end. Faults come by `--faults` or `POST /_control/faults`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from dealwright.clock import SystemClock
from dealwright_http.redaction import Secret
from dealwright_http.runner import Simulator, parser_for, run, settings
from dealwright_webhook.receiver import Receiver

SIMULATOR: Final = Simulator(
    what="a company's receiver of webhooks", module="dealwright_webhook.simulator", key_option="--secret-file"
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = parser_for("dealwright_webhook.simulator", "A receiver of webhooks.")
    parser.add_argument("--secret-file", type=Path, required=True, help="holds the secret that signs")
    parser.add_argument("--name", default="receiver", help="`server` in the log")
    parser.add_argument("--no-dedupe", action="store_true", help="carry out a repeated key again")
    options = parser.parse_args(arguments)
    try:
        secret = Secret(options.secret_file.read_text(encoding="utf-8").strip())
    except OSError as error:
        parser.error(str(error))
    receiver = Receiver(
        options.log, secret, SystemClock(), name=options.name, dedupes=not options.no_dedupe, **settings(options)
    )
    run(receiver, options.port)


if __name__ == "__main__":
    main()
