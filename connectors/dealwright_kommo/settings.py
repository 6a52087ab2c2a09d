"""Where one account lives in Kommo: its address, its token, and the ids of what definitions call by keys.

[account.acme.kommo]
url = "https://acme.kommo.com"
token_file = "/run/secrets/kommo-token"       # or token_env; a long-lived token
user = 504141                                 # whose token it is: what comes back under it is our own
currency = "USD"                              # Kommo's prices have none
reference_field = 801                         # custom fields of leads; each may be missing
key_field = 802
close_date_field = 803

[account.acme.kommo.pipelines.new-business]
id = 3104455
stages = {incoming = 28752310, qualified = 32392156, won = 142, lost = 143}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from dealwright.errors import InputError
from dealwright.model.events import Place
from dealwright_http.redaction import Secret, shown_url

WON: Final = 142
LOST: Final = 143
"""The two stages that have the same ids in every pipeline."""

MOST: Final = 250
"""What Kommo reads or writes in one request."""

_LONGEST_TIMEOUT: Final = 120.0
_FIELDS: Final = ("reference_field", "key_field", "close_date_field")
_NUMBERS: Final = ("timeout", "per_second", "batch", "look_after")
_KEYS: Final = (
    "url", "token_env", "token_file", "allow_private", "user", "currency", *_FIELDS, *_NUMBERS, "pipelines",
)  # fmt: skip
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


class Token:
    """The bearer token; in a file it is read when it is used, so that whoever only checks definitions needs none."""

    def __init__(self, value: Secret | None = None, file: Path | None = None) -> None:
        self._value = value
        self._file = file

    def reveal(self) -> str:
        """Return it.

        Raises:
            InputError: its file cannot be read, or holds no token.
        """
        if self._value is not None:
            return self._value.reveal().decode()
        try:
            token = Path(self._file or "").read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise InputError(
                f"[kommo] token_file {self._file} cannot be read; it holds the token on one line"
            ) from None
        return _usable(token, "token_file")

    def __repr__(self) -> str:
        return "Token(...)"


class PipelineIds(msgspec.Struct, frozen=True, kw_only=True):
    """One pipeline's id, and those of its stages by key, in the order of the file."""

    id: int
    stages: dict[str, int]


class KommoSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One account.

    `per_second` is what Kommo takes of it, `batch` how many items one request writes, `look_after` how many seconds
    after a lost answer its lists surely show what was written.
    """

    url: str
    token: Token
    user: str | None = None
    currency: str = "USD"
    allow_private: bool = False
    reference_field: int | None = None
    key_field: int | None = None
    close_date_field: int | None = None
    timeout: float = 20.0
    per_second: float = 7.0
    batch: int = 50
    look_after: float = 30.0
    pipelines: dict[str, PipelineIds] = {}

    def place(self, pipeline_id: int, stage_id: int) -> Place:
        """Return where that is, by keys; what the file does not name is called by its id."""
        for key, pipeline in self.pipelines.items():
            if pipeline.id == pipeline_id:
                for stage, id_ in pipeline.stages.items():
                    if id_ == stage_id:
                        return Place(key, stage)
                return Place(key, str(stage_id))
        return Place(str(pipeline_id), str(stage_id))

    def ids(self, pipeline: str, stage: str) -> tuple[int, int] | None:
        """Return the ids of a pipeline and a stage of it, or None if the file does not name them."""
        found = self.pipelines.get(pipeline)
        stage_id = None if found is None else found.stages.get(stage)
        return None if found is None or stage_id is None else (found.id, stage_id)


def from_table(table: Mapping[str, object], *, environ: Mapping[str, str]) -> KommoSettings:
    """Read the `kommo` table of an account in a target file.

    Raises:
        InputError: naming the setting, never a secret.
    """
    if unknown := sorted(set(table) - set(_KEYS)):
        raise InputError(f"[kommo] has no setting {unknown[0]!r}; it has {', '.join(_KEYS)}")
    allow_private = table.get("allow_private", False)
    if not isinstance(allow_private, bool):
        raise InputError("[kommo] allow_private is true or false")
    user = table.get("user")
    currency = table.get("currency", "USD")
    if not isinstance(currency, str) or _CURRENCY.fullmatch(currency) is None:
        raise InputError('[kommo] currency is a code such as "USD": Kommo\'s prices have none')
    pipelines = table.get("pipelines", {})
    if not isinstance(pipelines, Mapping):
        raise InputError("[kommo] pipelines are tables: [account.<key>.kommo.pipelines.<pipeline>]")
    return KommoSettings(
        url=_url(table.get("url"), allow_private),
        token=_token(table, environ),
        user=None if user is None else str(_id("user", user)),
        currency=currency,
        allow_private=allow_private,
        **{name: _id(name, table[name]) for name in _FIELDS if name in table},
        **_numbers(table),
        pipelines={key: _pipeline(key, each) for key, each in pipelines.items()},
    )


def _url(url: object, allow_private: bool) -> str:
    if not isinstance(url, str) or not url:
        raise InputError("[kommo] needs url, such as https://acme.kommo.com")
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.username or parts.query or parts.fragment or parts.path.strip("/"):
        raise InputError("[kommo] url is the address of the account without a path, such as https://acme.kommo.com")
    if parts.scheme == "http" and not allow_private:
        raise InputError(f"[kommo] url {shown_url(url)} is not https; plain http is for allow_private = true only")
    return url.rstrip("/")


def _token(table: Mapping[str, object], environ: Mapping[str, str]) -> Token:
    variable, file = table.get("token_env"), table.get("token_file")
    if isinstance(variable, str) == isinstance(file, str):
        raise InputError("[kommo] needs one of token_env (a variable's name) and token_file (a path)")
    if isinstance(file, str):
        return Token(file=Path(file))
    if variable not in environ:
        raise InputError(f"[kommo] token_env names {variable}, which is not set in the environment")
    return Token(Secret(_usable(environ[str(variable)].strip(), "token_env")))


def _usable(token: str, where: str) -> str:
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise InputError(f"[kommo] {where} holds no token: it is one line of letters, digits and signs")
    return token


def _numbers(table: Mapping[str, object]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    most = {"timeout": _LONGEST_TIMEOUT, "per_second": 1_000_000.0, "batch": float(MOST), "look_after": 3600.0}
    for name in _NUMBERS:
        value = table.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most[name]:
            raise InputError(f"[kommo] {name} is a number above 0, {most[name]:g} at most")
        found[name] = int(value) if name == "batch" else float(value)
    if found.get("batch") == 0:
        raise InputError("[kommo] batch is a whole number from 1")
    return found


def _id(where: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise InputError(f"[kommo] {where} is an id of Kommo's: a whole number above 0")
    return value


def _pipeline(key: str, table: object) -> PipelineIds:
    where = f"pipelines.{key}"
    stages = table.get("stages") if isinstance(table, Mapping) else None
    if not isinstance(table, Mapping) or set(table) != {"id", "stages"} or not isinstance(stages, Mapping):
        raise InputError(f"[kommo.{where}] has id and stages, such as stages = {{incoming = 28752310, won = 142}}")
    ids = {str(stage): _id(f"{where}.stages.{stage}", id_) for stage, id_ in stages.items()}
    if len(set(ids.values())) != len(ids):
        raise InputError(f"[kommo.{where}] stages gives one id to two stages")
    return PipelineIds(id=_id(f"{where}.id", table["id"]), stages=ids)
