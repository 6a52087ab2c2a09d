"""What the tables of a target file share whose systems speak HTTP: an address, a secret, a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from dealwright.errors import InputError
from dealwright_http.redaction import Secret, shown_url

SHORTEST_SECRET: Final = 16


class LateSecret(Secret):
    """A secret whose file is made later: whoever only looks at deals needs none."""

    __slots__ = ("_path", "_where")

    def __init__(self, where: str, path: Path) -> None:
        super().__init__(b"")
        self._where = where
        self._path = path

    def reveal(self) -> bytes:
        """Read the file.

        Raises:
            InputError: it is still not there, cannot be read, or is too short.
        """
        return _long_enough(self._where, _read(self._where, self._path)).reveal()


def checked_table(where: str, table: object, keys: Sequence[str], *, needs: str) -> tuple[Mapping[str, object], bool]:
    """Return the table, and whether its system may have a private address.

    Raises:
        InputError: it is no table, or has another setting than `keys`.
    """
    if not isinstance(table, Mapping):
        raise InputError(f"{where} is a single value; write a table [{where}] with {needs}")
    unknown = sorted(set(table) - set(keys))
    if unknown:
        raise InputError(f"[{where}] has no setting {unknown[0]!r}; it has {', '.join(keys)}")
    allow_private = table.get("allow_private", False)
    if not isinstance(allow_private, bool):
        raise InputError(f"[{where}] allow_private is true or false")
    return table, allow_private


def checked_url(where: str, url: object, allow_private: bool, *, such_as: str) -> str:
    """Return the address if requests may be sent there.

    Raises:
        InputError: it is none, carries a password, or is not https.
    """
    if not isinstance(url, str) or not url:
        raise InputError(f"[{where}] needs url, such as {such_as}")
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise InputError(f"[{where}] url is no http(s) address with a host")
    if parts.username or parts.password:
        raise InputError(f"[{where}] url carries a user or password; requests carry the secret instead")
    if parts.scheme == "http" and not allow_private:
        raise InputError(f"[{where}] url {shown_url(url)} is not https; plain http is for allow_private = true only")
    return url


def secret_of(where: str, table: Mapping[str, object], environ: Mapping[str, str]) -> Secret:
    """Return the secret that `secret_env` or `secret_file` names.

    Raises:
        InputError: neither or both are there, or it cannot be read, or is too short.
    """
    variable, file = table.get("secret_env"), table.get("secret_file")
    if isinstance(variable, str) == isinstance(file, str):
        raise InputError(f"[{where}] needs one of secret_env (a variable's name) and secret_file (a path)")
    if isinstance(variable, str):
        if variable not in environ:
            raise InputError(f"[{where}] secret_env names {variable}, which is not set in the environment")
        value = environ[variable]
    else:
        path = Path(str(file))
        if not path.exists():
            return LateSecret(where, path)
        value = _read(where, path)
    return _long_enough(where, value)


def checked_timeout(where: str, value: object, *, most: float) -> float:
    """Return the seconds that one request may take.

    Raises:
        InputError: it is no number of them, or too many.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
        raise InputError(f"[{where}] timeout is a number of seconds, at most {most:g}")
    return float(value)


def _read(where: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(f"[{where}] secret_file {path} cannot be read") from None


def _long_enough(where: str, value: str) -> Secret:
    if len(value.strip()) < SHORTEST_SECRET:
        raise InputError(f"[{where}] the secret is shorter than {SHORTEST_SECRET} characters")
    return Secret(value.strip())
