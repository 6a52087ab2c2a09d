"""Words whose engine part comes later: compiled, judged, explained, and not run."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from company_files import account_of, rule_of

from dealwright import Account, Automation, DealFields, Pipeline, Stage, Won, date_reached, entered, stop, wait
from dealwright.cli.main import cli
from dealwright.clock import SystemClock
from dealwright.compile import ir
from dealwright.compile.explain.page import page
from dealwright.compile.explain.tongue import TONGUES
from dealwright.compile.later import later
from dealwright.compile.loader import load
from dealwright.errors import InputError
from dealwright.model.calendar import Duration
from dealwright.project import AccountBinding, Project
from dealwright.testing import a_deal, rehearse
from dealwright.testing.scripted import ScriptedConnector
from dealwright_embedded_crm import EmbeddedCrm

COMPANY = """
from dealwright import *


class Own(DealFields):
    appointment_at = Moment("Appointment")


deal = Own()


class Sales(Pipeline, key="sales", name="Sales"):
    incoming = Incoming()
    quoted = Stage("Sent the quote", probability=50, task=Task("Call", due=days(1)))
    won = Won()
    lost = Lost(reasons=["Price"])


plain = Automation(key="plain", on=entered(Sales.won), do=[set_task("thank", text="Thank", due=local("18:00"))])
remind = Automation(
    key="remind",
    on=date_reached(deal.appointment_at, before=hours(24)),
    do=[set_task("confirm", text="Confirm", due=local("18:00"))],
)
stale = Automation(key="stale", on=no_activity(for_=days(15)), do=[set_task("nudge", text="Nudge", due=days(1))])
failed = Automation(
    key="failed",
    on=message_failed(),
    do=[set_task("call", text="Call {{ event.contact.name }}: {{ event.reason }}", due=hours(1))],
)
chase = Automation(
    key="chase",
    on=entered(Sales.quoted),
    exit_on=[
        rep_wrote(),
        opted_out(),
    ],
    do=[
        wait("expiry", until=deal.close_date, before=days(2), late="skip"),
        branch(
            "size",
            case(
                deal.amount > 5,
                mute("quiet", who=deal.main_contact, for_=days(30)),
                wait_until("answer", rep_wrote(), timeout=days(1)),
            ),
        ),
        set_task("call", text="Call", due=hours(1)),
    ],
)
hello = Automation(
    key="hello",
    on=entered(Sales.quoted),
    when=deal.main_contact.email.is_set(),
    again=once(per=deal),
    do=[
        send_email("hello", to=deal.main_contact, subject="Hello", text="Hello {{ contact.name or 'there' }}"LATE),
    ],
)

a = Account(
    "a",
    zone="UTC",
    country="US",
    currency="USD",
    pipelines=[Sales],
    deal_fields=Own,
    automations=[plain, remind, stale, failed, chase, hello],
    POLICY
)
"""
NUMBER = {text.strip(): number for number, text in enumerate(COMPANY.splitlines(), start=1)}
POLICY = 'messages=MessagePolicy(max_per_person={days(1): 3}, quiet=("20:00", "09:00")),'
SENT = 'messages=MessagePolicy(max_per_person={days(1): 3}, until_enforced="send"),'


def project(folder: Path, *, policy: str = "", late: str = "") -> Project:
    company = folder / "company"
    company.mkdir(exist_ok=True)
    (company / "rules.py").write_text(COMPANY.replace("POLICY", policy).replace("LATE", late))
    crm = EmbeddedCrm(f"sqlite:///{folder / 'crm.db'}", SystemClock())
    connectors = (crm, ScriptedConnector(["send_email"]))
    binding = AccountBinding(key="a", definitions=company, crm=crm, feeds=(crm,), connectors=connectors)
    return Project(data_dir=folder, journal_url=f"sqlite:///{folder / 'journal.db'}", accounts=(binding,))


def refused(made: Project) -> dict[str, str]:
    return {each.automation: each.why for each in made.left_out("a") if each.refused}


def test_an_automation_with_such_a_word_is_not_run_and_told_with_word_and_line(tmp_path):
    made = project(tmp_path)
    file = tmp_path / "company" / "rules.py"
    line = {word: f"{word} is not there yet ({file}:{NUMBER[text]})" for word, text in {
        "date_reached()": "on=date_reached(deal.appointment_at, before=hours(24)),",
        "rep_wrote()": "exit_on=[",
        "opted_out()": "exit_on=[",
        "wait(until=)": 'wait("expiry", until=deal.close_date, before=days(2), late="skip"),',
        "mute()": 'mute("quiet", who=deal.main_contact, for_=days(30)),',
    }.items()}  # fmt: skip
    awaited = NUMBER['wait_until("answer", rep_wrote(), timeout=days(1)),']
    told = refused(made)
    assert told["remind"] == line["date_reached()"]
    assert told["stale"].startswith("no_activity() is not there yet")
    assert told["failed"].startswith("message_failed() is not there yet")
    assert told["chase"].split("; ") == [
        *(line[word] for word in ("rep_wrote()", "opted_out()", "wait(until=)", "mute()")),
        f"rep_wrote() is not there yet ({file}:{awaited})",
    ]
    assert [each.key for each in made.definitions("a").automations] == ["plain", "hello", "sales.stage-tasks"]


@pytest.mark.parametrize("policy", [POLICY, "limits=Limits(per_hour=40, per_day=200),"])
def test_nobody_is_written_to_in_the_belief_of_a_cap_that_is_not_kept(tmp_path, policy):
    made = project(tmp_path, policy=policy)
    word = policy.partition("=")[2].partition("(")[0]
    at = f"{tmp_path / 'company' / 'rules.py'}:{NUMBER['POLICY']}"
    assert f"it sends messages, and {word} of the account ({at}) is not kept yet" in refused(made)["hello"]
    assert "plain" not in refused(made)
    assert "hello" not in {each.key for each in made.definitions("a").automations}


def test_who_says_so_sends_without_the_policy(tmp_path):
    assert "hello" not in refused(project(tmp_path, policy=SENT))


def test_a_message_that_may_come_too_late_is_not_sent_as_if_it_might_not(tmp_path):
    assert "send_email(late=)" in refused(project(tmp_path, late=", late=hours(6)"))["hello"]


def test_check_notes_it_and_finds_nothing_wrong(tmp_path):
    project(tmp_path, policy=POLICY)
    result = CliRunner().invoke(cli, ["check", str(tmp_path / "company")])
    notes = [line for line in result.output.splitlines() if line.startswith("note")]
    assert [line.split()[3] for line in notes] == ["remind:", "stale:", "failed:", "chase:", "hello:"], result.output
    assert result.exit_code == 0, result.output


def test_the_owners_page_says_what_does_not_run_in_every_language(tmp_path):
    project(tmp_path, policy=POLICY)
    (account,) = load(tmp_path / "company").accounts
    pages = {code: page(account, tongue) for code, tongue in TONGUES.items()}
    assert "**Does not run yet, for it uses what is not there yet: `date_reached()`.**" in pages["en"]
    assert "**When** it is 24 hours before the field “Appointment”, of a deal." in pages["en"]
    assert "- at most 3 to one person in 1 day" in pages["en"]
    assert "Nothing of this is kept yet, so no message is sent:" in pages["en"]
    assert "Todavía no funciona" in pages["es"]
    assert "Ainda não funciona" in pages["pt"]


def test_what_they_compile_to_keeps_what_was_written():
    rule = rule_of(
        """
        on = date_reached(deal.close_date, after=days(3), in_=Sales)
        rules = [Automation(key="a", on=on, again=once(per=value), do=[
            wait("w", until=deal.close_date, before=working_days(2), late="skip"),
            set_task("t", text="T", due=local("18:00")),
        ])]
        """
    )
    close = ir.Ref(path="deal.close_date", type="day")
    assert rule.on == ir.OnDateReached(field=close, after=Duration(amount=3, unit="days"), pipelines=("sales",))
    assert rule.do[0] == ir.WaitForStep(
        name="w", until=close, before=Duration(amount=2, unit="working_days"), late="skip"
    )
    assert rule.do[1] == ir.SetTaskStep(
        name="t", text=ir.TextValue(value="T"), due=Duration(amount=0, unit="minutes"), clock="18:00"
    )


def test_their_facts_belong_to_their_triggers():
    loaded = account_of(
        """
        rules = [Automation(key="a", on=rep_wrote(), do=[set_task("t", text="{{ event.reason }}", due=hours(1))])]
        """
    )
    assert [(each.code, each.hint) for each in loaded.findings] == [
        ("DW302", "event.reason belongs to message_failed()")
    ]


def test_a_rehearsal_says_that_it_cannot_rehearse_them():
    deal, close = DealFields(), a_deal(Sales.quoted)
    waiting = Automation(key="a", on=entered(Sales.quoted), do=[wait("w", until=deal.close_date), stop()])
    dated = Automation(key="b", on=date_reached(deal.close_date), do=[stop()])
    account = Account("a", zone="UTC", country="US", pipelines=[Sales], automations=[waiting, dated])
    told = rehearse(account, "a", close)
    assert (told.state, told.reason) == ("failed", "step 'w': wait(until=) is not there yet")
    with pytest.raises(InputError, match=r"date_reached\(\) is not there yet"):
        rehearse(account, "b", close)


class Sales(Pipeline, key="sales", name="Sales"):
    """A short pipeline."""

    quoted = Stage("Sent the quote")
    won = Won()


def test_an_account_that_says_no_policy_needs_none():
    loaded = account_of('rules = [Automation(key="a", on=deal_created(), do=[stop()])]')
    (account,) = loaded.accounts
    assert (account.messages, account.limits) == (None, None)
    assert [later(each, account) for each in account.automations] == [(), ()]
