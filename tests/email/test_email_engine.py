"""An automation that sends an e-mail, through the real engine, to a real mail server that fails at the worst moment."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from email_world import WHEN, arrived, settings
from sqlalchemy import text

from dealwright import (
    Account,
    Automation,
    DealFields,
    Incoming,
    Lost,
    Pipeline,
    Won,
    add_tags,
    deal_created,
    every_event,
    notify,
    send_email,
)
from dealwright.clock import PlayedClock
from dealwright.compile.lower import lower
from dealwright.engine.loop import AccountSite, Engine
from dealwright.journal.store import Journal
from dealwright_email import EmailConnector
from dealwright_email.mailbox import Fault, Mailbox
from dealwright_embedded_crm import EmbeddedCrm

deal = DealFields()


class Sales(Pipeline, key="sales", name="Sales"):
    """A pipeline without stages of its own."""

    incoming = Incoming()
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


OFFER = Automation(
    key="offer",
    on=deal_created(in_=Sales),
    again=every_event(),
    do=[
        send_email("mail", to=deal.main_contact, subject="Your {{ deal.title }}", text="Dear {{ contact.first_name }}")
    ],
)


class World:
    """A CRM, a journal and an engine in a folder; the mail server runs beside the engine, or at a port."""

    def __init__(self, folder: Path, *faults: Fault, port: int | None = None, rule: Automation = OFFER) -> None:
        company = Account(
            "acme", zone="America/New_York", country="US", currency="USD", working_hours="Mon-Fri 09:00-18:00",
            pipelines=[Sales], automations=[rule],
        )  # fmt: skip
        lowered, findings = lower(company, folder)
        assert lowered is not None, findings
        self.clock = PlayedClock(WHEN)
        self.crm = EmbeddedCrm(f"sqlite:///{folder / 'crm.db'}", self.clock)
        self.crm.shape(lowered.pipelines, fields=lowered.own_fields(), apply=True)
        self.journal = Journal(f"sqlite:///{folder / 'journal.db'}", self.clock, takeover_after=0.5)
        self.journal.start()
        self.journal.record_release(lowered)
        self.log = folder / "mail.jsonl"
        self.faults = faults
        self.port = port

    def new_deal(self, email: str = "nora@example.com") -> None:
        """Create a deal with a contact."""
        contact = self.crm.create_contact(first_name="Nora", last_name="Lindqvist", email=email)
        self.crm.create_deal(pipeline="sales", stage="incoming", title="forty chairs", contacts=(contact.id,))

    def work(self) -> None:
        """Run the engine until nothing is left to do."""

        async def main() -> None:
            mailbox = Mailbox(self.log, self.clock, keep_raw=True)
            mailbox.fail(*self.faults)
            port = self.port or await mailbox.start()
            connectors = (self.crm, EmailConnector(settings(port), self.clock))
            site = AccountSite(key="acme", crm=self.crm, feeds=(self.crm,), connectors=connectors)
            engine, stop = Engine(self.journal, [site], self.clock, linger=0.1), asyncio.Event()
            running = asyncio.create_task(engine.run(stop))
            try:
                await asyncio.wait_for(engine.quiet(), 30)
            finally:
                stop.set()
                await running
                await mailbox.stop()

        asyncio.run(main())

    def states(self) -> tuple[dict[str, int], dict[str, int]]:
        """Count the executions and the effects by their state."""
        return dict(self.journal.counts("executions")["offer"]), dict(self.journal.counts("effects")["send_email"])

    def close(self) -> None:
        """Close both databases."""
        self.journal.close()
        self.crm.close()


def test_a_deal_brings_an_e_mail_that_says_what_the_journal_says(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.new_deal()
    world.work()
    assert world.states() == ({"done": 1}, {"sent": 1})
    (row,) = world.journal.database.rows(text("select key from dw_effects where kind = 'send_email'"))
    world.close()
    (message,) = arrived(world.log)
    assert (message.key, message.to, message.subject) == (row["key"], ["nora@example.com"], "Your forty chairs")
    assert message.raw is not None and b"Dear Nora" in message.raw
    assert b"To: Nora Lindqvist <nora@example.com>" in message.raw


@pytest.mark.parametrize("committed", [True, False])
def test_a_server_that_breaks_off_after_the_final_dot_parks_it_and_is_never_asked_twice(
    tmp_path: Path, committed: bool
) -> None:
    world = World(tmp_path, Fault(phase="message", drop=True, commit=committed))
    world.new_deal()
    world.work()
    assert world.states() == ({"parked": 1}, {"unknown": 1})
    world.faults = ()
    world.work()
    assert world.states() == ({"parked": 1}, {"unknown": 1})
    world.close()
    assert len(arrived(world.log)) == int(committed)


def test_a_server_that_refuses_an_address_fails_that_execution_alone(tmp_path: Path) -> None:
    world = World(tmp_path, Fault(phase="RCPT", to="no@example.com", reply="550 5.1.1 no"))
    world.new_deal("no@example.com")
    world.new_deal()
    world.work()
    executions, effects = world.states()
    world.close()
    assert effects == {"rejected": 1, "sent": 1} and executions.get("done") == 1
    assert [message.to for message in arrived(world.log)] == [["nora@example.com"]]


@pytest.mark.slow
def test_a_kill_between_the_answer_and_the_receipt_parks_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dealwright_email.simulator", "--log", str(tmp_path / "mail.jsonl")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        world = World(tmp_path)
        world.new_deal()
        world.close()
        script = f"from test_email_engine import *; World(Path({str(tmp_path)!r}), port={port}).work()"
        paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
        env = {**os.environ, "DEALWRIGHT_FAULT": "act.after-request", "PYTHONPATH": paths}
        killed = subprocess.run([sys.executable, "-c", script], env=env, check=False)
        assert killed.returncode == -signal.SIGKILL, "it was to be killed at the fault point"
        assert len(arrived(world.log)) == 1
        world = World(tmp_path, port=port)
        world.work()
        assert world.states() == ({"parked": 1}, {"unknown": 1})
        world.close()
        server.terminate()
    assert len(arrived(world.log)) == 1


TELL = Automation(
    key="tell",
    on=deal_created(in_=Sales),
    do=[notify("told", who=deal.owner, text="{{ deal.title }} is yours"), add_tags("then", "then")],
)


def owned(world: World, email: str | None) -> str:
    owner = world.crm.add_user("Ana Vogel", email)
    made = world.crm.create_deal(pipeline="sales", stage="incoming", title="forty chairs", owner=owner.id)
    return str(made.id)


def test_a_colleague_is_told_also_while_messages_to_customers_are_stopped(tmp_path: Path) -> None:
    world = World(tmp_path, rule=TELL)
    world.journal.stop_messages("acme", actor="user:ana")
    owned(world, "ana@acme.example")
    world.work()
    assert dict(world.journal.counts("effects")["notify"]) == {"sent": 1}
    world.close()
    (message,) = arrived(world.log)
    assert (message.to, message.subject) == (["ana@acme.example"], "forty chairs")
    assert message.raw is not None and b"is yours" in message.raw


def test_a_colleague_is_not_told_while_the_automation_is_stopped_or_in_shadow(tmp_path: Path) -> None:
    world = World(tmp_path, rule=TELL)
    world.journal.stop("acme", "tell", actor="user:ana")
    owned(world, "ana@acme.example")
    world.work()
    assert dict(world.journal.counts("effects")["notify"]) == {"held": 1}
    world.journal.set_mode("acme", "tell", "shadow", actor="user:ana")
    world.journal.resume("acme", "tell", "run", actor="user:ana")
    world.work()
    assert dict(world.journal.counts("effects")["notify"]) == {"dropped": 1}
    world.close()
    assert not world.log.exists() or arrived(world.log) == []


def test_whoever_has_no_address_is_passed_by_and_what_follows_is_done(tmp_path: Path) -> None:
    world = World(tmp_path, rule=TELL)
    owned(world, None)
    world.work()
    assert "notify" not in world.journal.counts("effects")
    assert dict(world.journal.counts("effects")["change_tags"]) == {"sent": 1}
    world.close()
