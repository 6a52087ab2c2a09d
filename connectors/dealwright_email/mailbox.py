"""A mail server on loopback that keeps what it accepts: a twin of real ones, made of aiosmtpd, that can misbehave.

A message stands in its log, on disk, before it is answered; so a test can compare what arrived with what the journal
says was sent.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from email import message_from_bytes, policy
from io import FileIO
from pathlib import Path
from typing import Any, Final

import msgspec
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from dealwright.clock import Clock
from dealwright_email.sansio import Phase

LARGEST: Final = 5_000_000


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What goes wrong `times` times from the `nth` time on that `phase` comes (for the recipient `to`, if given).

    `reply` is answered instead of what is true; with `hang` nothing is answered, with `drop` the connection breaks
    (after the reply, if there is one). `commit` keeps the message before that; only the phase `message` can.
    """

    phase: Phase
    nth: int = 1
    times: int = 1
    to: str | None = None
    reply: str | None = None
    hang: bool = False
    drop: bool = False
    commit: bool = False


class Arrived(msgspec.Struct, frozen=True, kw_only=True, rename={"sender": "from", "size": "bytes"}):
    """One line of the log: a message that was accepted. `raw` is kept for tests only."""

    at: str
    sender: str
    to: list[str]
    message_id: str
    key: str
    subject: str
    size: int
    raw: bytes | None = None


class Mailbox:
    """Serves SMTP on loopback: plain, with STARTTLS, or with TLS from the first byte; with `login`, for one user."""

    def __init__(
        self,
        log: Path,
        clock: Clock,
        *,
        keep_raw: bool = False,
        starttls: ssl.SSLContext | None = None,
        tls: ssl.SSLContext | None = None,
        login: tuple[str, str] | None = None,
        smtputf8: bool = True,
        largest: int = LARGEST,
    ) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = FileIO(log, "a", opener=lambda path, flags: os.open(path, flags, 0o600))
        self._clock = clock
        self._keep_raw = keep_raw
        self._tls = tls
        self.login = login
        self._options: dict[str, Any] = {
            "tls_context": starttls,
            "require_starttls": starttls is not None,
            "auth_require_tls": tls is None,
            "auth_exclude_mechanism": ["LOGIN"],
            "authenticator": lambda _server, _session, _envelope, _mechanism, given: AuthResult(
                success=(given.login.decode(), given.password.decode()) == login, handled=False
            ),
            "enable_SMTPUTF8": smtputf8,
            "data_size_limit": largest,
            "hostname": "mailbox.example",
            "ident": "Dealwright mailbox",
        }
        self._faults: list[Fault] = []
        self._server: asyncio.Server | None = None
        self.open: set[asyncio.BaseTransport] = set()
        self.connections = 0
        self.heard: list[str] = []
        """The commands of all connections, in order, without their arguments."""

    def fail(self, *faults: Fault) -> None:
        """Let the next conversations go wrong, one fault after the other."""
        self._faults.extend(faults)

    async def start(self, port: int = 0) -> int:
        """Listen on loopback, and return the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._conversation, "127.0.0.1", port, ssl=self._tls)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
            for transport in list(self.open):
                if isinstance(transport, asyncio.WriteTransport):
                    transport.abort()
            await self._server.wait_closed()
            self._server = None
        self._log.close()

    def next_fault(self, phase: Phase, to: str | None = None) -> Fault | None:
        """Take the first fault of this phase."""
        for place, fault in enumerate(self._faults):
            if fault.phase == phase and fault.to in (None, to):
                if fault.nth > 1:
                    self._faults[place] = msgspec.structs.replace(fault, nth=fault.nth - 1)
                    continue
                if fault.times > 1:
                    self._faults[place] = msgspec.structs.replace(fault, times=fault.times - 1)
                else:
                    del self._faults[place]
                return fault
        return None

    async def keep(self, envelope: Envelope) -> None:
        """Write a message down; it is on disk when this returns."""
        raw = envelope.original_content or b""
        message = message_from_bytes(raw, policy=policy.default)
        line = Arrived(
            at=self._clock.wall().isoformat(timespec="seconds"),
            sender=envelope.mail_from or "",
            to=envelope.rcpt_tos,
            message_id=str(message["Message-ID"] or ""),
            key=str(message["X-Dealwright-Key"] or ""),
            subject=str(message["Subject"] or ""),
            size=len(raw),
            raw=raw if self._keep_raw else None,
        )
        await asyncio.to_thread(self._to_disk, msgspec.json.encode(line) + b"\n")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Answer the final dot; called by aiosmtpd, which finds its handler's methods by these names."""
        fault = self.next_fault("message")
        if fault is None or fault.commit:
            await self.keep(envelope)
        if fault is None:
            return "250 2.0.0 kept"
        if fault.reply is not None and not fault.drop:
            return fault.reply
        if isinstance(server, _Conversation):
            await server.misbehave(fault)
        raise asyncio.CancelledError  # ends the conversation

    def _to_disk(self, line: bytes) -> None:
        self._log.write(line)
        os.fsync(self._log.fileno())

    def _conversation(self) -> _Conversation:
        self.connections += 1
        return _Conversation(self, self._options)


class _Conversation(SMTP):
    """One connection; each command may meet a fault first."""

    def __init__(self, mailbox: Mailbox, options: dict[str, Any]) -> None:
        super().__init__(mailbox, loop=asyncio.get_running_loop(), **options)
        self._mailbox = mailbox
        self._greeted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._mailbox.open.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._mailbox.open = {each for each in self._mailbox.open if not each.is_closing()}
        super().connection_lost(error)

    async def misbehave(self, fault: Fault) -> None:
        """Do what a fault says."""
        if fault.reply is not None:
            await super().push(fault.reply)
        if fault.hang:
            await asyncio.Event().wait()
        if fault.drop and isinstance(self.transport, asyncio.WriteTransport):
            self.transport.close() if fault.reply is not None else self.transport.abort()

    async def push(self, status: Any) -> None:
        if not self._greeted:
            self._greeted = True
            if await self._wrong("greeting"):
                return
        await super().push(status)

    async def smtp_EHLO(self, hostname: str) -> None:
        if not await self._wrong("EHLO"):
            await super().smtp_EHLO(hostname)

    async def smtp_STARTTLS(self, arg: str) -> None:
        if not await self._wrong("STARTTLS"):
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:
        if not await self._wrong("AUTH"):
            await super().smtp_AUTH(arg)

    async def smtp_RSET(self, arg: str) -> None:
        if not await self._wrong("RSET"):
            await super().smtp_RSET(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:
        if await self._wrong("MAIL"):
            return
        if self._mailbox.login is not None and not (self.session and self.session.authenticated):
            await self.push("530 5.7.0 log in first")
            return
        await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        to = (arg or "").partition("<")[2].partition(">")[0]
        if not await self._wrong("RCPT", to):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:
        if not await self._wrong("DATA"):
            await super().smtp_DATA(arg)

    async def _wrong(self, phase: Phase, to: str | None = None) -> bool:
        self._mailbox.heard.append(phase)
        fault = self._mailbox.next_fault(phase, to)
        if fault is not None:
            await self.misbehave(fault)
        return fault is not None
