"""`dealwright crm` as a person types it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from crm_world import AFTERCARE, DUE, SALES, drain, opened

from dealwright.cli.main import cli
from dealwright.model.crm import Money, PipelineShape
from dealwright.model.custom import FieldShapes
from dealwright.project import AccountBinding
from dealwright_embedded_crm import EmbeddedCrm
from dealwright_embedded_crm.commands import opening

HOSTILE = "=1+1 [red]x[/red] **b** <b>c</b> {{ 7*7 }}\r\nnext\x1b[31m \u202eright"
DATA = Path(__file__).parents[3] / "shared" / "data" / "crm_sales_opportunities.csv"


class Project:
    """A project of one account; it opens its CRM anew for every command, as a process does."""

    def __init__(self, url: str, pipelines: tuple[PipelineShape, ...]) -> None:
        self.url = url
        self.shapes = pipelines
        self.fields = FieldShapes()
        self.opened: list[EmbeddedCrm] = []
        self.is_released = True

    def account(self, key: str | None = None) -> AccountBinding:
        """Return the only account."""
        crm = opened(self.url)
        self.opened.append(crm)
        return AccountBinding(key="acme", definitions=Path("none"), crm=crm, feeds=(crm,), connectors=(crm,))

    def open_journal(self) -> SimpleNamespace:
        """Return a journal with a release of an account in New York."""
        active = SimpleNamespace(account=self.in_force("acme")) if self.is_released else None
        return SimpleNamespace(active_release=lambda key: active, close=lambda: None)

    def in_force(self, key: str) -> SimpleNamespace:
        """Return what the release names, or the files before there is one."""
        return SimpleNamespace(
            pipelines=self.shapes,
            own_fields=lambda: self.fields,
            calendar=SimpleNamespace(zone="America/New_York"),
            country="US",
            currency="USD",
        )


class Shell:
    """Types commands."""

    def __init__(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.url = url
        self.project = Project(self.url, (SALES, AFTERCARE))
        monkeypatch.setattr(opening, "load_project", lambda: self.project)

    def __call__(self, *words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, ["crm", *words])
        assert result.exit_code == code, (result.output, result.exception)
        return result

    def json(self, *words: str) -> list[dict[str, Any]]:
        """Return what a listing prints with --json."""
        rows = json.loads(self(*words, "--json").stdout)
        assert isinstance(rows, list)
        return rows


@pytest.fixture
def shell(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell before a CRM with two pipelines and nothing in it."""
    return Shell(sqlite_url, monkeypatch)


def filled(shell: Shell) -> EmbeddedCrm:
    crm = opened(shell.url)
    crm.add_user("Ann Lee", "ann@example.com")
    contact = crm.create_contact(name="Bo [bold]Li[/bold]", phone="+1 555 0100")
    deal = crm.create_deal(
        pipeline="sales",
        stage="incoming",
        title=HOSTILE,
        owner="Ann Lee",
        contacts=[contact.id],
        amount=Money(Decimal("1054.5"), "USD"),
        company="Acme",
    )
    crm.set_task(deal.id, "Call\nnow \x1b[2J", DUE)
    return crm


def test_every_listing_prints_a_table_in_which_nothing_steers(shell: Shell) -> None:
    crm = filled(shell)
    shown = {what: shell(what, "ls").stdout for what in ("deals", "contacts", "tasks", "users", "pipelines")}
    for text in shown.values():
        assert "\x1b" not in text and "\r" not in text and "\u202e" not in text
    assert "=1+1 [red]x[/red] **b** <b>c</b> {{ 7*7 }} next [31m \\u202eright" in shown["deals"]
    assert "1,054.50 USD" in shown["deals"] and "sales.incoming" in shown["deals"]
    assert "Bo [bold]Li[/bold]" in shown["contacts"]
    assert "Call\\nnow" in shown["tasks"] and "2026-03-03 04:00 EST" in shown["tasks"]
    assert "ann@example.com" in shown["users"]
    assert "Closed won" in shown["pipelines"]
    crm.close()


def test_every_listing_prints_one_json_array_in_ascii(shell: Shell) -> None:
    crm = filled(shell)
    (deal,) = shell.json("deals", "ls")
    assert deal["title"] == crm.deals()[0].title
    assert deal["amount"] == {"amount": "1054.50", "currency": "USD"}
    assert shell("deals", "ls", "--json").stdout.isascii()
    assert shell.json("contacts", "ls")[0]["phone"] == "+1 555 0100"
    assert shell.json("tasks", "ls", "--deal", "1")[0]["text"] == "Call\nnow  [2J"
    assert shell.json("tasks", "ls", "--deal", "9") == []
    assert shell.json("users", "ls")[0]["name"] == "Ann Lee"
    assert [row["deals"] for row in shell.json("pipelines", "ls")] == [1, 0, 0, 0, 0, 0, 0]
    crm.close()


def test_deals_are_listed_by_pipeline_and_stage(shell: Shell) -> None:
    crm = opened(shell.url)
    crm.add_user("Ann")
    for stage in ("incoming", "won", "won"):
        crm.create_deal(pipeline="sales", stage=stage, title=stage)
    assert len(shell.json("deals", "ls", "--stage", "won")) == 2
    assert len(shell.json("deals", "ls", "--stage", "won", "--limit", "1")) == 1
    assert shell.json("deals", "ls", "--pipeline", "aftercare") == []
    crm.close()


def test_a_deal_is_moved_and_who_moved_it_is_told(shell: Shell) -> None:
    crm = filled(shell)
    drain(crm)
    assert shell("deals", "move", "1", "lost", "--lost-reason", "Price").stdout == (
        "deal 1: sales.incoming -> sales.lost\n"
    )
    assert shell("deals", "move", "1", "lost").stdout == "deal 1 is in sales.lost already\n"
    assert (
        shell("deals", "move", "1", "won", "--pipeline", "aftercare").stdout == "deal 1: sales.lost -> aftercare.won\n"
    )
    assert [event.actor for event in drain(crm)] == ["user:cli", "user:cli"]
    crm.close()


def test_a_stage_is_taken_as_it_is_printed(shell: Shell) -> None:
    """`deals move 1 sales.won` was told that sales has no stage 'sales.won'."""
    filled(shell).close()
    assert shell("deals", "move", "1", "sales.won").stdout == "deal 1: sales.incoming -> sales.won\n"
    assert shell("deals", "move", "1", "aftercare.won").stdout == "deal 1: sales.won -> aftercare.won\n"
    assert [each["id"] for each in shell.json("deals", "ls", "--stage", "aftercare.won")] == ["1"]
    assert "created in sales.won" in shell("deals", "add", "--title", "New", "--stage", "sales.won").stdout
    contradicting = shell("deals", "move", "1", "sales.lost", "--pipeline", "aftercare", code=2).stderr
    assert "--pipeline says 'aftercare', and the stage 'sales.lost': leave one of them out" in contradicting
    assert "pipeline sales has no stage 'x'" in shell("deals", "move", "1", "sales.x", code=1).stderr


def test_a_move_that_cannot_be_is_one_plain_message(shell: Shell) -> None:
    crm = filled(shell)
    assert "there is no deal '9'" in shell("deals", "move", "9", "won", code=2).stderr
    assert "pipeline sales has no stage 'x'; it has incoming" in shell("deals", "move", "1", "x", code=1).stderr
    crm.close()


def importing(shell: Shell, folder: Path, content: str, *options: str, code: int = 0) -> Result:
    file = folder / "deals.csv"
    file.write_text(content, encoding="utf-8")
    words = ["import", str(file), "--map", "title=name", "--map", "amount=worth", "--pipeline", "sales"]
    return shell(*words, *options, code=code)


def test_an_import_says_what_it_did(shell: Shell, tmp_path: Path) -> None:
    content = "name,worth,status,who\nDesk,10,Won,Ann\nLamp,,new,Ann\n"
    options = ("--map", "stage=status", "--map", "owner=who", "--stage", "won=won", "--stage", "new=incoming")
    done = importing(shell, tmp_path, content, *options, "--currency", "usd", "--automations", "off")
    assert "2 rows read from deals.csv" in done.stdout
    assert "2 deals created in sales, 0 already there" in done.stdout
    assert "1 owner was not there and was created as a user" in done.stdout
    again = importing(shell, tmp_path, content, *options, "--currency", "usd")
    assert "0 deals created in sales, 2 already there" in again.stdout
    crm = opened(shell.url)
    assert {event.answer for event in drain(crm)} == {"off"}
    crm.close()


def test_one_bad_row_keeps_the_whole_file_out_unless_it_is_skipped(shell: Shell, tmp_path: Path) -> None:
    content = "name,worth\nDesk,10\nLamp,-1\n"
    rejects = tmp_path / "rejects.csv"
    refused = importing(shell, tmp_path, content, "--currency", "USD", "--rejects", str(rejects), code=2)
    assert "deals.csv: nothing was imported; 1 of 2 rows cannot be imported" in refused.stderr
    assert "line 3: the amount is negative" in refused.stderr
    assert rejects.read_text(encoding="utf-8").splitlines()[1] == "3,the amount is negative,Lamp,'-1"
    assert shell.json("deals", "ls") == []
    skipped = importing(shell, tmp_path, content, "--currency", "USD", "--skip-rejects")
    assert "1 deal created" in skipped.stdout and "1 of 2 rows cannot be imported" in skipped.stdout


def test_a_file_that_is_refused_leaves_the_pipelines_as_they_were(shell: Shell, tmp_path: Path) -> None:
    shell.project.shapes = (PipelineShape(key="third", name="Third", stages=AFTERCARE.stages),)
    importing(shell, tmp_path, "name,worth\nDesk,-1\n", "--pipeline", "third", "--currency", "USD", code=2)
    assert {row["pipeline"] for row in shell.json("pipelines", "ls")} == {"sales", "aftercare"}


def test_a_dry_run_says_what_would_be(shell: Shell, tmp_path: Path) -> None:
    dry = importing(shell, tmp_path, "name,worth\nDesk,10\nLamp,x\n", "--currency", "USD", "--dry-run", code=1)
    assert "1 deal would be created in sales" in dry.stdout
    assert "line 3: 'x' is no amount" in dry.stdout
    assert shell.json("deals", "ls") == []


def test_a_dry_run_needs_no_pipeline_in_the_crm_yet(shell: Shell, tmp_path: Path) -> None:
    shell.project.shapes = (PipelineShape(key="third", name="Third", stages=AFTERCARE.stages),)
    dry = importing(shell, tmp_path, "name,worth\nDesk,1\n", "--pipeline", "third", "--currency", "USD", "--dry-run")
    assert "1 deal would be created in third" in dry.stdout
    assert {row["pipeline"] for row in shell.json("pipelines", "ls")} == {"sales", "aftercare"}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--currency", "DOLLAR"), "--currency 'DOLLAR' is no code of ISO 4217"),
        (("--pipeline", "sale"), "--pipeline sale: the release names no such pipeline; did you mean 'sales'?"),
        (("--map", "stage=nam"), "--map stage=nam: the file has no column 'nam'; did you mean 'name'?"),
        (("--delimiter", "||"), "--delimiter is one character"),
        (("--stage", "Won=wonn"), "--stage Won=wonn: pipeline sales has no stage 'wonn'; did you mean 'won'?"),
        ((), "the amount has no currency; give --currency"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused_with_advice(
    shell: Shell, tmp_path: Path, options: tuple[str, ...], says: str
) -> None:
    assert says in importing(shell, tmp_path, "name,worth\nDesk,10\n", *options, code=2).stderr


def test_an_import_makes_what_the_release_names_and_stops_when_it_must_not(shell: Shell, tmp_path: Path) -> None:
    third = PipelineShape(key="third", name="Third", stages=AFTERCARE.stages)
    shell.project.shapes = (SALES, third)
    importing(shell, tmp_path, "name,worth\nDesk,\n", "--pipeline", "third", "--currency", "USD")
    assert shell.json("deals", "ls")[0]["stage"] == "incoming"
    shell.project.shapes = (PipelineShape(key="third", name="Third", stages=AFTERCARE.stages[1:]),)
    refused = importing(shell, tmp_path, "name,worth\nLamp,\n", "--pipeline", "third", "--currency", "USD", code=2)
    assert "remove stage third.incoming: it holds 1 deal; move them first" in refused.stderr


@pytest.mark.skipif(not DATA.exists(), reason=f"no {DATA.name}: the 8,800 real deals were not imported")
def test_the_real_file_is_imported_whole_and_once(shell: Shell) -> None:
    words = [
        "import",
        str(DATA),
        "--pipeline",
        "sales",
        "--currency",
        "USD",
        "--map",
        "title={product}[ for {account}]",
    ]
    for pair in ("reference=opportunity_id", "owner=sales_agent", "company=account", "stage=deal_stage",
                 "created=engage_date", "close_date=close_date", "amount=close_value", "tags=product"):  # fmt: skip
        words += ["--map", pair]
    words += ["--stage", "Won=won", "--stage", "Lost=lost"]
    assert "8,800 deals created in sales, 0 already there" in shell(*words).stdout
    assert "0 deals created in sales, 8,800 already there" in shell(*words).stdout
    counts = {row["stage"]: row for row in shell.json("pipelines", "ls") if row["pipeline"] == "sales"}
    assert {stage: row["deals"] for stage, row in counts.items()} == {
        "incoming": 0, "prospecting": 500, "engaging": 1589, "won": 4238, "lost": 2473,
    }  # fmt: skip
    assert counts["won"]["amounts"] == [{"amount": "10005534.00", "currency": "USD"}]
