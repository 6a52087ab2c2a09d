"""What the CLI's tests talk about: a small company whose twenty-two deals went twenty-two ways, and a shell.

The real engine has worked on the embedded CRM, on a played clock. What is true of each deal is written down by hand in
`TRUTH`; nothing of it is computed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from dealwright import (
    Account,
    Automation,
    DealFields,
    Incoming,
    Lost,
    Pipeline,
    Role,
    Stage,
    Won,
    add_note,
    ask,
    assign_owner,
    branch,
    case,
    contact_removed,
    days,
    deal_created,
    deal_updated,
    entered,
    every_event,
    move_deal,
    once,
    person,
    send_event,
    set_task,
    setting,
    stop,
    update_deal,
    wait,
    working_days,
    working_hours,
    working_minutes,
)
from dealwright import Money as Amount
from dealwright.cli import site
from dealwright.cli.main import cli
from dealwright.clock import PlayedClock
from dealwright.compile import ir
from dealwright.compile.lower import lower
from dealwright.engine.loop import AccountSite, Engine
from dealwright.engine.records import Reading, Unmatched
from dealwright.intake.secrets import FixedSecret
from dealwright.intake.signed import signed_json
from dealwright.journal.quarantine import Unread
from dealwright.journal.store import Journal
from dealwright.model.crm import Money
from dealwright.model.events import EventReceived
from dealwright.model.requests import Call, DealChanges, Outcome, Refused, Unknown
from dealwright.ports import FeedItem, HookSource
from dealwright.project import PrefectPlace, Project
from dealwright.testing.scripted import ScriptedConnector
from dealwright_embedded_crm import EmbeddedCrm

MONDAY = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
"""Monday 09:00 in New York."""

HOSTILE = "=1+1 [red]x[/red]\x1b[31m\u202eright 株式会社の椅子四十脚"
"""A title that tries what titles can try, with wide characters at its end."""

JSON = {"content-type": "application/json"}
PAID = b'{"id": "evt-1", "event": "invoice-paid", "data": {"who": "Zaphod"}}'
"""A hook that was not understood when it came, and would be now."""

deal = DealFields()


class Sales(Pipeline, key="sales", name="Sales"):
    """A short pipeline without stage tasks."""

    incoming = Incoming()
    quoted = Stage("Sent the quote", probability=50, task=None, because="tests set their own")
    agreed = Stage("Agreed the terms", probability=80, task=None, because="tests set their own")
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


LARGEST = setting(
    "largest-quote", Amount, default=Amount(1_000_000, "USD"), editable_by="head of sales", min=0, max=9_000_000
)

AUTOMATIONS = (
    Automation(
        key="greet",
        on=deal_created(in_=Sales.incoming),
        when=[deal.main_contact.phone.is_set(), ~deal.tags.has("spam")],
        again=once(per=person, within=days(30)),
        do=[set_task("call", text="Call {{ deal.main_contact.name }} about {{ deal.title }}", due=working_minutes(15))],
    ),
    Automation(
        key="quote-large",
        on=deal_updated(fields=[deal.amount], in_=Sales),
        when=[deal.amount >= 1000, deal.stage.is_open(), deal.amount <= LARGEST],
        again=every_event(),
        do=[move_deal("quote", to=Sales.quoted)],
    ),
    Automation(
        key="follow-up",
        on=entered(Sales.quoted),
        do=[
            wait("two-days", days(2)),
            branch("still-open", case(deal.stage == Sales.quoted, set_task("ask", text="Ask", due=working_days(1)))),
        ],
    ),
    Automation(key="tell-erp", on=entered(Sales.won), do=[send_event("won", to="erp", with_={"amount": deal.amount})]),
    Automation(key="label", on=deal_created(), do=[update_deal("mark", reference="D-{{ deal.id }}")]),
    Automation(
        key="hand-over", on=entered(Sales.agreed), do=[set_task("prepare", text="Prepare", due=working_days(1))]
    ),
    Automation(
        key="ask-owner",
        on=deal_updated(fields=[deal.close_date]),
        again=every_event(),
        do=[
            ask(
                "sure",
                who=deal.owner,
                question="Is {{ deal.close_date }} sure?",
                answers={"Sure": [add_note("sure-note", text="{{ answer.by }} is sure")], "a guess": [stop()]},
                within=working_hours(4),
            )
        ],
    ),
    Automation(
        key="thank", on=entered(Sales.agreed), do=[set_task("thank", text="Say thank you", due=working_days(2))]
    ),
    Automation(key="look-after", on=contact_removed(), do=[assign_owner("owner", to=Role("closers"))]),
)


class Truth(NamedTuple):
    """What an automation did for a deal: how it ended, why, and what it saw."""

    automation: str
    state: str
    reason: str = ""
    seen: str = ""
    step: str = ""


WELCOME = Truth("greet", "done", "", "deal.main_contact.phone is set", "call")
PHONELESS = Truth("greet", "skipped", "conditions", "deal.main_contact.phone is set")
SHADOWED = Truth("label", "done", "", "", "mark")

TRUTH: dict[str, tuple[Truth, ...]] = {
    "1": (WELCOME, SHADOWED),
    "2": (WELCOME, SHADOWED),
    "3": (PHONELESS, SHADOWED),
    "4": (PHONELESS, SHADOWED),
    "5": (Truth("greet", "skipped", "conditions", "deal.tags has not 'spam'"), SHADOWED),
    "6": (Truth("greet", "skipped", "again: execution"), SHADOWED),
    "7": (WELCOME, SHADOWED, Truth("quote-large", "skipped", "conditions", "deal.amount >= 1000")),
    "8": (
        WELCOME,
        SHADOWED,
        Truth("quote-large", "done", "", "deal.amount >= 1000", "quote"),
        Truth("follow-up", "done", "", "deal.stage == sales.quoted", "ask"),
    ),
    "9": (
        WELCOME,
        SHADOWED,
        Truth("quote-large", "done", "", "deal.amount >= 1000", "quote"),
        Truth("follow-up", "done", "", "deal.stage == sales.quoted"),
        Truth("tell-erp", "done", "", "", "won"),
    ),
    "10": (WELCOME, SHADOWED, Truth("tell-erp", "done", "", "", "won")),
    "11": (WELCOME, SHADOWED, Truth("tell-erp", "failed", "won: refused (bad_amount)", "", "won")),
    "12": (WELCOME, SHADOWED, Truth("tell-erp", "parked", "won: outcome unknown", "", "won")),
    "13": (WELCOME, SHADOWED, Truth("hand-over", "held", "stop", "", "prepare"), Truth("thank", "held", "approve")),
    "14": (WELCOME, SHADOWED, Truth("hand-over", "held", "stop", "", "prepare"), Truth("thank", "held", "approve")),
    "15": (WELCOME, SHADOWED, Truth("follow-up", "waiting", "two-days")),
    "16": (PHONELESS, SHADOWED, Truth("follow-up", "waiting", "two-days")),
    "17": (WELCOME, SHADOWED),
    "18": (Truth("greet", "skipped", "again: execution"), SHADOWED),
    "19": (SHADOWED,),
    "20": (PHONELESS, SHADOWED, Truth("quote-large", "skipped", "conditions", "deal.stage in sales.incoming")),
    "21": (WELCOME, SHADOWED),
    "22": (WELCOME, SHADOWED),
}
"""What is true of each deal, by its id."""


class Erp(ScriptedConnector):
    """Refuses some deals' events, and loses the answers to others'."""

    def __init__(self) -> None:
        super().__init__(("send_event",))
        self.refused: set[str] = set()
        self.lost: set[str] = set()

    async def perform(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        """Answer each call as the deal it is about deserves."""
        good = await super().perform(calls)
        return [self._answer(call, answer) for call, answer in zip(calls, good, strict=True)]

    def _answer(self, call: Call, answer: Outcome) -> Outcome:
        wanted = getattr(call.request, "deal_id", "")
        if wanted in self.refused:
            return Refused(code="bad_amount", message="the amount is wrong")
        return Unknown(reason="no answer") if wanted in self.lost else answer


def compiled() -> ir.Account:
    """Compile the company."""
    account = Account(
        "acme",
        zone="America/New_York",
        country="US",
        currency="USD",
        working_hours="Mon-Fri 09:00-18:00",
        pipelines=[Sales],
        automations=list(AUTOMATIONS),
    )
    lowered, findings = lower(account, Path(__file__).parent)
    assert lowered is not None, findings
    return lowered


class Company:
    """The company's databases in a folder (or a journal at a URL), and its engine."""

    def __init__(self, folder: Path, *, now: datetime = MONDAY, journal_url: str | None = None) -> None:
        self.folder = folder
        self.clock = PlayedClock(now)
        self.url = journal_url or f"sqlite:///{folder / 'journal.db'}"
        self.crm = EmbeddedCrm(f"sqlite:///{folder / 'crm.db'}", self.clock)
        self.journal = self.open_journal()
        self.erp = Erp()

    def open_journal(self) -> Journal:
        """Open the journal as one more program."""
        return Journal(self.url, self.clock, takeover_after=1.0)

    def found(self) -> None:
        """Make the pipelines, record the release, and switch what is switched from the beginning."""
        account = compiled()
        self.crm.shape(account.pipelines, fields=account.own_fields(), apply=True)
        self.crm.add_user("Ana Lima", "ana@acme.example")
        self.journal.start()
        self.journal.record_release(account)
        self.journal.set_mode("acme", "label", "shadow", actor="user:ana")
        self.journal.set_mode("acme", "thank", "approve", actor="user:ana")
        self.journal.stop("acme", "hand-over", actor="user:ana", reason="wrong list")

    def work(self) -> None:
        """Run the engine until it is idle."""

        async def main() -> None:
            crm_site = AccountSite(key="acme", crm=self.crm, feeds=(self.crm,), connectors=(self.crm, self.erp))
            engine = Engine(self.journal, [crm_site], self.clock, linger=0.05)
            stop = asyncio.Event()
            running = asyncio.create_task(engine.run(stop))
            try:
                await asyncio.wait_for(engine.quiet(), 60)
            finally:
                stop.set()
                await running

        asyncio.run(main())

    def create(self, number: int, *, phone: str | None, stage: str = "incoming", tags: Sequence[str] = ()) -> None:
        """Create a deal with a contact; its id is the number, since they are created in order."""
        contact = self.crm.create_contact(name=f"Bo {number}", phone=phone)
        made = self.crm.create_deal(
            pipeline="sales",
            stage=stage,
            title=HOSTILE if number == 1 else f"Chairs {number}",
            owner="Ana Lima",
            contacts=(contact.id,),
            amount=Money(Decimal(100), "USD"),
            tags=tuple(tags),
            actor="user:ana",
        )
        assert made.id == str(number)

    def live(self) -> None:
        """Live through the days that `TRUTH` tells of."""
        phoneless = {3, 4, 16, 20}
        same_person = {6: 1, 18: 17}
        for number in range(1, 23):
            phone = None if number in phoneless else f"(212) 555-{same_person.get(number, number):04}"
            stage = "lost" if number == 19 else "incoming"
            self.create(number, phone=phone, stage=stage, tags=("spam",) if number == 5 else ())
            if number in (1, 17):  # whoever comes second finds the person greeted already
                self.work()
        self.work()
        self.clock.move(timedelta(hours=1))
        for number, amount in ((7, 900), (8, 5000), (9, 7000)):
            self.amount(number, amount)
        self.move(20, "lost", lost_reason="Price")
        self.amount(20, 3000)
        self.work()
        self.clock.move(timedelta(days=1))
        self.erp.refused, self.erp.lost = {"11"}, {"12"}
        for number in (9, 10, 11, 12):
            self.move(number, "won")
        for number in (13, 14):
            self.move(number, "agreed")
        self.work()
        self.clock.move(timedelta(days=2))
        self.work()
        for number in (15, 16):
            self.move(number, "quoted")
        self.work()
        unread = [(b"nonsense", "not_json"), (PAID, "unknown_name"), (PAID + b" ", "unknown_name")]
        self.journal.quarantine(
            [
                Unread(account="acme", source="billing", code=code, reason="why", headers=JSON, body=body)
                for body, code in unread
            ]
        )

    def outside(self) -> None:
        """Let three events come that name no deal."""
        for number in (1, 2, 3):
            event = EventReceived(
                source_id=f"visit-{number}",
                occurred_at=self.clock.now(),
                actor="hook:agenda",
                source="agenda",
                name="agenda.visit",
                data={"patient": "Zaphod"},
            )
            self.journal.append("acme", "agenda", [FeedItem(event=event, raw=b"{}")])
        items = tuple(
            replace(item, event=replace(item.event, observed=True))
            for item in self.journal.unrouted("acme", 10)
            if isinstance(item.event, EventReceived)
        )
        held = tuple(
            Unmatched(
                event_id=item.id, name="agenda.visit", reason="several", detail="2 deals fit it", deals=("7", "8")
            )
            for item in items
        )
        self.journal.observed("acme", Reading(events=items, unmatched=held))

    def amount(self, number: int, amount: int) -> None:
        """Write down what a deal is worth, as a person would."""
        self.crm.update_deal(str(number), DealChanges(amount=Money(Decimal(amount), "USD")), actor="user:ana")

    def move(self, number: int, stage: str, **more: Any) -> None:
        """Move a deal, as a person would."""
        self.crm.move_deal(str(number), "sales", stage, actor="user:ana", **more)

    def forget_workers(self) -> None:
        """Let the engines that have worked be gone: their process, which is this one, is not."""
        with self.journal.database.write() as connection:
            connection.exec_driver_sql("delete from workers")

    def close(self) -> None:
        """Close both databases."""
        self.journal.close()
        self.crm.close()


class Binding(msgspec.Struct, frozen=True):
    """An account of the project, as the CLI looks at it."""

    key: str
    hooks: tuple[HookSource, ...] = ()
    crm: EmbeddedCrm | None = None
    connectors: tuple[EmbeddedCrm, ...] = ()


class KeptJournal(Journal):
    """A journal that commands do not close: opening one is most of what a command costs."""

    def close(self) -> None:
        """Stay open for the next command."""


class KeptCrm(EmbeddedCrm):
    """A CRM that commands do not close."""

    async def aclose(self) -> None:
        """Stay open for the next command."""


class PlayedProject:
    """The company as a project whose journal has a played clock."""

    def __init__(self, url: str, clock: PlayedClock, crm: EmbeddedCrm | None = None) -> None:
        self.journal = KeptJournal(url, clock)
        secret = FixedSecret("billing", "a secret of some length")
        self.accounts = (Binding("acme", (signed_json("billing", [secret], clock),), crm),)
        self.data_dir = Path("nowhere")
        self.prefect = PrefectPlace()

    def account(self, key: str | None = None) -> Binding:
        """Return the only account, as a project does."""
        return Project.account(self, key)  # type: ignore[arg-type,return-value]

    def definitions(self, key: str) -> ir.Account:
        """Return what the files say: what is released, and its first automation once more as `coming`, which is not."""
        active = self.journal.active_release(key)
        assert active is not None
        released = active.account
        coming = msgspec.structs.replace(released.automations[0], key="coming")
        return msgspec.structs.replace(released, automations=(*released.automations, coming))

    def looked_at(self, key: str) -> ir.Account:
        """Return the same: there is no target file."""
        return self.definitions(key)

    def in_force(self, key: str) -> ir.Account:
        """Return what is released, as a project does."""
        return Project.in_force(self, key)  # type: ignore[arg-type]

    def open_journal(self) -> Journal:
        """Return the journal."""
        return self.journal


class Shell:
    """Types commands at a company's project."""

    def __init__(
        self, url: str, clock: PlayedClock, monkeypatch: pytest.MonkeyPatch, crm: EmbeddedCrm | None = None
    ) -> None:
        self.project = PlayedProject(url, clock, crm)
        monkeypatch.setattr(site, "load_project", lambda: self.project)

    def close(self) -> None:
        """Close the journal."""
        Journal.close(self.project.journal)

    def __call__(self, *words: object, code: int = 0, input: str | None = None) -> Result:
        result = CliRunner().invoke(cli, [str(word) for word in words], input=input)
        assert result.exit_code == code, (words, result.output, result.exception)
        assert "Traceback" not in result.output
        return result

    def json(self, *words: object, code: int = 0) -> Any:
        """Return what a command prints with --json, which is ASCII."""
        printed = self(*words, "--json", code=code).stdout
        assert printed.isascii()
        return json.loads(printed)
