"""The daily work as a person types it."""

from __future__ import annotations

import json

import pytest
from crm_world import drain, opened
from test_crm_commands import Shell

from dealwright_embedded_crm import EmbeddedCrm


@pytest.fixture
def shell(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell before a CRM with two pipelines and two users."""
    made = Shell(sqlite_url, monkeypatch)
    made("users", "add", "Ann", "--email", "ann@example.com")
    made("users", "add", "Ben")
    return made


@pytest.fixture
def crm(shell: Shell) -> EmbeddedCrm:
    """The same CRM, from Python."""
    return opened(shell.url)


def test_a_deal_from_the_first_lead_to_its_end(shell: Shell, crm: EmbeddedCrm) -> None:
    assert shell("contacts", "add", "--first-name", "Bo", "--phone", "+1").stdout == "contact 1 created\n"
    added = shell("deals", "add", "--contact", "1", "--amount", "10.5 usd", "--tag", "a", "--close-date", "2026-04-01")
    assert added.stdout == "deal 1 created in sales.incoming\n"
    assert (
        "deal 1: sales.incoming -> sales.prospecting, owned by user 2"
        in shell("deals", "accept", "1", "--as", "Ben").stdout
    )
    shell("deals", "edit", "1", "--title", "Desk", "--no-close-date", "--owner", "Ann", "--as", "Ben")
    shell("tasks", "add", "1", "Call", "--due", "2026-03-03 09:00")
    shell("notes", "add", "1", "They want forty", "--as", "Ben")
    shell("activities", "log", "1", "call", "--outcome", "reached", "--contact", "1", "--as", "Ben")
    shell("tasks", "done", "1")
    shown = shell("deals", "show", "1").stdout
    for part in ("Desk", "10.50 USD", "Ann (user 1)", "2026-03-03 09:00 EST", "They want forty", "reached", "Bo"):
        assert part in shown
    assert "open" in shell("tasks", "reopen", "1").stdout
    assert shell.json("tasks", "ls", "--done") == [] and len(shell.json("tasks", "ls", "--open")) == 1
    assert shell.json("notes", "ls", "--deal", "1")[0]["author"] == "Ben"
    assert shell.json("activities", "ls")[0]["by"]["name"] == "Ben"
    assert shell("deals", "clone", "1").stdout == "deal 2 created in sales.prospecting like deal 1\n"
    shell("deals", "merge", "1", "2", "--yes")
    assert "it was merged into deal 1" in shell("deals", "show", "2", code=2).stderr
    assert [event.actor for event in drain(crm)][1] == "user:2"
    crm.close()


def test_what_cannot_be_undone_asks_first(shell: Shell, crm: EmbeddedCrm) -> None:
    for title in "ab":
        shell("deals", "add", "--title", title)
    shell("deals", "rm", "1", "2", code=1)
    shell("deals", "edit", "1", "2", "--company", "Acme", code=1)
    assert [deal.company for deal in crm.deals()] == [None, None]
    shell("deals", "edit", "1", "2", "--company", "Acme", "--yes")
    assert shell("deals", "rm", "1", "2", "--yes").stdout == "2 deals deleted\n"
    assert crm.deals() == []
    shell("pipelines", "add", "Third", "--stage", "One")
    shell("pipelines", "rm", "third", code=1)
    shell("stages", "add", "third", "Two", "--probability", "30")
    shell("stages", "edit", "third", "two", "--name", "2")
    shell("stages", "order", "third", "two", "one", "won", "lost")
    shell("stages", "rm", "third", "one", "--yes")
    assert [row["stage"] for row in shell.json("stages", "ls", "third")] == ["two", "won", "lost"]
    shell("pipelines", "rename", "third", "3")
    shell("pipelines", "order", "third", "sales", "aftercare")
    shell("pipelines", "rm", "third", "--yes")
    assert [each.key for each in crm.pipelines()] == ["sales", "aftercare"]
    crm.close()


def test_a_contact_is_something_on_a_deal(shell: Shell) -> None:
    shell("contacts", "add", "--name", "Bo")
    shell("deals", "add", "--contact", "1")
    shell("contacts", "add", "--name", "Cy")
    assert shell("contacts", "link", "2", "1", "--as-role", "Payer").stdout == (
        "deal 1 has 2 contacts, contact 2 as Payer\n"
    )
    assert "Payer" in shell("deals", "show", "1").stdout
    shell("contacts", "link", "1", "1", "--as-role", "buyer")
    roles = json.loads(shell("deals", "show", "1", "--json").stdout)["contact_roles"]
    assert roles == [{"contact": "1", "role": "buyer"}, {"contact": "2", "role": "Payer"}]
    shell("contacts", "link", "2", "1", "--as-role", "-")
    assert "Payer" not in shell("deals", "show", "1").stdout
    assert "begins with a letter" in shell("contacts", "link", "1", "1", "--as-role", "1st", code=1).stderr


def test_contacts_are_edited_linked_merged_and_deleted(shell: Shell, crm: EmbeddedCrm) -> None:
    for name in ("Bo", "Cy", "Di"):
        shell("contacts", "add", "--name", name)
    shell("deals", "add", "--contact", "1")
    shell("contacts", "edit", "1", "--phone", "+1", "--as", "Ann")
    shell("contacts", "link", "2", "1")
    shell("contacts", "merge", "1", "2", "--yes")
    assert "Bo" in shell("contacts", "show", "2").stdout
    assert "is on 1 deal" in shell("contacts", "rm", "1", "--yes", code=1).stderr
    shell("contacts", "unlink", "1", "1")
    shell("contacts", "rm", "1", "--yes")
    assert [row["name"] for row in shell.json("contacts", "ls", "--name", "DI")] == ["Di"]
    crm.close()


def test_deals_are_filtered_and_sorted(shell: Shell, crm: EmbeddedCrm) -> None:
    for title, amount, owner in (("Desk", "5 USD", "Ann"), ("lamp", "7 USD", "Ben"), ("Äpfel", "1 USD", "Ben")):
        shell("deals", "add", "--title", title, "--amount", amount, "--owner", owner, "--close-date", "2026-04-01")

    def titles(*options: str) -> list[str]:
        return [row["title"] for row in shell.json("deals", "ls", *options)]

    assert titles("--sort", "amount", "--desc") == ["lamp", "Desk", "Äpfel"]
    assert titles("--sort", "name", "--limit", "2") == ["Desk", "lamp"]
    assert titles("--name", "ÄPF") == ["Äpfel"]
    assert titles("--owner", "ann@example.com") == ["Desk"]
    assert len(titles("--created-from", "2026-03-02", "--created-to", "2026-03-02")) == 3
    assert titles("--created-from", "2026-03-03") == titles("--close-to", "2026-03-31") == []
    for day in ("x", "20260131"):
        assert "write a day as 2026-01-31" in shell("deals", "ls", "--created-to", day, code=2).stderr
    for day in ("0001-01-01", "9999-12-31"):
        said = shell("deals", "ls", "--created-to", day, code=2).stderr
        assert f"{day} is not between the years 1900 and 2199" in said
    crm.close()


def test_leads_users_and_tokens(shell: Shell, crm: EmbeddedCrm) -> None:
    shell("deals", "add", "--title", "x")
    assert "-> sales.lost, owned by user 1" in shell("deals", "decline", "1", "--reason", "Price").stdout
    assert "is in sales.lost, not in Incoming" in shell("deals", "decline", "1", code=1).stderr
    assert shell("users", "default").stdout == "user 1\n"
    assert shell("users", "default", "Ben").stdout == "user 2\n"
    assert shell("users", "default", "--first").stdout == "user 1\n"
    secret = shell("tokens", "add", "shop", "--role", "administrator").stdout.strip()
    assert crm.token(secret) is not None
    assert secret not in shell("tokens", "ls").stdout
    shell("tokens", "revoke", "1")
    assert crm.token(secret) is None
    crm.close()


def test_webhooks(shell: Shell, crm: EmbeddedCrm) -> None:
    shell("deals", "add", "--title", "a")
    refused = shell("webhooks", "add", "http://127.0.0.1:9/in?key=hunter2", code=1)
    assert "not https" in refused.stderr and "hunter2" not in refused.stderr
    added = shell("webhooks", "add", "http://127.0.0.1:9/in?key=hunter2", "--kind", "deal_created", "--allow-private")
    assert "webhook 1 created, after event 1" in added.stderr
    secret = added.stdout.strip()
    assert secret.startswith("dwhook_") and secret in str(crm.hold_webhook("1", "a test"))
    listed = shell("webhooks", "ls").stdout
    assert "http://127.0.0.1:9" in listed and "deal_created" in listed
    assert "hunter2" not in listed and secret not in listed
    assert shell.json("webhooks", "ls")[0]["allow_private"] is True
    crm.webhook_failed("1", "a test", "http 410", gone=True, wait=0)
    assert "it wants nothing any more" in shell("webhooks", "ls").stdout
    assert shell("webhooks", "enable", "1").stdout == "webhook 1 goes on after event 1\n"
    assert crm.webhooks()[0].disabled_at is None
    shell("webhooks", "rm", "1", code=1)
    assert shell("webhooks", "rm", "1", "--yes").stdout == "webhook 1 deleted; the last event it got was 1\n"
    assert "there is no webhook '1'" in shell("webhooks", "enable", "1", code=2).stderr
    assert "no webhook" in shell("webhooks", "rm", "1", "--yes", code=2).stderr
    crm.close()


def test_a_conversation_is_read_written_and_answered(shell: Shell, crm: EmbeddedCrm) -> None:
    shell("contacts", "add", "--name", "Bo\x1b[31m")
    shell("deals", "add", "--contact", "1")
    drain(crm)
    assert shell("conversations", "write", "1", "Hi", "--deal", "1", "--as", "Ben").stdout == (
        "message 1 written to contact 1\n"
    )
    assert shell("reply", "1", "When? \x1b[31m[red]", "--to", "1").stdout == "message 2 of contact 1\n"
    (told,) = drain(crm)
    assert (told.kind, told.message.text, told.actor) == ("message_received", "When?  [31m[red]", "user:cli")
    shown = shell("conversations", "show", "1").stdout
    assert "Ben" in shown and "When?  [31m[red]" in shown and "\x1b" not in shown
    assert "2" in shell("conversations", "ls").stdout
    first, second = shell.json("conversations", "show", "1")
    assert (first["direction"], first["deal_id"], second["direction"], second["reply_to"]) == ("out", "1", "in", "1")
    assert shell.json("conversations", "ls")[0]["messages"] == 2
    assert "no contact" in shell("reply", "7", "Hi", code=2).stderr
    assert "with the button" in shell("reply", "1", "--button", "yes", code=1).stderr
    crm.close()
