"""A second process that works in the same CRM: `second_writer.py URL HOW_MANY NAME`."""

from __future__ import annotations

import sys

from crm_world import call, perform

from dealwright.clock import SystemClock
from dealwright.model.requests import CreateDeal, DealChanges, Sent, UpdateDeal
from dealwright_embedded_crm import EmbeddedCrm


def main(url: str, many: int, name: str) -> None:
    """Create deals, each in a transaction of its own, and change each."""
    crm = EmbeddedCrm(url, SystemClock())
    for number in range(many):
        create = CreateDeal(pipeline="sales", stage="incoming", title=f"{name}{number}")
        (made,) = perform(crm, call(f"{name}{number}", create))
        if not isinstance(made, Sent):
            raise SystemExit(f"refused: {made}")
        deal_id = str(made.receipt["deal_id"])
        perform(crm, call(f"{name}{number}u", UpdateDeal(deal_id=deal_id, changes=DealChanges(tags=(name,)))))
    crm.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
