"""Pipelines made as a release names them."""

from __future__ import annotations

import pytest
from crm_world import AFTERCARE, SALES
from msgspec.structs import replace

from dealwright.errors import InputError
from dealwright.model.crm import StageShape
from dealwright.ports import ShapeChange
from dealwright_embedded_crm import EmbeddedCrm


def test_what_is_there_already_needs_no_change(crm: EmbeddedCrm) -> None:
    assert crm.shape([SALES, AFTERCARE], apply=True) == []
    assert crm.pipelines() == [SALES, AFTERCARE]


def test_a_comparison_alone_changes_nothing(crm: EmbeddedCrm) -> None:
    new = replace(SALES, key="new")
    assert crm.shape([new], apply=False) == [ShapeChange(what="create pipeline new with 5 stages")]
    assert crm.pipelines() == [SALES, AFTERCARE]


def test_stages_are_created_renamed_reordered_and_those_empty_are_removed(crm: EmbeddedCrm) -> None:
    incoming, prospecting, engaging, won, lost = SALES.stages
    wanted = replace(
        SALES,
        name="New business",
        stages=(
            incoming,
            replace(engaging, name="Talking", probability=60),
            StageShape(key="quoted", name="Quoted", kind="open", probability=70),
            won,
            replace(lost, reasons=("Price",)),
        ),
    )
    changes = [change.what for change in crm.shape([wanted], apply=True)]
    assert changes == [
        "rename pipeline sales to 'New business'",
        "remove stage sales.prospecting",
        "change stage sales.engaging: name Engaging -> Talking, probability 50 -> 60",
        "create stage sales.quoted",
        "change stage sales.lost: reasons [Price, Timing] -> [Price]",
    ]
    assert crm.pipelines() == [wanted, AFTERCARE]
    turned = replace(wanted, stages=(incoming, wanted.stages[2], wanted.stages[1], *wanted.stages[3:]))
    assert [change.what for change in crm.shape([turned], apply=True)] == ["reorder the stages of sales"]
    assert crm.pipelines() == [turned, AFTERCARE]
    assert prospecting not in crm.pipelines()[0].stages


def test_a_removed_stage_that_holds_deals_is_refused_and_nothing_is_applied(crm: EmbeddedCrm) -> None:
    crm.add_user("Ann")
    for title in ("a", "b"):
        crm.create_deal(pipeline="sales", stage="prospecting", title=title)
    wanted = replace(SALES, name="Other", stages=tuple(stage for stage in SALES.stages if stage.key != "prospecting"))
    changes = crm.shape([wanted, replace(SALES, key="third")], apply=True)
    refused = [change for change in changes if change.refused]
    assert [change.what for change in refused] == ["remove stage sales.prospecting"]
    assert refused[0].refused == "it holds 2 deals; move them first, or keep the stage"
    assert crm.pipelines() == [SALES, AFTERCARE]


def test_pipelines_that_the_release_does_not_name_are_left_alone(crm: EmbeddedCrm) -> None:
    assert crm.shape([SALES], apply=True) == []
    assert crm.pipelines() == [SALES, AFTERCARE]


def test_two_things_of_one_key_are_refused(crm: EmbeddedCrm) -> None:
    with pytest.raises(InputError, match="two pipelines have one key"):
        crm.shape([SALES, SALES], apply=True)
    with pytest.raises(InputError, match="two stages of pipeline sales have one key"):
        crm.shape([replace(SALES, stages=(*SALES.stages, SALES.stages[0]))], apply=True)
