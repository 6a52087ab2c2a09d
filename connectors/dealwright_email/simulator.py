"""Runs a local mail server as a process of its own: `python -m dealwright_email.simulator --log FILE --port PORT`.

It accepts every message, keeps it in its log and delivers nothing. `--list` prints what arrived. Faults come by
`--faults`; in a test by `Mailbox.fail`.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from dealwright.cli.terminal import plain
from dealwright.clock import SystemClock
from dealwright_email.mailbox import Arrived, Fault, Mailbox


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM; or list what arrived."""
    parser = argparse.ArgumentParser(prog="python -m dealwright_email.simulator", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one (it is printed)")
    parser.add_argument("--log", type=Path, required=True, help="one JSON line per message")
    parser.add_argument("--faults", default="[]", help='JSON, such as [{"phase": "RCPT", "reply": "450 later"}]')
    parser.add_argument("--keep-raw", action="store_true", help="keep whole messages in the log")
    parser.add_argument("--list", action="store_true", help="print what arrived, and end")
    options = parser.parse_args(arguments)
    if options.list:
        sys.stdout.writelines(f"{line}\n" for line in listed(options.log))
        return
    try:
        faults = msgspec.json.decode(options.faults, type=list[Fault])
    except msgspec.DecodeError as error:
        parser.error(str(error))
    mailbox = Mailbox(options.log, SystemClock(), keep_raw=options.keep_raw)
    mailbox.fail(*faults)
    asyncio.run(_serve(mailbox, options.port))


def arrived(log: Path) -> list[Arrived]:
    """Return what a log says arrived; a last line that a crash cut off was never answered."""
    data = log.read_bytes() if log.exists() else b""
    return [msgspec.json.decode(line, type=Arrived) for line in data[: data.rfind(b"\n") + 1].splitlines()]


def listed(log: Path) -> Iterator[str]:
    """Tell what arrived, a line for each message."""
    messages = arrived(log)
    for each in messages:
        yield plain(f"{each.at}  {', '.join(each.to)}  {each.subject}  ({each.size} bytes, {each.message_id})")
    yield f"{len(messages)} messages"


async def _serve(mailbox: Mailbox, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print(await mailbox.start(port), flush=True)
    await stop.wait()
    await mailbox.stop()


if __name__ == "__main__":
    main()
