"""What came of a request that was carried out: as later steps see it, and as people say it if it was nothing. Pure."""

from __future__ import annotations

from dealwright.engine.records import Receipt, StepOutcome
from dealwright.engine.render import written
from dealwright.model.requests import CreateDeal, Lookup, MoveBack, MoveDeal, Request, Sent


def sent_outcome(request: Request, outcome: Sent, turn: int) -> StepOutcome:
    """Return what later steps see of a request that was carried out."""
    if isinstance(request, CreateDeal) and outcome.receipt.get("deal_id", "") is None:
        # It was carried out, and there was nothing to do.
        return StepOutcome(status="dropped", turn=turn, reason="an open deal is there")
    if isinstance(request, Lookup):
        receipt = dict(outcome.receipt)
        if (error := receipt.get("error")) is not None:
            return StepOutcome(status="failed", turn=turn, receipt={"error": error}, reason=str(error))
        return StepOutcome(status="answered", turn=turn, receipt=receipt, types=dict(request.gives))
    return StepOutcome(status="sent", turn=turn, receipt=dict(outcome.receipt), wrote=written(request, outcome))


def came_to_nothing(request: Request, receipt: Receipt) -> str:
    """Say why nothing came of a request that was answered; empty if something did."""
    match request:
        case MoveDeal(pipeline=pipeline, stage=stage) if receipt.get("moved") is False:
            if receipt.get("from_stage") == stage:
                return f"not moved: it stood in {pipeline}.{stage} already"
            return f"not moved: it stood in {pipeline}.{receipt.get('from_stage')}, and goes forward only"
        case MoveBack(leaves_pipeline=pipeline, leaves_stage=stage) if receipt.get("moved") is False:
            return f"not moved: it stood in {pipeline}.{stage} no more"
        case CreateDeal() if receipt.get("deal_id") is None and receipt.get("open_deal") is not None:
            return f"not created: deal {receipt['open_deal']} is open"
    return ""
