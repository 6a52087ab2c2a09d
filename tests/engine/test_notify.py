"""Telling a colleague, decided purely; and how settings stand in conditions and traces."""

from __future__ import annotations

import pytest
from engine_world import MONDAY, Sales, account, created, deal, some_deal

from dealwright import Automation, deal_created, notify, setting
from dealwright.engine.advance import Act, Decision, advance
from dealwright.engine.facts import Facts
from dealwright.engine.records import Progress
from dealwright.errors import DefinitionError
from dealwright.model.crm import User
from dealwright.model.requests import Notify


def decide(rule: Automation, settings: dict[str, object] | None = None, **changes: object) -> Decision:
    company = account(rule)
    facts = Facts(deal=some_deal(**changes), event=created(**changes), as_of=MONDAY, since_turn=1)
    return advance(company, company.automations[0], Progress(), facts, MONDAY, settings=settings or {})


TELL = Automation(
    key="tell", on=deal_created(in_=Sales), do=[notify("told", who=deal.owner, text="{{ deal.title }} is yours")]
)


def test_the_owner_is_told_with_the_title_as_subject() -> None:
    ana = User(id="u1", name="Ana\nVogel", email="ana@acme.example")
    decision = decide(TELL, owner=ana, title="x" * 400)
    assert isinstance(decision.next, Act)
    request = decision.next.intent.request
    assert isinstance(request, Notify)
    assert (request.to, request.to_name, len(request.subject)) == ("ana@acme.example", "Ana Vogel", 250)


@pytest.mark.parametrize(
    ("owner", "why"),
    [
        (None, "nobody is there"),
        (User(id="u1", name="Ana"), "user u1 has no e-mail address"),
        (User(id="u1", name="Ana", email="ana@acme.example\nBcc: x@y.example"), "user u1 has no e-mail address"),
    ],
)
def test_nobody_or_no_address_is_passed_and_said(owner: User | None, why: str) -> None:
    decision = decide(TELL, owner=owner)
    assert not isinstance(decision.next, Act)
    assert any(why in line.what and line.result == "passed" for line in decision.trace)


def test_who_is_a_field() -> None:
    with pytest.raises(DefinitionError, match="a colleague by field"):
        notify("told", who="Ana", text="x")  # type: ignore[arg-type]


def test_a_setting_decides_and_is_traced_on_the_right() -> None:
    large = setting("large", int, default=12)
    from_left = Automation(key="a", on=deal_created(), when=[setting("most", int, default=5) >= large], do=TELL.do)
    assert decide(from_left, {"most": 20, "large": 12}).trace[0].what == "settings.most >= settings.large"
    amount = Automation(
        key="b", on=deal_created(), when=[deal.owner.name == setting("who", str, default="Ana")], do=[*TELL.do]
    )
    decision = decide(amount, {"who": "Bo"}, owner=User(id="u1", name="Ana", email="a@b.example"))
    assert decision.trace[0].what == "deal.owner.name == settings.who"
    assert decision.trace[0].values == {"deal.owner.name": "Ana", "settings.who": "Bo"}
    assert isinstance(decide(amount, owner=User(id="u1", name="Ana", email="a@b.example")).next, Act)
