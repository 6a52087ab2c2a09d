"""Recounts a round's work from the journal's public views and from the CRM's own records, by plain drivers."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path

from benchmarks.databases import Raw, RawSqlite
from benchmarks.frame import expect


def recount(journal: Raw, crm: Path, *, events: int, acted: int) -> set[str]:
    """See that every event was answered once, and that the CRM has exactly the tasks the journal says were set.

    Returns the keys of the conversions that the journal says were sent, each once.

    Raises:
        Red: something is missing, twice, or not as it was to be.
    """
    skipped = events - acted
    found = dict(journal.query("select kind, count(*) from dw_events group by kind"))
    expect("events", found, {"deal_created": events})
    states = Counter(state for (state,) in journal.query("select state from dw_executions"))
    expect("executions", states, Counter({"done": acted, "skipped": skipped}))
    answered = journal.query("select count(distinct event_id) from dw_executions")[0][0]
    expect("events that were answered", answered, events)
    sent = journal.query(
        "select key, target from dw_effects where kind = 'set_task' and delivery = 'KEYED'"
        " and state = 'sent' and attempts = 1 and sent_at is not null"
    )
    expect("effects that were sent once", len(sent), acted)
    with closing(RawSqlite(crm)) as raw:
        kept = {key for (key,) in raw.query("select key from writes where kind = 'set_task'")}
        tasks = Counter(f"deal:{deal}" for (deal,) in raw.query("select deal_id from tasks"))
    expect("keys that the CRM keeps", kept == {key for key, _ in sent}, True)
    expect("tasks of the deals that were aimed at", tasks == Counter(target for _, target in sent), True)
    told = journal.query(
        "select key from dw_effects where kind = 'send_conversion' and state = 'sent' and attempts = 1"
    )
    return {key for (key,) in told}
