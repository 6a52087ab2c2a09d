"""What stands for somebody of a role; roles are built on stages, so stages know them by this alone."""

from __future__ import annotations


class Somebody:
    """A role, or somebody who is picked of it."""

    __slots__ = ()
