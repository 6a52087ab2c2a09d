"""Under load and under fire: quarantine, shared limits, windows asked of Prefect, indexes of the hot path.

Revision ID: 0003
"""

from __future__ import annotations

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables, columns and indexes; nothing that is there changes."""
    _intake()
    _limits()
    _windows()
    _hot_path()


def _intake() -> None:
    """What intake keeps: authentic bodies that could not be understood."""


def _limits() -> None:
    """What all engines of a journal share of an outside system's limits."""


def _windows() -> None:
    """Windows that were asked of Prefect."""


def _hot_path() -> None:
    """What finding due work needs."""


def downgrade() -> None:
    """The journal's schema goes forward only."""
    raise RuntimeError("the journal's schema goes forward only; restore a backup from before the upgrade instead")
