"""A connector and a real mail server on loopback, and messages between them."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dealwright.clock import Clock, PlayedClock
from dealwright.model.requests import Call, Outcome, SendEmail
from dealwright_email import EmailConnector, EmailSettings, from_table
from dealwright_email.mailbox import Fault, Mailbox
from dealwright_email.simulator import arrived

__all__ = ["arrived"]

WHEN = dt.datetime(2026, 5, 4, 14, 30, tzinfo=dt.UTC)
OFFER = SendEmail(deal_id="7", contact_id="3", to="nora@example.com", to_name="Nora Lindqvist", subject="Your offer",
                  text="Hello Nora,\n\nhere it is.\n")  # fmt: skip
T = TypeVar("T")


def mail(key: str, **changes: Any) -> Call:
    """Return a call that sends an e-mail."""
    return Call(key=key, actor="automation:acme.offer", request=msgspec.structs.replace(OFFER, **changes))


def settings(port: int, *, timeout: float = 5.0, environ: dict[str, str] | None = None, **table: Any) -> EmailSettings:
    """Return settings for a server on this machine."""
    plain = {"host": "127.0.0.1", "port": port, "from": "Acme Tools <hello@acme.example>", "tls": "none"}
    return from_table({**plain, "timeout": timeout, **table}, environ=environ or {})


@asynccontextmanager
async def world(
    log: Path, *, table: dict[str, Any] | None = None, clock: Clock | None = None, timeout: float = 5.0, **options: Any
) -> AsyncIterator[tuple[EmailConnector, Mailbox]]:
    """Start a mail server, and a connector that sends to it."""
    clock = clock or PlayedClock(WHEN)
    mailbox = Mailbox(log, clock, keep_raw=True, **options)
    port = await mailbox.start()
    connector = EmailConnector(settings(port, timeout=timeout, environ={"PW": "hunter2"}, **(table or {})), clock)
    try:
        yield connector, mailbox
    finally:
        await connector.aclose()
        await mailbox.stop()
        await asyncio.sleep(0)


def play(log: Path, act: Callable[[EmailConnector, Mailbox], Awaitable[T]], **options: Any) -> T:
    """Run an act in a world of its own."""

    async def go() -> T:
        async with world(log, **options) as (connector, mailbox):
            return await act(connector, mailbox)

    return asyncio.run(go())


def sent(log: Path, *calls: Call, faults: tuple[Fault, ...] = (), **options: Any) -> list[Outcome]:
    """Send over a server that meets these faults; return the outcomes."""

    async def act(connector: EmailConnector, mailbox: Mailbox) -> list[Outcome]:
        mailbox.fail(*faults)
        return list(await connector.perform(calls))

    return play(log, act, **options)


def authority(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Make an authority and a server's certificate for 127.0.0.1; return the authority's file and the server's end."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mailbox")])
    begins, ends = dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2120, 1, 1, tzinfo=dt.UTC)

    def made(subject: x509.Name, public: ec.EllipticCurvePublicKey, number: int) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder().subject_name(subject).issuer_name(ca_name).public_key(public)
            .serial_number(number).not_valid_before(begins).not_valid_after(ends)
        )  # fmt: skip

    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    ca_id = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    ca = (
        made(ca_name, ca_key.public_key(), 1)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(ca_id, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    server = (
        made(name, key.public_key(), 2)
        .add_extension(alternative, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ca_id), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    (folder / "server.pem").write_bytes(private + server.public_bytes(pem))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.pem")
    return folder / "ca.pem", context
