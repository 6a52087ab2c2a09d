"""Pipelines and their statuses: one status of raw inquiries in each, won and lost with the same ids in all."""

from __future__ import annotations

from typing import Final

from dealwright_http.server import Answer
from dealwright_kommo.simulator.account import MOST_PIPELINES
from dealwright_kommo.simulator.problems import MISSING, NOT_CHOICE, Complaints, Problem
from dealwright_kommo.simulator.visit import Visit, hal, objects, parts_of, request_id
from dealwright_kommo.simulator.world import LOST, WON, Item, new_pipeline, new_status

MOST_STATUSES: Final = 100
COLORS: Final = frozenset(
    [
        "#fffeb2",
        "#fffd7f",
        "#fff000",
        "#ffeab2",
        "#ffdc7f",
        "#ffce5a",
        "#ffdbdb",
        "#ffc8c8",
        "#ff8f92",
        "#d6eaff",
        "#c1e0ff",
        "#98cbff",
        "#ebffb1",
        "#deff81",
        "#87f2c0",
        "#f9deff",
        "#f3beff",
        "#ccc8f9",
        "#eb93ff",
        "#f2f3f4",
        "#e6e8ea",
        "#99ccff",
        "#ffcc66",
    ]
)
_COLOR: Final = "#fffeb2"


def list_pipelines(visit: Visit) -> Answer:
    """Answer `GET /leads/pipelines`."""
    pipelines = sorted(visit.world.all("pipelines").values(), key=lambda pipeline: int(pipeline["sort"]))
    return visit.counted("pipelines", [_out(visit, pipeline) for pipeline in pipelines])


def create_pipelines(visit: Visit) -> Answer:
    """Answer `POST /leads/pipelines`."""
    items = visit.batch()

    def test(item: Item, complaints: Complaints) -> None:
        for key in ("name", "sort", "is_main", "is_unsorted_on"):
            if key not in item:
                complaints.say(key, MISSING)
        _check_own(item, complaints)
        statuses = objects(parts_of(item).get("statuses"))
        if statuses is None:
            complaints.wrong_type("_embedded.statuses", "array")
        for place, status in enumerate(statuses or ()):
            _check_status(status, complaints, f"_embedded.statuses.{place}.")

    visit.check(items, test)
    if len(visit.world.all("pipelines")) + len(items) > MOST_PIPELINES:
        raise Problem(422, f"Limit {MOST_PIPELINES} pipelines")
    made = []
    for place, item in enumerate(items):
        id_ = visit.world.new_id()
        wanted = parts_of(item).get("statuses") or []
        stages = [
            new_status(visit.world.new_id(), id_, status["name"], number * 10 + 20, _color(status))
            for number, status in enumerate(each for each in wanted if each.get("id") not in (WON, LOST))
        ]
        pipeline = new_pipeline(id_, item["name"], item["sort"], stages)
        pipeline["is_unsorted_on"] = item["is_unsorted_on"]
        # The id of the status for raw inquiries is a number like any other.
        pipeline["~statuses"][0]["id"] = visit.world.new_id()
        for status in wanted:
            if status.get("id") in (WON, LOST):
                ending = next(each for each in pipeline["~statuses"] if each["id"] == status["id"])
                ending["name"] = status["name"]
        visit.put("pipelines", None, pipeline)
        if item["is_main"]:
            _make_main(visit, id_)
        shown = _out(visit, visit.world.all("pipelines")[id_])
        made.append(shown | {"request_id": request_id(item, place)})
    return visit.counted("pipelines", made)


def one_pipeline(visit: Visit, id_: int) -> Answer:
    """Answer `GET|PATCH|DELETE /leads/pipelines/{id}`."""
    pipeline = _pipeline(visit, id_)
    if visit.method == "PATCH":
        said = visit.one()
        visit.check([said], _check_own)
        own = {key: said[key] for key in ("name", "sort", "is_unsorted_on") if key in said}
        pipeline = visit.put("pipelines", pipeline, pipeline | own)
        if said.get("is_main"):
            pipeline = _make_main(visit, id_)
        return hal(_out(visit, pipeline) | {"request_id": request_id(said, 0)})
    if visit.method == "DELETE":
        if len(visit.world.all("pipelines")) == 1:
            raise Problem(422, "The last pipeline cannot be deleted")
        if any(lead["pipeline_id"] == id_ for lead in visit.world.all("leads").values()):
            raise Problem(422, "The pipeline holds leads")
        visit.drop("pipelines", pipeline)
        return Answer(status=204)
    return hal(_out(visit, pipeline))


def list_statuses(visit: Visit, pipeline_id: int) -> Answer:
    """Answer `GET /leads/pipelines/{id}/statuses`."""
    _pipeline(visit, pipeline_id)
    return visit.counted("statuses", [_status(visit, each) for each in visit.world.statuses(pipeline_id).values()])


def create_statuses(visit: Visit, pipeline_id: int) -> Answer:
    """Answer `POST /leads/pipelines/{id}/statuses`; the server spaces them anew."""
    pipeline = _pipeline(visit, pipeline_id)
    items = visit.batch()

    def test(item: Item, complaints: Complaints) -> None:
        _check_status(item, complaints, "")
        if "sort" not in item:
            complaints.say("sort", MISSING)

    visit.check(items, test)
    if len(pipeline["~statuses"]) + len(items) > MOST_STATUSES:
        raise Problem(422, f"Limit {MOST_STATUSES} statuses")
    made = [new_status(visit.world.new_id(), pipeline_id, item["name"], item["sort"], _color(item)) for item in items]
    visit.put("pipelines", pipeline, pipeline | {"~statuses": _spaced([*pipeline["~statuses"], *made])})
    now = visit.world.statuses(pipeline_id)
    shown = [_status(visit, now[status["id"]]) for status in made]
    return visit.counted("statuses", [each | {"request_id": request_id(items[n], n)} for n, each in enumerate(shown)])


def one_status(visit: Visit, pipeline_id: int, id_: int) -> Answer:
    """Answer `GET|PATCH|DELETE /leads/pipelines/{id}/statuses/{id}`; leads of a deleted one go to the first stage."""
    pipeline = _pipeline(visit, pipeline_id)
    status = visit.world.statuses(pipeline_id).get(id_)
    if status is None:
        raise Problem(404, "Status not found")
    others = [each for each in pipeline["~statuses"] if each["id"] != id_]
    if visit.method == "PATCH":
        said = visit.one()
        visit.check([{"name": status["name"]} | said], lambda item, complaints: _check_status(item, complaints, ""))
        if not status["is_editable"] and set(said) - {"name", "request_id"}:
            raise Problem(422, "The status is not editable")
        after = status | {key: said[key] for key in ("name", "sort", "color") if key in said}
        visit.put("pipelines", pipeline, pipeline | {"~statuses": _spaced([*others, after])})
        now = visit.world.statuses(pipeline_id)[id_]
        return hal(_status(visit, now) | {"request_id": request_id(said, 0)})
    if visit.method == "DELETE":
        if not status["is_editable"] or len([each for each in others if each["is_editable"]]) == 0:
            raise Problem(422, "The status cannot be deleted")
        visit.put("pipelines", pipeline, pipeline | {"~statuses": others})
        first = visit.world.first_status(pipeline_id)
        for lead in list(visit.world.all("leads").values()):
            if (lead["pipeline_id"], lead["status_id"]) == (pipeline_id, id_):
                visit.put("leads", lead, visit.stamp(lead, lead | {"status_id": first}))
        return Answer(status=204)
    return hal(_status(visit, status))


def _pipeline(visit: Visit, id_: int) -> Item:
    pipeline = visit.world.get("pipelines", id_)
    if pipeline is None:
        raise Problem(404, "Pipeline not found")
    return pipeline


def _make_main(visit: Visit, id_: int) -> Item:
    for pipeline in list(visit.world.all("pipelines").values()):
        visit.put("pipelines", pipeline, pipeline | {"is_main": pipeline["id"] == id_})
    return visit.world.all("pipelines")[id_]


def _spaced(statuses: list[Item]) -> list[Item]:
    places = iter(range(20, 10_000, 10))
    ordered = sorted(statuses, key=lambda status: (int(status["sort"]), int(status["id"])))
    return [status | ({"sort": next(places)} if status["is_editable"] else {}) for status in ordered]


def _check_own(item: Item, complaints: Complaints) -> None:
    for key, type_, named in (
        ("name", str, "string"), ("sort", int, "int"), ("is_main", bool, "bool"), ("is_unsorted_on", bool, "bool"),
    ):  # fmt: skip
        if key in item and not isinstance(item[key], type_):
            complaints.wrong_type(key, named)


def _check_status(status: Item, complaints: Complaints, path: str) -> None:
    if not isinstance(status.get("name"), str) or not status["name"]:
        complaints.say(f"{path}name", MISSING)
    if not isinstance(status.get("sort", 1), int):
        complaints.wrong_type(f"{path}sort", "int")
    if status.get("color") is not None and _color(status) not in COLORS:
        complaints.say(f"{path}color", NOT_CHOICE)


def _color(status: Item) -> str:
    return "#" + str(status.get("color") or _COLOR).removeprefix("#").lower()


def _out(visit: Visit, pipeline: Item) -> Item:
    shown = {key: value for key, value in pipeline.items() if not key.startswith("~")}
    statuses = [_status(visit, status) for status in visit.world.statuses(pipeline["id"]).values()]
    return shown | {"_links": visit.links(f"leads/pipelines/{pipeline['id']}"), "_embedded": {"statuses": statuses}}


def _status(visit: Visit, status: Item) -> Item:
    return status | {"_links": visit.links(f"leads/pipelines/{status['pipeline_id']}/statuses/{status['id']}")}
