"""Pipelines and stages that people make, beside those that a release names."""

from __future__ import annotations

from typing import Any

import pytest
from crm_world import AFTERCARE, SALES
from msgspec.structs import replace

from dealwright.errors import NotFound, Rejected
from dealwright_embedded_crm import EmbeddedCrm


def refused(code: str, act: Any) -> None:
    with pytest.raises(Rejected) as refusal:
        act()
    assert refusal.value.code == code


def keys(crm: EmbeddedCrm, pipeline: str) -> list[str]:
    return [stage.key for each in crm.pipelines() if each.key == pipeline for stage in each.stages]


def test_a_pipeline_is_made_renamed_ordered_and_deleted_when_it_is_empty(crm: EmbeddedCrm) -> None:
    made = crm.create_pipeline("Café & Bar", incoming=True)
    assert (made.key, made.name) == ("cafe-bar", "Café & Bar")
    assert [(stage.key, stage.kind, stage.probability) for stage in made.stages] == [
        ("incoming", "incoming", None), ("new", "open", None), ("won", "won", 100), ("lost", "lost", 0),
    ]  # fmt: skip
    assert crm.create_pipeline("Café Bar").key == "cafe-bar-2"
    assert crm.rename_pipeline("cafe-bar", "Bar").name == "Bar"
    order = ["cafe-bar", "aftercare", "cafe-bar-2", "sales"]
    assert [each.key for each in crm.order_pipelines(order)] == order
    refused("bad_order", lambda: crm.order_pipelines(order[1:]))
    deal = crm.create_deal(pipeline="cafe-bar", stage="incoming", title="x")
    with pytest.raises(Rejected, match="pipeline cafe-bar holds 1 deal"):
        crm.delete_pipeline("cafe-bar")
    crm.delete_deal(deal.id)
    crm.delete_pipeline("cafe-bar")
    with pytest.raises(NotFound):
        crm.delete_pipeline("cafe-bar")
    assert [each.key for each in crm.pipelines()] == order[1:]


def test_there_are_at_most_ten_pipelines_whoever_makes_them(crm: EmbeddedCrm) -> None:
    for n in range(8):
        crm.create_pipeline(f"P{n}")
    refused("too_many_pipelines", lambda: crm.create_pipeline("One more"))
    (change,) = crm.shape([SALES, AFTERCARE, replace(SALES, key="third")], apply=True)
    assert change.refused is not None and "at most 10" in change.refused
    assert len(crm.pipelines()) == 10


def test_stages_are_added_changed_ordered_and_deleted_when_they_are_empty(crm: EmbeddedCrm) -> None:
    crm.create_pipeline("Bar", stages=["First"])
    crm.create_stage("bar", "Second", probability=50)
    assert keys(crm, "bar") == ["first", "second", "won", "lost"]
    crm.order_stages("bar", ["second", "first", "won", "lost"])
    crm.update_stage("bar", "second", name="Two", probability=60)
    crm.update_stage("bar", "won", name="Paid")
    first = next(each for each in crm.pipelines() if each.key == "bar")
    assert [(stage.key, stage.name, stage.probability) for stage in first.stages] == [
        ("second", "Two", 60), ("first", "First", None), ("won", "Paid", 100), ("lost", "Lost", 0),
    ]  # fmt: skip
    crm.add_user("Ann")
    deal = crm.create_deal(pipeline="bar", stage="first", title="x")
    refused("not_empty", lambda: crm.delete_stage("bar", "first"))
    crm.move_deal(deal.id, "bar", "second")
    crm.delete_stage("bar", "first")
    refused("fixed_stage", lambda: crm.delete_stage("bar", "second"))
    refused("fixed_stage", lambda: crm.delete_stage("bar", "won"))
    refused("bad_order", lambda: crm.order_stages("bar", ["won", "second", "lost"]))
    refused("bad_probability", lambda: crm.update_stage("bar", "won", probability=90))
    refused("bad_probability", lambda: crm.create_stage("bar", "x", probability=101))
    refused("duplicate", lambda: crm.create_stage("bar", "x", key="won"))
    refused("bad_name", lambda: crm.create_stage("bar", " "))
    assert keys(crm, "bar") == ["second", "won", "lost"]


def test_what_a_release_names_is_changed_in_its_definitions(crm: EmbeddedCrm) -> None:
    assert crm.released_pipelines() == {"sales", "aftercare"}
    for act in (
        lambda: crm.rename_pipeline("sales", "x"),
        lambda: crm.delete_pipeline("aftercare"),
        lambda: crm.create_stage("sales", "x"),
        lambda: crm.update_stage("sales", "engaging", name="x"),
        lambda: crm.delete_stage("sales", "engaging"),
        lambda: crm.order_stages("sales", [stage.key for stage in SALES.stages]),
    ):
        refused("released_pipeline", act)
    assert crm.pipelines() == [SALES, AFTERCARE]
    crm.shape([SALES], apply=True)
    assert crm.released_pipelines() == {"sales"}, "what the release names no longer is people's"
    crm.delete_pipeline("aftercare")


def test_a_release_takes_over_a_pipeline_of_people_that_it_names(crm: EmbeddedCrm) -> None:
    crm.create_pipeline("Third", key="third", incoming=True, stages=["Own"])
    wanted = replace(SALES, key="third")
    changes = crm.shape([SALES, wanted], apply=True)
    assert "rename pipeline third to 'Sales'" in [change.what for change in changes]
    assert wanted in crm.pipelines()
    refused("released_pipeline", lambda: crm.rename_pipeline("third", "x"))
