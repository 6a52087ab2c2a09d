"""What the last answer to a message said: `reply.text`, `reply.button`."""

from __future__ import annotations

from typing import Final

from dealwright.language.fields import TextField
from dealwright.language.groups import Group


class ReplyFields(Group):
    """The last answer to a message of this execution, after a wait_until(replied())."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("reply")

    @property
    def text(self) -> TextField:
        """What was said; of a button its text."""
        return TextField(f"{self._path}.text")

    @property
    def button(self) -> TextField:
        """The id of the button that was pressed; unset if the answer was in words."""
        return TextField(f"{self._path}.button")


reply: Final = ReplyFields()
"""The last answer to a message of this execution."""
