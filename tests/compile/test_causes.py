"""What can set off what: every edge that is there, and none that cannot be."""

from __future__ import annotations

from decimal import Decimal

from company_files import account_of

from dealwright.compile import ir
from dealwright.compile.causes import can_set_off, edges, pipelines_of


def arrows(rules: str) -> set[tuple[str, str, str]]:
    """Lower the rules and return who sets off whom, by which step."""
    loaded = account_of(rules)
    assert not loaded.errors, loaded.findings
    return {(edge.cause, edge.step, edge.effect) for edge in edges(loaded.accounts[0].automations)}


def one(key: str, on: str, do: str) -> str:
    return f"Automation(key={key!r}, on={on}, again=every_event(), do=[{do}])"


def test_a_step_sets_off_whoever_answers_what_it_changes() -> None:
    answers = {
        "created": "deal_created(in_=Sales.incoming)",
        "elsewhere": "deal_created(in_=Sales.quoted)",
        "came": "entered(Sales.quoted)",
        "moved": "stage_changed(to=Sales.quoted)",
        "lost": "stage_changed(to=Sales.lost)",
        "amount": "deal_updated(fields=[deal.amount])",
        "tags": "deal_updated(fields=[deal.tags])",
        "owner": "owner_changed()",
        "joined": "contact_added()",
        "mail": "contact_updated(fields=[deal.main_contact.email])",
        "phone": "contact_updated(fields=[deal.main_contact.phone])",
        "task": "task_completed()",
    }
    acts = {
        "create": 'create_deal("s", in_=Sales.incoming, title="x")',
        "move": 'move_deal("s", to=Sales.quoted)',
        "price": 'update_deal("s", amount=5)',
        "assign": 'assign_owner("s", to="Ana")',
        "tag": 'add_tags("s", "vip")',
        "add": 'create_contact("s", name="Maria")',
        "fix": 'update_contact("s", deal.main_contact, email="a@example.com")',
        "tidy": 'complete_tasks("s")',
        "note": 'add_note("s", text="x")',
        "say": 'set_task("s", text="x", due=days(1))',
        "tell": 'send_event("s", to="erp")',
    }
    rules = [one(f"on-{key}", on, acts["say"]) for key, on in answers.items()]
    rules += [one(f"do-{key}", "contact_removed()", do) for key, do in acts.items()]
    found = {
        (cause.removeprefix("do-"), effect.removeprefix("on-"))
        for cause, _, effect in arrows(f"rules = [{', '.join(rules)}]")
    }
    stage_tasks = {(cause, effect) for cause, effect in found if effect == "sales.stage-tasks"}
    assert found - stage_tasks == {
        ("create", "created"),
        ("move", "came"),
        ("move", "moved"),
        ("price", "amount"),
        ("assign", "owner"),
        ("tag", "tags"),
        ("add", "joined"),
        ("fix", "mail"),
        ("tidy", "task"),
    }  # fmt: skip
    assert stage_tasks == {("move", "sales.stage-tasks")}


def test_what_happens_in_one_pipeline_sets_nothing_off_in_another() -> None:
    step = ir.UpdateDealStep(name="s", changes={"amount": ir.NumberValue(value=Decimal(5))})
    here = pipelines_of(ir.OnEntered(stages=(ir.StageValue(pipeline="care", stage="won"),)))
    assert here == {"care"}
    assert can_set_off(step, here, ir.OnDealUpdated(pipelines=("care",)))
    assert not can_set_off(step, here, ir.OnDealUpdated(pipelines=("sales",)))
    assert can_set_off(step, here, ir.OnDealUpdated())
    assert can_set_off(step, pipelines_of(ir.OnOwnerChanged()), ir.OnDealUpdated(pipelines=("sales",)))


def test_steps_inside_branches_count() -> None:
    inside = 'branch("b", case(deal.amount > 5, move_deal("go", to=Sales.won)), otherwise=[add_tags("t", "x")])'
    rules = [
        one("first", "deal_created()", inside),
        one("won", "entered(Sales.won)", 'add_note("n", text="x")'),
        one("tagged", "deal_updated(fields=[deal.tags])", 'add_note("n", text="x")'),
    ]
    found = arrows(f"rules = [{', '.join(rules)}]")
    assert ("first", "go", "won") in found
    assert ("first", "t", "tagged") in found
