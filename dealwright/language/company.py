"""The company a deal is with."""

from __future__ import annotations

from dealwright.language.custom import FieldsMeta, check_names
from dealwright.language.fields import IdField, NumberField, TextField, UserField
from dealwright.language.groups import Group, path_of


class NewestDeal(Group):
    """The newest of a company's other open deals."""

    __slots__ = ()

    @property
    def id(self) -> IdField:
        """The deal's id."""
        return IdField(f"{self._path}.id")

    @property
    def title(self) -> TextField:
        """The deal's title."""
        return TextField(f"{self._path}.title")

    @property
    def owner(self) -> UserField:
        """The user who owns it."""
        return UserField(f"{self._path}.owner")


class CompanyFields(TextField, metaclass=FieldsMeta):
    """The company a deal is with: as a text its name; a company's own fields stand in a class that extends it."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        check_names(cls, CompanyFields, "a company")

    def __init__(self, of: CompanyFields | None = None, /, *, _path: str = "deal.company") -> None:
        super().__init__(path_of(of, CompanyFields, "event.before.company") or _path)

    @property
    def name(self) -> TextField:
        """The company's name, which the company itself is as a text."""
        return TextField(f"{self._path}.name")

    @property
    def open_deals(self) -> NumberField:
        """How many open deals the company has beside this one; unset if the deal has no company."""
        return NumberField(f"{self._path}.open_deals")

    @property
    def won_deals(self) -> NumberField:
        """How many won deals the company has beside this one; unset if the deal has no company."""
        return NumberField(f"{self._path}.won_deals")

    @property
    def newest_open_deal(self) -> NewestDeal:
        """The newest open deal that the company has beside this one."""
        return NewestDeal(f"{self._path}.newest_open_deal")
