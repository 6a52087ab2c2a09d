"""Groups of fields: what has fields, and no value of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from dealwright.language.fields import unknown_field
from dealwright.language.origin import refused


class Group:
    """Something that has fields, and no value of its own."""

    __slots__ = ("_path",)
    _path: str

    def __init__(self, path: str) -> None:
        object.__setattr__(self, "_path", path)

    def __repr__(self) -> str:
        return f"<fields of {self._path}>"

    if not TYPE_CHECKING:

        def __setattr__(self, name: str, value: object) -> NoReturn:
            raise refused(f"{self._path} cannot be assigned to", hint='write update_deal("name", amount=...) as a step')

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("__"):
                raise AttributeError(name)
            raise unknown_field(self, self._path, name)

        def __bool__(self) -> NoReturn:
            raise refused(f"{self._path} has no truth yet", hint="name one of its fields, and write .is_set()")

        def __str__(self) -> str:
            raise refused(f"{self._path} has no text", hint=f'write "{{{{ {self._path}.name }}}}" in a plain string')

        def __format__(self, spec: str) -> str:
            return str(self)


def path_of(of: object, kind: type, example: str) -> str | None:
    """The path of the fields that are given again as of another class."""
    if of is None:
        return None
    if not isinstance(of, kind):
        shown = of.__name__ if isinstance(of, type) else type(of).__name__
        raise refused(f"{kind.__name__} are called on fields of their kind, not on {shown}", hint=f"write {example}")
    path: str = of._path  # type: ignore[attr-defined]  # all of them have one
    return path
