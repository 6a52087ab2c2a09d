"""Where the conversions of one account go: its dataset at Meta, and by which token."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from dealwright.errors import InputError, Unauthorized
from dealwright.ports import Pace
from dealwright_http.redaction import Secret, shown_url
from dealwright_meta.sansio import MOST_EVENTS

URL: Final = "https://graph.facebook.com"
VERSION: Final = "v25.0"
TIMEOUT: Final = 10.0
LONGEST_TIMEOUT: Final = 120.0
BATCH: Final = 500

_KEYS: Final = (
    "dataset",
    "token_env",
    "token_file",
    "url",
    "version",
    "test_event_code",
    "crm_name",
    "batch",
    "pace",
    "timeout",
    "allow_private",
)


class TokenFile(Secret):
    """A token in a file, read for each request: one that was replaced is used at once."""

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        super().__init__(b"")
        self._path = path

    def reveal(self) -> bytes:
        """Read the file.

        Raises:
            Unauthorized: it is not there, cannot be read, or is empty.
        """
        try:
            token = self._path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise Unauthorized(f"Meta's access token: {self._path} cannot be read") from None
        if not token:
            raise Unauthorized(f"Meta's access token: {self._path} is empty")
        return token.encode()


class MetaSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One dataset (or pixel), and how it is written to.

    `crm` is what Meta shows as the source of the leads. `batch` events go in one request. `pace` is a limit of your own
    (requests per second): Meta has none that is written down.
    """

    dataset: str
    token: Secret
    url: str = URL
    version: str = VERSION
    test_code: str | None = None
    crm: str = "Dealwright"
    batch: int = BATCH
    pace: Pace | None = None
    timeout: float = TIMEOUT
    allow_private: bool = False

    @property
    def endpoint(self) -> str:
        """Where events are posted."""
        return f"{self.url}/{self.version}/{self.dataset}/events"


def from_table(table: Mapping[str, object], *, environ: Mapping[str, str]) -> MetaSettings:
    """Read the settings from the `meta` table of a target file.

    Raises:
        InputError: naming the key, never a secret.
    """
    unknown = sorted(set(table) - set(_KEYS))
    if unknown:
        raise InputError(f"[meta] has no setting {unknown[0]!r}; it has {', '.join(_KEYS)}")
    private = table.get("allow_private", False)
    if not isinstance(private, bool):
        raise InputError("[meta] allow_private is true or false")
    pace = table.get("pace")
    return MetaSettings(
        dataset=_matching(table, "dataset", None, r"[0-9]{5,20}", "the digits of a dataset or pixel, as a text"),
        token=_token(table, environ),
        url=_url(table.get("url", URL), private),
        version=_matching(table, "version", VERSION, r"v[0-9]{1,2}\.[0-9]", f"a version of Graph, such as {VERSION}"),
        test_code=None
        if "test_event_code" not in table
        else _matching(table, "test_event_code", None, r"\w{1,40}", "the code of Test Events, such as TEST12345"),
        crm=_matching(table, "crm_name", "Dealwright", r"[^\x00-\x1f]{1,60}", "the CRM's name, as Meta shall show it"),
        batch=int(_number(table, "batch", BATCH, MOST_EVENTS, "events", whole=True)),
        pace=None if pace is None else Pace(rate=_number(table, "pace", 1, 1000, "requests per second")),
        timeout=_number(table, "timeout", TIMEOUT, LONGEST_TIMEOUT, "seconds"),
        allow_private=private,
    )


def _matching(table: Mapping[str, object], key: str, default: str | None, pattern: str, what: str) -> str:
    value = table.get(key, default)
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise InputError(f"[meta] {key} is {what}")
    return value


def _token(table: Mapping[str, object], environ: Mapping[str, str]) -> Secret:
    variable, file = table.get("token_env"), table.get("token_file")
    if isinstance(variable, str) == isinstance(file, str):
        raise InputError("[meta] needs one of token_env (a variable's name) and token_file (a path)")
    if isinstance(file, str):
        return TokenFile(Path(file))
    if not environ.get(str(variable), "").strip():
        raise InputError(f"[meta] token_env names {variable}, which is not set in the environment")
    return Secret(environ[str(variable)].strip())


def _url(url: object, private: bool) -> str:
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        usable = bool(parts.hostname) and parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:
        usable = False
    if not isinstance(url, str) or not usable or parts.username or parts.query or parts.fragment:
        raise InputError(f"[meta] url is an http(s) address without user and query, such as {URL}")
    if parts.scheme == "http" and not private:
        raise InputError(f"[meta] url {shown_url(url)} is not https; plain http is for allow_private = true only")
    return url.rstrip("/")


def _number(
    table: Mapping[str, object], key: str, default: float, most: float, unit: str, *, whole: bool = False
) -> float:
    value = table.get(key, default)
    right = isinstance(value, int) if whole else isinstance(value, int | float)
    if not right or isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
        raise InputError(f"[meta] {key} is a {'whole ' if whole else ''}number of {unit}, at most {most:g}")
    return float(value)
