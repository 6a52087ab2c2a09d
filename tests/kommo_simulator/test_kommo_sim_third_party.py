"""Somebody else's client (amocrm-api 2.6.1, which talks to the real Kommo) against the simulated one.

A simulator that only our own client has talked to proves nothing. The client has its host written into it, so its
session sends everything to the simulator instead; nothing of it is changed otherwise. The simulator is a process.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest
import requests
from amocrm.v2 import Company, Contact, Event, Lead, Pipeline, Task, User, custom_field, exceptions, interaction, tokens
from amocrm.v2.entity.tag import Tag
from amocrm.v2.filters import SingleListFilter
from requests.adapters import HTTPAdapter

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utc:DeprecationWarning")

EXPIRED = "eyJhbGciOiJub25lIn0.eyJleHAiOjF9."
"""A token that ended in 1970."""


class Person(Contact):
    """A contact as the client's users write it."""

    phone = custom_field.ContactPhoneField("Phone")
    email = custom_field.ContactEmailField("Email")


class ToSimulator(HTTPAdapter):
    """Sends what is meant for Kommo to the simulator."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port
        self.log = Path()

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        parts = urlsplit(request.url)
        assert parts.hostname == "example.amocrm.ru"
        request.url = f"http://127.0.0.1:{self.port}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        return super().send(request, *args, **kwargs)


@pytest.fixture(scope="module")
def kommo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToSimulator]:
    """Start the simulator, and let the client come in by OAuth."""
    folder = tmp_path_factory.mktemp("kommo")
    (folder / "token").write_text("a-long-lived-token")
    command = [sys.executable, "-m", "dealwright_kommo.simulator", "--log", str(folder / "kommo.jsonl")]
    command += ["--token-file", str(folder / "token"), "--search-lag", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        adapter = ToSimulator(int(process.stdout.readline()))
        adapter.log = folder / "kommo.jsonl"
        session = interaction._session
        session.mount("https://", adapter)
        kept = requests.post
        requests.post = session.post  # the client's own tokens are fetched without its session
        storage = tokens.MemoryTokensStorage()
        tokens.default_token_manager("client", "secret", "example", "https://example.com/back", storage=storage)
        code = httpx.post(f"http://127.0.0.1:{adapter.port}/_control/code").json()["code"]
        try:
            tokens.default_token_manager.init(code)
            yield adapter
        finally:
            requests.post = kept
            session.close()
            process.terminate()
            process.wait(10)


def test_it_refreshes_its_token_once_the_old_one_has_ended(kommo: ToSimulator) -> None:
    storage = tokens.default_token_manager._storage
    old = storage.get_refresh_token()
    storage.save_tokens(EXPIRED, old)
    assert next(iter(User.objects.all())).name == "Ana Lima"
    assert storage.get_access_token() != EXPIRED and storage.get_refresh_token() != old
    storage_now = storage.get_access_token(), storage.get_refresh_token()
    storage.save_tokens(EXPIRED, old)  # a refresh token works once
    with pytest.raises(EnvironmentError):
        next(iter(User.objects.all()))
    storage.save_tokens(*storage_now)


def test_it_makes_reads_and_changes_a_lead(kommo: ToSimulator) -> None:
    lead = Lead(name="Desk", price=100).save()
    shown = Lead.objects.get(lead.id)
    assert (shown.name, shown.price, shown.pipeline.name, shown.status.name) == (
        "Desk",
        100,
        "Sales",
        "Initial contact",
    )
    assert (shown.responsible_user.name, shown.closed_at, shown.is_deleted) == ("Ana Lima", None, False)
    assert isinstance(shown.created_at, datetime)
    shown.price = 250
    shown.status = "Offer made"
    shown.save()
    again = Lead.objects.get(lead.id)
    assert (again.price, again.status.name) == (250, "Offer made")


def test_it_adds_a_tag_and_links_a_contact(kommo: ToSimulator) -> None:
    lead = Lead.objects.get(Lead(name="Chair").save().id)
    lead.tags.append("vip")
    lead.save()
    assert [tag.name for tag in Lead.objects.get(lead.id).tags] == ["vip"]
    assert "vip" in [tag.name for tag in Tag.leads.all()]
    contact = Contact(name="Ana").save()
    lead.contacts.append(contact, main=True)
    assert [each.name for each in Lead.objects.get(lead.id).contacts] == ["Ana"]
    assert [each.id for each in Contact.objects.get(contact.id).leads] == [lead.id]


def test_it_sets_a_task_and_writes_a_note(kommo: ToSimulator) -> None:
    lead = Lead.objects.get(Lead(name="Lamp").save().id)
    lead.tasks.add(Task(text="Call", complete_till=datetime(2027, 1, 1, tzinfo=UTC)))
    (task,) = lead.tasks
    assert (task.text, task.is_completed, task.entity.name) == ("Call", False, "Lamp")
    task.is_completed = True
    task.save()
    assert Task.objects.get(task.id).is_completed
    note = lead.notes(text="Hello")
    note.save()
    assert [each.text for each in lead.notes.objects.all()] == ["Hello"]


def test_it_keeps_phones_and_joins_people_to_their_company(kommo: ToSimulator) -> None:
    made = Person(name="Ana", phone="+15550100").save()
    person = Person.objects.get(made.id)
    person.email = "ana@example.com"
    person.save()
    again = Person.objects.get(made.id)
    assert (again.phone, again.email) == ("+15550100", "ana@example.com")
    company = Company(name="Acme").save()
    again.company = company
    assert Person.objects.get(made.id).company.name == "Acme"
    assert [each.id for each in Company.objects.get(company.id).contacts] == [made.id]


def test_it_reads_what_happened_from_the_list_of_events(kommo: ToSimulator) -> None:
    lead = Lead.objects.get(Lead(name="Watched").save().id)
    lead.price = 5
    lead.status = "Negotiation"
    lead.save()
    mine = [event for event in Event.objects.all() if event.entity_id == lead.id]
    assert {event.type for event in mine} == {"lead_added", "sale_field_changed", "lead_status_changed"}
    (moved,) = [event for event in mine if event.type == "lead_status_changed"]
    assert (moved.value_before["id"], moved.value_after["id"]) == (7102, 7104)
    assert moved.created_by.name == "Ana Lima"


def test_it_walks_all_pages_and_finds_nothing_in_an_empty_list(kommo: ToSimulator) -> None:
    people = f"http://127.0.0.1:{kommo.port}/_control/leads"
    made = httpx.post(people, json=[{"name": "Many", "price": 77} for _ in range(501)]).json()["ids"]
    assert {lead.id for lead in Lead.objects.filter(query="Many")} == set(made)
    with pytest.raises(StopIteration):
        Lead.objects.get(query="nobody is called so")
    assert [lead.id for lead in Lead.objects.filter(filters=[SingleListFilter("id")(made[3])])] == [made[3]]
    assert [pipeline.name for pipeline in Pipeline.objects.all()] == ["Sales"]


def test_it_understands_every_refusal(kommo: ToSimulator) -> None:
    with pytest.raises(exceptions.NotFound):
        Lead.objects.get(1)
    with pytest.raises(exceptions.ValidationError) as refused:
        Lead.objects.create({"name": "x", "status_id": 5})
    assert "NotSupportedChoice" in str(refused.value.args)
    faults = f"http://127.0.0.1:{kommo.port}/_control/faults"
    for status, error in [
        (401, exceptions.UnAuthorizedException),
        (402, ValueError),
        (403, exceptions.PermissionsDenyException),
        (429, exceptions.AmoApiException),
        (504, exceptions.AmoApiException),
    ]:
        httpx.post(faults, json=[{"status": status}])
        with pytest.raises(error):
            User.objects.get(101)


def test_the_log_has_every_request_of_it(kommo: ToSimulator) -> None:
    lead = Lead(name="Logged dw-" + "0" * 30).save()
    line = msgspec.json.decode(kommo.log.read_bytes().splitlines()[-1])
    assert (line["method"], line["path"], line["committed"]) == ("POST", "/api/v4/leads", True)
    assert line["keys"] == ["dw-" + "0" * 30] and lead.id
