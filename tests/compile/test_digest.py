"""Digests: every leaf of an IR moves exactly the digest it belongs to, and IR survives JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from strategies_ir import accounts, another, automations, steps, triggers

from dealwright.compile import ir
from dealwright.compile.digest import _behaviour, behaviour_digest, metadata_digest, release_digest
from dealwright.model.calendar import Calendar
from dealwright.model.custom import FieldShape, RecordShape

Path = tuple[Any, ...]


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, bool]]:
    """Every leaf by its path, and whether it is metadata."""
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            for found, metadata in leaves(getattr(value, name), (*path, name)):
                yield found, metadata or name in ir.METADATA
    elif isinstance(value, dict):
        for key, held in value.items():
            yield from leaves(held, (*path, key))
    elif isinstance(value, tuple):
        for place, held in enumerate(value):
            yield from leaves(held, (*path, place))
    elif value is not None:
        yield path, False


def changed(value: Any, path: Path) -> Any:
    """The same value with the leaf at the path changed."""
    if not path:
        return another(value)
    first, *rest = path
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.replace(value, **{first: changed(getattr(value, first), tuple(rest))})
    if isinstance(value, dict):
        return {**value, first: changed(value[first], tuple(rest))}
    return (*value[:first], changed(value[first], tuple(rest)), *value[first + 1 :])


OWN = ("deal_fields", "contact_fields", "company_fields")


def value_at(value: Any, path: Path) -> Any:
    for part in path:
        value = getattr(value, part) if isinstance(value, msgspec.Struct) else value[part]
    return value


def named(value: ir.Account | ir.Automation) -> set[str]:
    """The own fields of the account that something else of it names."""
    if not isinstance(value, ir.Account):
        return set()
    kinds = tuple(msgspec.structs.replace(kind, fields=()) for kind in value.records)
    without = msgspec.structs.replace(value, **dict.fromkeys(OWN, ()), records=kinds)
    rest = msgspec.json.encode(_behaviour(without)).decode()
    # Whole words of what is behaviour: "a" is not named by "a_b", and not by a `why`.
    words = set(re.findall(r"\w+", rest))
    return {shape.key for shape in own_fields(value) if shape.key in words}


def own_fields(value: ir.Account) -> list[FieldShape]:
    fields = [shape for part in OWN for shape in getattr(value, part)]
    return fields + [shape for kind in value.records for shape in kind.fields]


def of_own(path: Path) -> Path:
    """The place of the own field that a path leads into; empty if it leads into none."""
    if path[0] in OWN:
        return path[:2]
    return path[:4] if path[0] == "records" and path[2] == "fields" else ()


def said(value: ir.Account | ir.Automation) -> list[bool]:
    """Of each own field, whether something else names it: two of one key are two."""
    words = named(value)
    return [shape.key in words for shape in own_fields(value)] if isinstance(value, ir.Account) else []


def digests(value: ir.Account | ir.Automation) -> tuple[str, str]:
    return behaviour_digest(value), metadata_digest(value)


@given(st.one_of(accounts, automations), st.data())
def test_any_leaf_moves_exactly_its_own_digest(value, data):
    path, metadata = data.draw(st.sampled_from(list(leaves(value))))
    metadata = metadata or bool((own := of_own(path)) and value_at(value, own).key not in named(value))
    behaviour, description = digests(value)
    other = changed(value, path)
    new_behaviour, new_description = digests(other)
    assert (new_behaviour != behaviour) == (not metadata), path
    if said(other) == said(value):  # a field that is named no more is description from now on
        assert (new_description != description) == metadata, path


@given(accounts)
def test_ir_survives_json_with_its_digests(account):
    data = ir.encode(account)
    back = ir.decode(data)
    assert back == account
    assert ir.encode(back) == data
    assert digests(back) == digests(account)
    assert release_digest(back) == release_digest(account)


@given(accounts, st.data())
def test_the_release_digest_moves_with_every_leaf(account, data):
    path, _ = data.draw(st.sampled_from(list(leaves(account))))
    assert release_digest(changed(account, path)) != release_digest(account)


def kinds(value: Any) -> Iterator[type]:
    """The kinds of all nodes in a value."""
    if isinstance(value, msgspec.Struct):
        yield type(value)
        for name in value.__struct_fields__:
            yield from kinds(getattr(value, name))
    elif isinstance(value, dict | tuple):
        for held in value.values() if isinstance(value, dict) else value:
            yield from kinds(held)


@pytest.mark.slow
@pytest.mark.parametrize(("strategy", "union"), [(triggers, ir.Trigger), (steps, ir.Step)])
def test_every_kind_of_node_is_among_what_is_tried(strategy, union):
    """A kind that the strategies forget is a kind whose leaves nobody looks at."""
    seen = set()

    @settings(
        max_examples=700,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def look(node):
        seen.update(kinds(node))

    look()
    assert set(get_args(union)) <= seen


@given(automations)
def test_digests_depend_on_meaning_and_not_on_order_of_keys(automation):
    def turned(value: Any) -> Any:
        if isinstance(value, msgspec.Struct):
            return msgspec.structs.replace(
                value, **{name: turned(getattr(value, name)) for name in value.__struct_fields__}
            )
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in reversed(value)}
        return tuple(map(turned, value)) if isinstance(value, tuple) else value

    assert digests(turned(automation)) == digests(automation)


def test_digests_are_the_same_in_every_process_and_release():
    # These are written into journals: when this test fails, every stored version looks changed.
    account = ir.Account(
        key="a",
        name="A",
        calendar=Calendar(zone="UTC", spans=()),
        country="US",
        currency=None,
        pipelines=(),
        automations=(),
    )
    assert behaviour_digest(account) == "de9d9ec00e3093d2cdf815066cc92c7e98ceecd741764ba811df11bcc8c1af77"
    assert metadata_digest(account) == "bf3a46315e2250e6694d200c312f017746202147be17f4de67167309acf83a9d"


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"key": "a", "surplus": 1}'])
def test_what_is_no_ir_is_refused(data):
    with pytest.raises(msgspec.MsgspecError):
        ir.decode(data)


def test_a_field_that_nobody_names_is_description_until_somebody_does():
    rule = ir.Automation(key="a", on=ir.OnDealCreated(), when=ir.All(of=()), again=ir.EveryEvent(), do=())
    asks = msgspec.structs.replace(rule, when=ir.IsSet(field=ir.Ref(path="deal.dentist", type="text")))
    dentist, other = FieldShape(key="dentist", type="text"), FieldShape(key="dentist", type="text", sensitive=True)

    def account(*fields, automation=rule):
        return ir.Account(
            key="a",
            name="A",
            calendar=Calendar(zone="UTC", spans=()),
            country="US",
            currency=None,
            pipelines=(),
            automations=(automation,),
            deal_fields=fields,
        )

    assert behaviour_digest(account(dentist)) == behaviour_digest(account()) == behaviour_digest(account(other))
    assert len({metadata_digest(account(*fields)) for fields in ((), (dentist,), (other,))}) == 3
    assert len({release_digest(account(*fields)) for fields in ((), (dentist,), (other,))}) == 3
    named_ = [account(each, automation=asks) for each in (dentist, other)]
    assert behaviour_digest(named_[0]) != behaviour_digest(named_[1])
    assert metadata_digest(named_[0]) == metadata_digest(named_[1])
    labelled = account(msgspec.structs.replace(dentist, label="Doctor"), automation=asks)
    assert behaviour_digest(labelled) == behaviour_digest(named_[0])
    assert metadata_digest(labelled) != metadata_digest(named_[0])


def test_a_field_of_records_that_nobody_names_is_description_too():
    """A field more in a kind of records was another behaviour, though nothing read it."""
    paid, note = FieldShape(key="paid", type="flag"), FieldShape(key="note", type="text")
    asks = ir.OfRecords(record="line", of=ir.IsSet(field=ir.Ref(path="record.paid", type="flag")))
    rule = ir.Automation(key="a", on=ir.OnDealCreated(), when=asks, again=ir.EveryEvent(), do=())

    def account(*fields):
        return ir.Account(
            key="a",
            name="A",
            calendar=Calendar(zone="UTC", spans=()),
            country="US",
            currency=None,
            pipelines=(),
            automations=(rule,),
            records=(RecordShape(key="line", fields=fields),),
        )

    assert behaviour_digest(account(paid, note)) == behaviour_digest(account(paid)) != behaviour_digest(account())
    assert metadata_digest(account(paid, note)) != metadata_digest(account(paid)), "a release is recorded all the same"


def test_an_automation_that_does_not_use_what_came_later_keeps_its_recorded_digest():
    """A release that was recorded before `exit_on` was there is still the same release."""
    old = ir.Automation(key="a", on=ir.OnDealCreated(), when=ir.All(of=()), again=ir.EveryEvent(), do=())
    assert behaviour_digest(old) == "0773185ce3a51d1bda58560836e0bdf35feb0c8539f37ebb44bc4619594f284e"
    ended = msgspec.structs.replace(old, exit_on=(ir.OnStageChanged(),))
    assert behaviour_digest(ended) != behaviour_digest(old)
