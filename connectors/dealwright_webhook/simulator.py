"""Runs a webhook receiver as a process of its own: `python -m dealwright_webhook.simulator --log FILE --secret-file F`.

It prints its port, and serves until it is told to end. Faults come by `--faults` or `POST /_control/faults`.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path

import msgspec

from dealwright.clock import SystemClock
from dealwright_http.redaction import Secret
from dealwright_webhook.receiver import Fault, Receiver


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m dealwright_webhook.simulator", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one (it is printed)")
    parser.add_argument("--log", type=Path, required=True, help="one JSON line per request; read again at start")
    parser.add_argument("--secret-file", type=Path, required=True, help="holds the secret that signs")
    parser.add_argument("--name", default="receiver", help="`server` in the log")
    parser.add_argument("--no-dedupe", action="store_true", help="carry out a repeated key again")
    parser.add_argument("--faults", default="[]", help='JSON, such as [{"times": 3, "status": 503, "retry_after": 1}]')
    options = parser.parse_args(arguments)
    try:
        faults = msgspec.json.decode(options.faults, type=list[Fault])
        secret = Secret(options.secret_file.read_text(encoding="utf-8").strip())
    except (msgspec.DecodeError, OSError) as error:
        parser.error(str(error))
    receiver = Receiver(options.log, secret, SystemClock(), name=options.name, dedupes=not options.no_dedupe)
    receiver.fail(*faults)
    asyncio.run(_serve(receiver, options.port))


async def _serve(receiver: Receiver, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print(await receiver.start(port), flush=True)
    await stop.wait()
    await receiver.stop()


if __name__ == "__main__":
    main()
