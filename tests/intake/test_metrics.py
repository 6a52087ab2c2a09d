"""`/metrics`: the documented families and no others, to whom they are meant for, at a price that stays small."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hook_world import NOW, HandClock, Hooks, MemoryJournal
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event, text

from dealwright.engine.meters import SIZES, Meters
from dealwright.intake.depths import Depths, Watch, depths
from dealwright.intake.metrics import FAMILIES, STATES, MetricsApp
from dealwright.intake.published import Publisher, _bury
from dealwright.intake.secrets import FileSecret, FixedSecret
from dealwright.journal.quarantine import Unread
from dealwright.journal.store import Journal

DOCS = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
TOKEN = "a token of some length"


class Answering:
    """A watch whose journal has answered."""

    def __init__(self, read: Depths | None) -> None:
        self.read = read

    async def latest(self) -> tuple[Depths | None, float]:
        return self.read, 1.5


NOTHING = Depths(
    unmatched={},
    unrouted={"acme": 0},
    unrouted_age={"acme": 0.0},
    due_age={"acme": 0.0},
    executions={},
    quarantined={},
    to_record=0,
    to_record_age=0.0,
    engines=0,
)


def served(
    folder: Path, *, read: Depths | None = NOTHING, token: Any = None, client: Any = ("127.0.0.1", 5), **how: Any
) -> httpx.Response:
    """Post a few hooks, then get the metrics."""

    async def play() -> httpx.Response:
        async with Hooks(MemoryJournal(), HandClock()) as hooks:
            await hooks.post()
            await hooks.post()
            await hooks.post(b"nonsense about Zaphod")
            await hooks.post(secret=b"another secret altogether")
            await hooks.post(to="/hooks/Zaphod/Beeblebrox")
            app = MetricsApp(hooks.app, Answering(read), folder, token)  # type: ignore[arg-type]
            transport = httpx.ASGITransport(app=app, client=client)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url="http://hooks") as http:
                return await http.request(how.pop("method", "GET"), "/metrics", **how)

    return asyncio.run(play())


def families(body: str) -> dict[str, Any]:
    return {family.name: family for family in text_string_to_metric_families(body)}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Path]:
    """The folder of an engine that has done something of everything."""
    own = Meters()
    for name in ("claim_seconds", "turn_seconds", "settle_seconds"):
        own.observe(name, 0.02)
    own.observe("batch_size", 40, ends=SIZES)
    own.count("effects", "set_task", "sent", by=40)
    own.observe("connector_seconds", 0.3, "embedded_crm", "sent")
    _bury(tmp_path / "meters")
    Publisher(own, tmp_path / "meters").write()
    yield tmp_path / "meters"


def test_what_is_served_is_what_is_documented(engine: Path) -> None:
    body = served(engine).text
    found = families(body)
    assert found.keys() == FAMILIES.keys()
    rows = re.findall(r"^\| `(dealwright_\w+)` \| (\w+) \| ([^|]*) \| ([^|]+) \|$", DOCS, re.MULTILINE)
    assert {row[0] for row in rows} == FAMILIES.keys()
    for name, kind, labels, says in rows:
        family = FAMILIES[name]
        assert (family.kind, family.says) == (kind, says), name
        assert list(family.labels) == re.findall(r"`(\w+)`", labels), name
        assert (found[name].type, found[name].documentation) == (kind, says), name
        for sample in found[name].samples:
            assert set(sample.labels) - {"le"} == set(family.labels), name
    assert set(re.findall(r"\bdealwright_[a-z_]+", DOCS)) - FAMILIES.keys() == {"dealwright_hook_answers_total"}


def test_the_numbers_are_those_that_were_counted(engine: Path) -> None:
    found = families(served(engine).text)
    events = {(s.labels["source"], s.labels["outcome"]): s.value for s in found["dealwright_hook_events"].samples}
    assert events == {
        ("acme/billing", "accepted"): 1,
        ("acme/billing", "duplicate"): 1,
        ("acme/billing", "quarantined"): 1,
        ("acme/billing", "unauthorized"): 1,
        ("-", "unauthorized"): 1,
    }
    answers = {(s.labels["source"], s.labels["status"]): s.value for s in found["dealwright_hook_answers"].samples}
    assert answers == {("acme/billing", "2xx"): 3, ("acme/billing", "4xx"): 1, ("-", "4xx"): 1}
    sizes = {s.labels.get("le"): s.value for s in found["dealwright_batch_size"].samples if s.name.endswith("_bucket")}
    assert (sizes["25.0"], sizes["50.0"], sizes["+Inf"]) == (0, 1, 1)
    groups = {s.name: s.value for s in found["dealwright_append_group"].samples}
    assert groups["dealwright_append_group_sum"] == 3


def test_no_word_of_a_request_stands_in_a_label(engine: Path) -> None:
    body = served(engine).text
    assert not any(word in body for word in ("Zaphod", "Beeblebrox", "evt-1", "INV-12", "secret"))


def test_a_journal_that_never_answered_costs_only_its_own_families(engine: Path) -> None:
    found = families(served(engine, read=None).text)
    assert "dealwright_hook_events" in found and "dealwright_effects" in found
    assert "dealwright_executions" not in found


# --- who may read ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("client", [("127.0.0.1", 1), ("127.9.9.9", 1), ("::1", 1)])
def test_this_machine_reads_them(client: Any, tmp_path: Path) -> None:
    answer = served(tmp_path, client=client)
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/plain")


@pytest.mark.parametrize("client", [("10.0.0.1", 1), ("::ffff:10.0.0.1", 1), ("unix", 0), None])
def test_nobody_else_does_unless_a_token_is_set(client: Any, tmp_path: Path) -> None:
    answer = served(tmp_path, client=client)
    assert answer.status_code == 403
    assert "dealwright_" not in answer.text and "DEALWRIGHT_METRICS_TOKEN_FILE" in answer.text


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "x-real-ip", "Via"])
def test_a_proxy_that_speaks_for_another_is_no_part_of_this_machine(header: str, tmp_path: Path) -> None:
    assert served(tmp_path, headers={header: "10.0.0.1"}).status_code == 403


@pytest.mark.parametrize(
    ("said", "status"),
    [(f"Bearer {TOKEN}", 200), ("", 401), (f"Bearer {TOKEN}x", 401), (TOKEN, 401), ("Bearer ", 401), ("Bearer é", 401)],
)
def test_with_a_token_set_everybody_needs_it(said: str, status: int, tmp_path: Path) -> None:
    headers = {"Authorization": said.encode()} if said else {}
    for client in (("127.0.0.1", 1), ("10.0.0.1", 1)):
        answer = served(tmp_path, token=FixedSecret("t", TOKEN), client=client, headers=headers)
        assert answer.status_code == status
        assert TOKEN not in answer.text


def test_a_token_whose_file_is_gone_lets_nobody_in(tmp_path: Path) -> None:
    token = FileSecret("t", tmp_path / "token")
    assert served(tmp_path, token=token).status_code == 401
    assert served(tmp_path, token=token, headers={"Authorization": "Bearer "}).status_code == 401
    (tmp_path / "token").write_text("short")
    assert served(tmp_path, token=token, headers={"Authorization": "Bearer short"}).status_code == 401


def test_other_methods_are_refused(tmp_path: Path) -> None:
    assert served(tmp_path, method="POST").status_code == 405
    head = served(tmp_path, method="HEAD")
    assert (head.status_code, head.content) == (200, b"")


# --- what waits -----------------------------------------------------------------------------------------------------


def test_what_waits_is_counted_on_each_database(journal_url: str) -> None:
    clock = HandClock()
    journal = Journal(journal_url, clock)
    _fill(journal)
    read = depths(journal, ["acme", "quiet"])
    assert read.unrouted == {"acme": 2, "quiet": 0}
    assert read.unrouted_age == {"acme": 30.0, "quiet": 0.0}
    alive = {("acme", "waiting"): 3, ("acme", "held"): 1, ("acme", "parked"): 1, ("acme", "ready"): 2}
    assert read.executions == alive
    assert {state for _, state in alive} <= set(STATES)
    assert read.due_age == {"acme": 7.0, "quiet": 0.0}
    assert read.quarantined == {("acme", "billing"): 1}
    journal.close()


def test_many_that_wait_are_counted_in_an_index_and_nothing_else_is_read(journal_url: str) -> None:
    """SQLite says how it goes about it; a plan that reads the table, or sorts, costs seconds at a million."""
    journal = Journal(journal_url, HandClock())
    if journal.database.postgresql:
        journal.close()
        pytest.skip("its planner goes by what is in the table")
    sent: list[str] = []
    event.listen(journal.database.engine, "before_cursor_execute", lambda *said: sent.append(said[2]))
    depths(journal, ["acme"])
    counted = [sql for sql in sent if " from executions" in sql.replace("\n", " ")]
    assert len(counted) == 4
    for sql in counted:
        plan = journal.database.rows(text("explain query plan " + sql.replace("?", "1")))
        (first,) = [row["detail"] for row in plan if "executions" in row["detail"] or " x " in row["detail"]][:1]
        assert re.search("USING (COVERING )?INDEX executions_(resting|queue|heads|due)", first), first
        assert "TEMP" not in str(plan) or "executions_resting" not in first
    journal.close()


def _fill(journal: Journal) -> None:
    """Write rows as the road would leave them: 30 s old events, executions in several states, one due for 7 s."""
    now = int(NOW.timestamp() * 1_000_000)
    journal.quarantine([Unread(account="acme", source="billing", code="c", reason="r", headers={}, body=b"x")])
    states = ["waiting", "waiting", "waiting", "held", "parked", "ready", "ready", "done"]
    with journal.database.write() as connection:
        for number in range(3):
            routed = now if number == 0 else None
            connection.execute(
                text(
                    "insert into events (account, source, source_id, kind, subject, occurred_at, received_at, raw,"
                    " body, routed_at) values ('acme', 's', :n, 'k', 'deal:1', 1, :at, :b, :b, :routed)"
                ),
                {"n": str(number), "at": now - 31_000_000 + number * 1_000_000, "b": b"x", "routed": routed},
            )
        connection.execute(text("insert into lanes (key, next_pos) values ('lane', 3)"))
        event = connection.execute(text("select min(id) from events")).scalar_one()
        for number, state in enumerate(states):
            ready = state == "ready"
            connection.execute(
                text(
                    "insert into executions (id, account, automation, subject, event_id, release, lane, state, pos,"
                    " head, due_at, seen_event) values (:id, 'acme', :id, 'deal:1', :event, 'r', 'lane', :state, :pos,"
                    " :head, :due, 1)"
                ),
                {
                    "id": f"x{number}",
                    "event": event,
                    "state": state,
                    "pos": number if ready else None,
                    "head": number == 5,
                    "due": {0: now - 7_000_000, 1: now + 9_000_000}.get(number),
                },
            )


class Slow:
    """A journal that is asked, and answers when it may."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = threading.Event()


def test_the_journal_is_asked_seldom_and_by_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, journal = HandClock(), Slow()

    def asked(_: Any, __: Any) -> Depths:
        journal.asked += 1
        journal.may_answer.wait(10)
        clock.seconds += 1.0  # it took a second
        return NOTHING

    monkeypatch.setattr("dealwright.intake.depths.depths", asked)
    watch = Watch(journal, ["acme"], clock, patience=0.02)  # type: ignore[arg-type]

    async def play() -> None:
        assert [await watch.latest() for _ in range(3)] == [(None, 0.0)] * 3
        journal.may_answer.set()
        while (await watch.latest())[0] is None:
            await asyncio.sleep(0)
        assert journal.asked == 1
        clock.seconds += 48.0
        assert await watch.latest() == (NOTHING, 48.0)
        assert journal.asked == 1  # a second of work is asked for once in fifty
        clock.seconds += 2.0
        await watch.latest()
        assert journal.asked == 2

    asyncio.run(play())
