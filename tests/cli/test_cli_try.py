"""`try`, `doctor` and `graph`, typed at the reference company with data of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from dealwright.cli.doctor import _release
from dealwright.cli.main import cli
from dealwright.cli.manual import keys
from dealwright.cli.people import _known_role
from dealwright.cli.shapes import shape_of
from dealwright.cli.site import Site
from dealwright.cli.try_ import _fields, _shown, try_
from dealwright.errors import InputError
from dealwright.journal.database import micros
from dealwright.journal.store import Journal
from dealwright.model.crm import Money, User
from dealwright.model.custom import Custom, MomentHeld, MoneyHeld, UserHeld, held
from dealwright.model.messages import MessageButton
from dealwright.model.requests import CreateDeal, DealChanges, UpdateDeal
from dealwright.project import Project, load_project
from dealwright_embedded_crm import EmbeddedCrm

pytestmark = pytest.mark.slow  # each test compiles the reference company in a child process

ROOT = Path(__file__).parents[2]
HOSTILE = "Forty\x1b[31m chairs\u202e {{ deal.id }}"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """The reference company with one deal of a reachable contact, and no release yet."""
    for name in [name for name in os.environ if name.startswith("DEALWRIGHT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DEALWRIGHT_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(ROOT)
    found = load_project()
    (tmp_path / "data" / "receiver.secret").write_text("x" * 32)
    (tmp_path / "data" / "hooks.secret").write_text("x" * 32)
    crm = found.account().crm
    assert isinstance(crm, EmbeddedCrm)
    with closing(crm):
        acme = found.definitions("acme")
        crm.shape(acme.pipelines, fields=acme.own_fields(), apply=True)
        ana = crm.add_user("Ana Lima")
        maria = crm.create_contact(name="Maria Silva", phone="(212) 555-0142", email="maria@example.com")
        place = {"pipeline": "new-business", "stage": "incoming"}
        crm.create_deal(title=HOSTILE, contacts=(maria.id,), owner=ana.id, **place)
    yield found


def typed(*words: str, code: int = 0) -> Result:
    """Run a command as it is typed."""
    result = CliRunner().invoke(cli, list(words))
    assert result.exit_code == code, result.output
    assert "\x1b" not in result.output
    assert "\u202e" not in result.output
    return result


def found(*words: str, code: int = 0) -> Any:
    """Run a command with --json."""
    return json.loads(typed(*words, "--json", code=code).output)


def test_try_shows_every_text_when_and_by_whom_and_writes_nothing(project: Project, tmp_path: Path) -> None:
    journal = project.open_journal()
    journal.close()
    before = (tmp_path / "data" / "journal.db").read_bytes(), (tmp_path / "data" / "crm.db").read_bytes()
    told = typed("try", "greet-inbound", "--deal", "1", "--at", "2026-05-09T22:30").output
    assert "deal.main_contact.phone is set  true  [deal.main_contact.phone = (212) 555-0142]" in told
    assert "Sat 09 May 22:30  call: set_task  by embedded_crm, KEYED" in told
    assert "Call Maria Silva about Forty" in told
    assert "Mon 11 May 2026 09:15" in told
    assert "times in America/New_York" in told
    assert "ends     done" in told
    assert ((tmp_path / "data" / "journal.db").read_bytes(), (tmp_path / "data" / "crm.db").read_bytes()) == before


def test_try_imagines_the_deal_where_the_rule_waits_for_it(project: Project) -> None:
    told = found("try", "won-to-erp", "--deal", "1")
    assert told["as_if"].startswith("the deal came in new-business.won now (it stands in new-business.incoming)")
    assert (told["answers"], told["state"], told["reason"]) == (True, "skipped", "conditions: unset")
    assert [line["result"] for line in told["turns"][0]["trace"]] == ["unset"]


def test_try_says_what_to_type_where_nobody_stands_behind_a_role(project: Project) -> None:
    with closing(project.account().crm) as crm:
        assert isinstance(crm, EmbeddedCrm)
        crm.create_deal(title="Six lamps", pipeline="new-business", stage="incoming")
    told = typed("try", "share-inquiries", "--deal", "2").output
    assert "ends     held (nobody stands behind role inside sales)" in told
    assert 'dealwright people set --role "inside sales" NAME ...' in told


def test_try_says_what_stands_in_the_way(project: Project) -> None:
    journal = project.open_journal()
    project.release(journal, "acme")
    journal.stop("acme", "greet-inbound", actor="user:test", reason="")
    journal.set_mode("acme", "greet-inbound", "shadow", actor="user:test")
    taken(journal)
    journal.close()
    way = found("try", "greet-inbound", "--deal", "1")["in_the_way"]
    assert [line.split(":")[0] for line in way] == ["it is stopped", "its mode is shadow", "again"]
    assert "execution other acted at 1969-12-31 19:00, and counts until" in way[2]  # 0 in New York
    assert "UTC" not in way[2]


def taken(journal: Journal) -> None:
    """Let an execution have the share that greeting this person takes in shadow."""
    parts = journal.persons("acme", ["1"])
    with journal.database.write() as connection:
        connection.exec_driver_sql(
            "insert into reservations (account, mode, rule, scope, holder, taken_at, until)"
            " values ('acme', 'shadow', 'again:greet-inbound', ?, 'other', 0, ?)",
            (f"person:{parts.get('1', '1')}", micros(journal.clock.now()) + 10**9),
        )


def test_try_prints_the_keys_that_are_documented(project: Project) -> None:
    shape = shape_of(try_)
    assert shape is not None
    top = {key.path.removesuffix("[]") for key in keys(shape.type) if "." not in key.path}
    assert set(found("try", "greet-inbound", "--deal", "1")) == top


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("greet-inbond", "--deal", "1"), 2, "did you mean greet-inbound?"),
        (("greet-inbound", "--deal", "99"), 2, "has no deal '99'"),
        (("greet-inbound", "--deal", "1", "--at", "soon"), 2, "is no moment"),
        (("invoice-paid", "--deal", "1", "--data", "number"), 2, "is not NAME=VALUE"),
        (("invoice-paid", "--deal", "1", "--data", "numbr=A-7"), 2, "tells no 'numbr'; did you mean number?"),
        (("greet-inbound", "--deal", "1", "--data", "number=A-7"), 2, "the trigger is no event from outside"),
        (("greet-inbound",), 2, "Missing option '--deal'"),
    ],
)
def test_try_refuses_what_it_cannot_use(project: Project, words: tuple[str, ...], code: int, told: str) -> None:
    assert told in typed("try", *words, code=code).output


def test_try_takes_what_an_event_from_outside_would_tell(project: Project) -> None:
    told = found("try", "invoice-paid", "--deal", "1", "--data", "number=A-7", "--data", "amount=10")
    assert "A-7" in json.dumps(told["turns"])


def test_try_is_about_the_record_that_is_named_or_else_the_oldest(project: Project) -> None:
    about = ("try", "instalment-paid", "--deal", "1")
    assert found(*about)["as_if"].endswith("now to instalment of which nothing is known: the deal has none")
    assert "--record: deal 1 has no instalment '7'; it has none" in typed(*about, "--record", "7", code=2).output
    crm = project.account().crm
    assert isinstance(crm, EmbeddedCrm)
    with closing(crm):
        paid = Custom("paid", held(value=True))
        numbers = [Custom("number", held(Decimal(number))) for number in (1, 2)]
        first, second = [crm.add_record("1", "instalment", (number, paid)) for number in numbers]
    assert found(*about)["as_if"] == f"record updated happened now to instalment {first.record.id}"
    told = typed(*about, "--record", second.record.id).output
    assert f"to instalment {second.record.id}" in told
    assert "Instalment 2 of 2 is paid" in told
    refused = " ".join(typed(*about, "--record", "99", code=2).output.split())
    assert f"deal 1 has no instalment '99'; it has {first.record.id}, {second.record.id}" in refused
    refused = typed("try", "greet-inbound", "--deal", "1", "--record", "1", code=2).output
    assert "no record sets greet-inbound off" in refused


def test_try_shows_values_as_people_read_them() -> None:
    """No repr of Python's: no class, no UNSET; a company's own fields each by its name."""
    noon = datetime(2026, 5, 11, 12, tzinfo=UTC)
    own = (
        Custom("engineer", UserHeld(User(id="7", name="Ana Lima"))),
        Custom("fee", MoneyHeld(Money(Decimal(9), "EUR"))),
    )
    changes = DealChanges(title="New", custom=(*own, Custom("visit", MomentHeld(noon)), Custom("old", None)))
    request = UpdateDeal(deal_id="1", changes=changes, replaces=DealChanges(title="Old"))
    assert list(_fields(request, ZoneInfo("UTC"))) == [
        ("deal_id", "1"),
        ("title", "New"),
        ("engineer", "Ana Lima"),
        ("fee", "9 EUR"),
        ("visit", "Mon 11 May 2026 12:00"),
        ("old", "(cleared)"),
        ("title was", "Old"),
    ]
    made = CreateDeal(pipeline="sales", stage="incoming", title="Next")
    assert list(_fields(made, ZoneInfo("UTC"))) == [("pipeline", "sales"), ("stage", "incoming"), ("title", "Next")]
    assert _shown((MessageButton("yes", "Sim"), MessageButton("no", "Não")), ZoneInfo("UTC")) == "Sim (yes), Não (no)"


def test_doctor_finds_what_is_missing_and_ends_with_1(project: Project, tmp_path: Path) -> None:
    told = {each["what"]: each for each in found("doctor", code=1)}
    assert told["acme: email"]["state"] == "wrong"  # nothing listens there
    assert told["engine"]["state"] == "look"
    assert told["acme: definitions"]["todo"] == "dealwright up"
    assert {told[name]["state"] for name in ("python", "libraries", "project", "journal", "acme: CRM")} == {"ok"}
    shown = typed("doctor", code=1).output
    assert "wrong" in shown
    (tmp_path / "data" / "journal.db").write_bytes(b"no database, this")
    assert {each["what"]: each["state"] for each in found("doctor", code=1)}["journal"] == "wrong"


def test_a_table_that_the_target_file_lacks_is_no_fault_of_the_definitions(project: Project) -> None:
    binding = project.account()
    bare = replace(binding, connectors=tuple(each for each in binding.connectors if each is binding.crm))
    lacking = replace(project, accounts=(bare,))
    with closing(project.open_journal()) as journal:
        (told,) = _release(lacking, journal, bare)
        assert (told.what, told.state) == ("acme: target file", "wrong")
        assert "write it into the target file" in told.todo
        with pytest.raises(InputError, match="closers"):  # who only looks needs no address
            _known_role(Site(lacking, journal, "acme"), "closers")
        assert _known_role(Site(lacking, journal, "acme"), "field sales") == "field sales"


def test_doctor_without_a_project_says_where_it_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEALWRIGHT_PROJECT", str(tmp_path / "none.py"))
    told = found("doctor", code=1)[-1]
    assert (told["what"], told["state"]) == ("project", "wrong")
    assert "none.py" in told["told"]


COMPANY = """
from dealwright import *
deal = DealFields()
class Sales(Pipeline, key="sales"):
    incoming = Incoming()
    quoted = Stage("Sent the quote", probability=50, task=None, because="a test")
    won = Won()
    lost = Lost()
first = Automation(key="first", on=deal_created(), again=every_event(), do=[move_deal("go", to=Sales.quoted)])
second = Automation(key="second", on=entered(Sales.quoted), again=once(per=deal), do=[
    add_note("log", text="x"), create_deal("more", in_=Sales.incoming, title="x")])
third = Automation(key="third", on=entered(Sales.won), do=[add_note("log", text="x")])
a = Account("a", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[first, second, third])
"""


def test_graph_draws_what_can_set_off_what(tmp_path: Path) -> None:
    (tmp_path / "company.py").write_text(COMPANY)
    (account,) = found("graph", str(tmp_path / "company.py"))
    assert [(edge["cause"], edge["step"], edge["effect"], edge["new_deal"]) for edge in account["edges"]] == [
        ("first", "go", "second", False),
        ("second", "more", "first", True),
    ]
    chart = typed("graph", str(tmp_path / "company.py"), "--format", "mermaid").output
    assert 'a_first ==>|"go"| a_second' in chart
    assert 'a_second -.->|"more"| a_first' in chart
    assert "go can set off second" in typed("graph", str(tmp_path / "company.py")).output


MADE = """
class Booked(OutsideEvent):
    key = "booked"
    phone = Text()
    match = Match(by=[(phone, DealFields().contacts.phone)], in_=[Sales], if_none="IF_NONE")
book = Automation(key="book", on=event_received(Booked), again=every_event(), do=[
    add_note("n", text="{{ event.data.phone }}")])
far = Automation(key="far", on=deal_created(in_=Sales.quoted), do=[add_note("log", text="x")])
a = Account("a", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[first, third, book, far])
"""


def test_graph_draws_what_a_deal_sets_off_that_an_event_has_made(tmp_path: Path) -> None:
    text = COMPANY.partition("a = Account")[0] + MADE
    (tmp_path / "company.py").write_text(text.replace("IF_NONE", "create"))
    (account,) = found("graph", str(tmp_path / "company.py"))
    edges = [(edge["cause"], edge["step"], edge["effect"], edge["new_deal"]) for edge in account["edges"]]
    assert edges == [("book", "if_none=create", "first", True)]
    assert "if_none=create can set off first for the new deal" in typed("graph", str(tmp_path / "company.py")).output
    chart = typed("graph", str(tmp_path / "company.py"), "--format", "mermaid").output
    assert 'a_book -.->|"if_none=create"| a_first' in chart
    (tmp_path / "company.py").write_text(text.replace("IF_NONE", "hold"))
    assert found("graph", str(tmp_path / "company.py"))[0]["edges"] == []


def test_graph_needs_definitions_without_errors(tmp_path: Path) -> None:
    (tmp_path / "company.py").write_text(COMPANY.replace("to=Sales.quoted", "to=Sales.quote"))
    assert "dealwright check" in typed("graph", str(tmp_path / "company.py"), code=1).output
    assert typed("graph", str(tmp_path / "nothing"), code=2).output


def test_try_reckons_with_the_settings_that_are_in_force(project: Project) -> None:
    """It reckoned with the defaults, and said of a rule that it would do what it did not."""
    crm = load_project().account().crm
    assert isinstance(crm, EmbeddedCrm)
    with closing(crm):
        crm.update_deal("1", DealChanges(amount=Money(Decimal(2_000), "USD")))

    def weighed() -> list[tuple[str, str]]:
        trace = found("try", "pay-in-two", "--deal", "1")["turns"][0]["trace"]
        return [(line["result"], line["what"]) for line in trace if "deal.amount >=" in line["what"]]

    journal = project.open_journal()
    project.release(journal, "acme")
    journal.close()
    assert [result for result, _ in weighed()] == ["false"]
    typed("settings", "set", "large-deal", "1000")
    assert [result for result, _ in weighed()] == ["true"]


def test_try_says_why_a_trigger_does_not_answer(project: Project) -> None:
    crm = load_project().account().crm
    assert isinstance(crm, EmbeddedCrm)
    with closing(crm):
        crm.move_deal("1", "new-business", "lost", lost_reason="Price")
    told = found("try", "address-changed", "--deal", "1")
    assert told["why_not"] == "the deal is lost, and what its contacts write or change is told to open deals only"
    lines = " ".join(typed("try", "address-changed", "--deal", "1").output.split())
    assert "does not answer this deal the deal is lost, and what its contacts write or change" in lines


def test_try_says_where_the_deal_came_from_and_if_it_could_not_come_there(project: Project) -> None:
    told = found("try", "win-back", "--deal", "1")
    assert [line.split(":")[:2] for line in told["in_the_way"]] == [
        ["it could not come there as it is", " refused (lost_reason_required)"]
    ]
    crm = load_project().account().crm
    assert isinstance(crm, EmbeddedCrm)
    with closing(crm):
        crm.move_deal("1", "new-business", "met")
    told = found("try", "new-business.criteria", "--deal", "1")
    assert told["as_if"] == "the deal came in new-business.met now from new-business.qualified"
    assert told["in_the_way"] == []


def test_try_says_of_what_an_event_does_not_tell_that_it_is_unset_and_not_cleared(project: Project) -> None:
    told = typed("try", "close-lost", "--deal", "1").output
    assert "reference    (unset)" in told
    assert "(cleared)" not in told
