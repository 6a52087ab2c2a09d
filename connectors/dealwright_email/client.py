"""One connection to the mail server: secured, logged in, and used for one message after the other.

aiosmtplib's `sendmail` does not say how far it came when it fails. Its single commands are called here, so that every
failure is known to be before or after the moment that counts: the final dot.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from typing import Final

import aiosmtplib

from dealwright.errors import InputError, Unauthorized
from dealwright.model.requests import Outcome, Refused, Sent, TryAgain, Unknown
from dealwright_email.message import Letter
from dealwright_email.sansio import BUSY_SECONDS, Nonsense, Phase, judge, told
from dealwright_email.settings import EmailSettings

QUIT_SECONDS: Final = 1.0
"""How long the end of a connection may take: nothing depends on it."""

_LINE_STARTS_WITH_DOT = re.compile(rb"(?m)^\.")
_DOT: Final = b".\r\n"


class Line:
    """A connection that is opened when it is needed, and again when the server has closed it between two messages."""

    def __init__(self, settings: EmailSettings, tls: ssl.SSLContext | None) -> None:
        self._settings = settings
        self._tls = tls
        self._smtp: aiosmtplib.SMTP | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._used = False
        self._dotted = False

    @property
    def is_open(self) -> bool:
        """Whether the connection stands, as far as we know."""
        return self._smtp is not None and self._smtp.is_connected

    async def open(self) -> TryAgain | None:
        """Connect, secure, log in, unless that is done; return why it cannot be done now.

        Raises:
            Unauthorized: the server does not accept the credentials.
        """
        try:
            async with asyncio.timeout(self._settings.timeout):
                await self._open()
        except Exception as error:
            self.abort()
            if isinstance(error, Unauthorized):
                raise
            return self._not_open(error)
        return None

    async def send(self, letter: Letter) -> Outcome:
        """Send one message, within one timeout; what it returns is exact about the final dot."""
        self._dotted = False
        try:
            async with asyncio.timeout(self._settings.timeout):
                outcome = await self._send(letter)
        except Exception as error:
            self.abort()
            if self._dotted:
                return Unknown(reason=f"{self._settings.host} {_what(error)} after the message had left")
            return self._not_open(error)
        if isinstance(outcome, Unknown):
            self.abort()  # who answered nonsense is not asked again
        return outcome

    async def quit(self) -> None:
        """Take leave, briefly."""
        try:
            async with asyncio.timeout(QUIT_SECONDS):
                if self._smtp is not None and self.is_open:
                    await self._smtp.execute_command(b"QUIT")
        except (OSError, aiosmtplib.SMTPException, TimeoutError):
            pass
        finally:
            self.abort()

    def abort(self) -> None:
        """Drop the connection at once."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            if isinstance(smtp.transport, asyncio.WriteTransport):
                smtp.transport.abort()
            smtp.close()
        self._writer = None  # not before: a stream writer complains of a transport that is open when it goes

    # --- opening ------------------------------------------------------------------------------------------------------

    async def _open(self) -> None:
        if self.is_open:
            return
        self.abort()
        self._used = False
        settings = self._settings
        self._smtp = smtp = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            local_hostname=settings.sender.address.domain,
            timeout=None,  # one timeout is around everything
            use_tls=settings.tls == "tls",
            start_tls=False,
            tls_context=self._tls,
        )
        await smtp.connect()
        await smtp.ehlo()
        if settings.tls == "starttls":
            if not smtp.supports_extension("starttls"):
                raise _Insecure
            await smtp.starttls(tls_context=self._tls)
            await smtp.ehlo()
        if settings.credentials is not None:
            try:
                await smtp.login(settings.credentials.username.encode(), settings.credentials.password())
            except aiosmtplib.SMTPAuthenticationError as error:
                if error.code // 100 == 5:
                    said = told("AUTH", error.code, error.message)
                    raise Unauthorized(f"{settings.host}: {said}: check username and password") from None
                raise

    def _not_open(self, error: Exception) -> TryAgain:
        """Say what went wrong before the final dot: nothing was sent."""
        host = self._settings.host
        if isinstance(error, _Insecure):
            reason = f'{host} offers no STARTTLS, so nothing is sent to it; is tls = "tls" meant?'
            return TryAgain(reason=reason, after=BUSY_SECONDS)
        if isinstance(error, InputError | Unauthorized | Nonsense):
            return TryAgain(reason=str(error), after=BUSY_SECONDS)
        certificate = _certificate_error(error)
        if certificate is not None:
            reason = f"the certificate of {host} is not trusted: {certificate.verify_message}"
            return TryAgain(reason=reason, after=BUSY_SECONDS)
        if isinstance(error, aiosmtplib.SMTPResponseException) and error.code > 0:
            phase: Phase = "AUTH" if isinstance(error, aiosmtplib.SMTPAuthenticationError) else "EHLO"
            phase = "greeting" if isinstance(error, aiosmtplib.SMTPConnectResponseError) else phase
            return TryAgain(reason=f"{host}: {told(phase, error.code, str(error.message))}", after=BUSY_SECONDS)
        return TryAgain(reason=f"{host} {_what(error)}; nothing was sent")

    # --- sending ------------------------------------------------------------------------------------------------------

    async def _send(self, letter: Letter) -> Outcome:
        while True:
            await self._open()
            fresh = not self._used
            self._used = True
            try:
                if not fresh:
                    await self._reset()
                outcome = await self._transaction(letter)
            except (OSError, aiosmtplib.SMTPException, Nonsense):
                if fresh or self._dotted:
                    raise
            else:
                if fresh or self._dotted or self.is_open:
                    return outcome
            # A server may close a connection between two messages: this one gets a connection of its own.
            self.abort()

    async def _reset(self) -> None:
        answer = await self._ask("RSET", b"RSET")
        if answer is not None:
            raise Nonsense(f"{self._settings.host}: RSET is not understood")

    async def _transaction(self, letter: Letter) -> Outcome:
        smtp = self._connection()
        size = smtp.esmtp_extensions.get("size", "")
        if size.isdecimal() and 0 < int(size) < len(letter.data):
            return Refused(code="too_large", message=f"{self._settings.host} takes messages up to {int(size)} bytes")
        options = [b"SIZE=%d" % len(letter.data)] if "size" in smtp.esmtp_extensions else []
        if letter.utf8:
            if "smtputf8" not in smtp.esmtp_extensions:
                return Refused(
                    code="needs_smtputf8", message=f"{self._settings.host} takes addresses in plain letters only"
                )
            options += [b"SMTPUTF8", *([b"BODY=8BITMIME"] if "8bitmime" in smtp.esmtp_extensions else [])]
        answer = await self._ask("MAIL", b"MAIL", b"FROM:<%s>" % letter.sender.text.encode(), *options)
        if answer is None:
            answer = await self._ask("RCPT", b"RCPT", b"TO:<%s>" % letter.to.text.encode())
        if answer is not None:
            return answer
        copies = [await self._ask("RCPT", b"RCPT", b"TO:<%s>" % copy.text.encode()) for copy in letter.copies]
        answer = await self._ask("DATA", b"DATA")
        if answer is not None:
            return answer
        answer = await self._hand_over(letter)
        if answer is not None:
            return answer
        refused = sum(copy is not None for copy in copies)
        return Sent(receipt={"message_id": letter.message_id, "refused": refused})

    async def _hand_over(self, letter: Letter) -> Outcome | None:
        """Write the message, wait until all of it is gone, and only then write the dot."""
        smtp = self._connection()
        protocol, transport = smtp.protocol, smtp.transport
        if protocol is None or not isinstance(transport, asyncio.WriteTransport):
            raise ConnectionResetError
        if self._writer is None:
            transport.set_write_buffer_limits(high=1)  # with 0 a TLS transport of asyncio never lets go on
            self._writer = asyncio.StreamWriter(transport, protocol, None, asyncio.get_running_loop())
        protocol.write(_LINE_STARTS_WITH_DOT.sub(b"..", letter.data))
        await self._writer.drain()
        protocol.write(_DOT)  # raises when the connection is known to be gone: then it did not leave
        self._dotted = True
        answer = await protocol.read_response()
        return judge(self._settings.host, "message", answer.code, answer.message)

    async def _ask(self, phase: Phase, *command: bytes) -> Outcome | None:
        answer = await self._connection().execute_command(*command)
        return judge(self._settings.host, phase, answer.code, answer.message)

    def _connection(self) -> aiosmtplib.SMTP:
        if self._smtp is None or not self._smtp.is_connected:
            raise ConnectionResetError
        return self._smtp


class _Insecure(Exception):
    """The server offers no STARTTLS."""


def _what(error: Exception) -> str:
    """Say what a server did, without its words."""
    if isinstance(error, aiosmtplib.SMTPConnectError) and not isinstance(error, TimeoutError):
        return "cannot be connected to"
    if isinstance(error, TimeoutError):
        return "did not answer in time"
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return "answered something that is no SMTP"
    if isinstance(error, OSError):
        return "closed the connection"
    return f"could not be talked to ({type(error).__name__})"


def _certificate_error(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error
        error = error.__cause__
    return None
