"""The mail server of one account: where it is, how the connection is secured, and whom messages are from."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

from dealwright.errors import InputError, Rejected
from dealwright_email.addresses import address, refuse_forged
from dealwright_email.message import Sender
from dealwright_http.redaction import Secret

Tls: TypeAlias = Literal["starttls", "tls", "none"]

PORTS: Final[Mapping[str, int]] = {"starttls": 587, "tls": 465, "none": 25}
TIMEOUT: Final = 30.0
LONGEST_TIMEOUT: Final = 300.0

_KEYS = (
    "host", "port", "from", "tls", "username", "password_env", "password_file", "timeout", "ca_file", "allow_plain",
)  # fmt: skip
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,252})|[0-9A-Fa-f:.]{2,45}")
_FROM = re.compile(r'\s*(?:"(?P<quoted>[^"\\]*)"|(?P<name>[^<>"@]*?))\s*<(?P<address>[^<>]+)>\s*')


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """A user and where the password is; a file is read when it is needed, and may be made later."""

    username: str
    secret: Secret | None = None
    file: Path | None = None

    def password(self) -> bytes:
        """Return the password.

        Raises:
            InputError: its file is not there, cannot be read or is empty.
        """
        if self.secret is not None:
            return self.secret.reveal()
        try:
            text = "" if self.file is None else self.file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise InputError(f"[email] password_file {self.file} cannot be read") from None
        if not text:
            raise InputError(f"[email] password_file {self.file} is empty")
        return text.encode()


class EmailSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the connector needs; `timeout` is the seconds one message may take."""

    host: str
    port: int
    sender: Sender
    tls: Tls = "starttls"
    credentials: Credentials | None = None
    timeout: float = TIMEOUT
    ca_file: Path | None = None

    def tls_context(self) -> ssl.SSLContext:
        """Return how certificates are checked: by the system's authorities, or by those of `ca_file` alone."""
        context = ssl.create_default_context(cafile=None if self.ca_file is None else str(self.ca_file))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def from_table(table: Mapping[str, object], *, environ: Mapping[str, str]) -> EmailSettings:
    """Read the settings from the `email` table of a target file.

    Raises:
        InputError: naming the key and what it should be, never a secret.
    """
    unknown = sorted(set(table) - set(_KEYS))
    if unknown:
        raise InputError(f"[email] has no setting {unknown[0]!r}; it has {', '.join(_KEYS)}")
    host, tls = _host(table.get("host")), _tls(table.get("tls", "starttls"))
    allow_plain = table.get("allow_plain", False)
    if not isinstance(allow_plain, bool):
        raise InputError("[email] allow_plain is true or false")
    if tls == "none" and not (_is_loopback(host) or allow_plain):
        raise InputError(
            f'[email] tls = "none" sends customers\' mail to {host} readable by everybody on the way; use "starttls" '
            'or "tls", or allow_plain = true if that is meant'
        )
    credentials = _credentials(table, environ)
    if tls == "none" and credentials is not None:
        raise InputError('[email] a password is never sent over tls = "none"; use "starttls" or "tls"')
    settings = EmailSettings(
        host=host,
        port=_port(table.get("port", PORTS[tls])),
        sender=_sender(table.get("from")),
        tls=tls,
        credentials=credentials,
        timeout=_timeout(table.get("timeout", TIMEOUT)),
        ca_file=_path(table, "ca_file"),
    )
    try:
        if settings.ca_file is not None:
            settings.tls_context()
    except (OSError, ssl.SSLError):
        raise InputError(f"[email] ca_file {settings.ca_file} is no readable file of certificates (PEM)") from None
    return settings


def _host(value: object) -> str:
    if not isinstance(value, str) or not _HOST.fullmatch(value):
        raise InputError("[email] needs host, the name of the mail server, such as smtp.acme.example")
    return value


def _tls(value: object) -> Tls:
    match value:
        case "starttls" | "tls" | "none":
            return value
    raise InputError('[email] tls is "starttls" (port 587), "tls" (port 465) or "none"')


def _port(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 65536:
        raise InputError("[email] port is a number from 1 to 65535")
    return value


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _sender(value: object) -> Sender:
    advice = '[email] needs from, whom messages are from, such as "Acme <hello@acme.example>"'
    if not isinstance(value, str):
        raise InputError(advice)
    match = _FROM.fullmatch(value)
    name = (match["quoted"] or match["name"] or "") if match else ""
    try:
        refuse_forged(name, code="from")
        return Sender(name=name, address=address(match["address"] if match else value.strip(), code="from"))
    except Rejected as why:
        raise InputError(f"{advice}: {why}") from None


def _credentials(table: Mapping[str, object], environ: Mapping[str, str]) -> Credentials | None:
    username, variable, file = table.get("username"), table.get("password_env"), _path(table, "password_file")
    if username is None and variable is None and file is None:
        return None
    if not isinstance(username, str) or not username:
        raise InputError("[email] has a password and no username")
    if (variable is None) == (file is None):
        raise InputError("[email] needs one of password_env (a variable's name) and password_file (a path)")
    if file is not None:
        return Credentials(username=username, file=file)
    if not isinstance(variable, str) or not environ.get(variable):
        raise InputError(f"[email] password_env names {variable}, which is not set in the environment")
    return Credentials(username=username, secret=Secret(environ[variable]))


def _path(table: Mapping[str, object], name: str) -> Path | None:
    value = table.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise InputError(f"[email] {name} is a path")
    return Path(value)


def _timeout(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LONGEST_TIMEOUT:
        raise InputError(f"[email] timeout is a number of seconds, at most {LONGEST_TIMEOUT:g}")
    return float(value)
