"""What an account holds from the start, by ids that are given: an account that people have furnished already.

{"pipelines": [{"id": 8100, "name": "New business", "stages": [
    {"id": 8101, "name": "Incoming", "incoming": true}, {"id": 8102, "name": "Qualified"},
    {"id": 142, "name": "Closed won"}, {"id": 143, "name": "Closed lost"}]}],
 "fields": [{"id": 801, "name": "Reference", "type": "text"}],
 "users": [{"id": 201, "name": "Ada Brandt", "email": "ada@example.com"}],
 "loss_reasons": ["Not used"]}
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from dealwright_kommo.simulator.world import (
    INCOMING,
    LOSS_REASONS,
    LOST,
    WON,
    Item,
    new_field,
    new_pipeline,
    new_reason,
    new_status,
)

_FIRST_REASON: Final = 9100
_COLOR: Final = "#99ccff"


class FurnishedStage(msgspec.Struct, frozen=True, kw_only=True):
    """A stage; those of the ids 142 and 143 are won and lost in every pipeline."""

    id: int
    name: str
    incoming: bool = False


class FurnishedPipeline(msgspec.Struct, frozen=True, kw_only=True):
    """A pipeline with its stages in order."""

    id: int
    name: str
    stages: tuple[FurnishedStage, ...]


class FurnishedField(msgspec.Struct, frozen=True, kw_only=True):
    """A custom field of leads."""

    id: int
    name: str
    type: str


class FurnishedUser(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who works in the account."""

    id: int
    name: str
    email: str


class Furnished(msgspec.Struct, frozen=True, kw_only=True):
    """What is there beside what every new account has."""

    pipelines: tuple[FurnishedPipeline, ...] = ()
    fields: tuple[FurnishedField, ...] = ()
    users: tuple[FurnishedUser, ...] = ()
    loss_reasons: tuple[str, ...] = ()

    def items(self) -> Iterable[tuple[str, Item]]:
        """Return it as the account keeps it."""
        for place, pipeline in enumerate(self.pipelines, start=2):
            yield "pipelines", _pipeline(pipeline, place)
        for field in self.fields:
            yield "leads_fields", new_field(field.id, "leads", field.name, field.type)
        for user in self.users:
            yield "users", {"id": user.id, "name": user.name, "email": user.email, "~admin": False}
        more = [reason for reason in dict.fromkeys(self.loss_reasons) if reason not in LOSS_REASONS]
        for place, reason in enumerate(more, start=len(LOSS_REASONS) + 1):
            yield "loss_reasons", new_reason(_FIRST_REASON + place, reason, place)


def _pipeline(pipeline: FurnishedPipeline, place: int) -> Item:
    statuses = []
    for sort, stage in enumerate(pipeline.stages):
        if stage.id in (WON, LOST):
            statuses.append(new_status(stage.id, pipeline.id, stage.name, 9858 + stage.id, "#CCFF66", editable=False))
        elif stage.incoming:
            statuses.append(
                new_status(stage.id, pipeline.id, stage.name, 10, "#c1c1c1", type_=INCOMING, editable=False)
            )
        else:
            statuses.append(new_status(stage.id, pipeline.id, stage.name, 20 + 10 * sort, _COLOR))
    return new_pipeline(pipeline.id, pipeline.name, place, []) | {"~statuses": statuses}
