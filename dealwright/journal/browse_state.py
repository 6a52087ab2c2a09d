"""How things stand: what lags, what is held and by what, and what shadow would have done. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from dealwright.engine.records import Asked
from dealwright.journal.browse import deal_of_subject
from dealwright.journal.database import Database, instant, micros, statement
from dealwright.journal.payload import unseal
from dealwright.model.requests import Request

_UNROUTED: Final = statement(
    "select count(*) as n, min(received_at) as oldest from events where account = :account and routed_at is null"
)
_READY: Final = statement(
    # Those that are paused wait because somebody said so.
    """
    select count(*) as n, min((select max(t.at) from transitions as t where t.execution_id = x.id)) as oldest
    from executions as x where x.account = :account and x.head and x.state = 'ready' and not exists (
        select 1 from switches as s where s.account = x.account and s.name = 'pause'
            and s.automation in ('', x.automation))
    """
)
_DUE: Final = statement(
    "select count(*) as n, min(due_at) as oldest from executions "
    "where account = :account and due_at is not null and due_at <= :now"
)
_HELD: Final = statement(
    "select reason, count(*) as n from executions where account = :account and state = 'held' "
    "group by reason order by reason"
)
_ASKED: Final = statement("select count(*) as n, min(asked_wall) as oldest from asked_windows")
_TO_RECORD: Final = statement(
    "select count(*) as n, min(closed_wall) as oldest from windows "
    "where phase in ('new', 'opened') and closed_wall is not null"
)
_SHADOWED: Final = statement(
    # By an operator, or by its definition as long as no operator has said anything.
    """
    select automation, set_wall, actor from switches as s where account = :account and value = 'shadow' and (
        name = 'mode' or (name = 'default-mode' and not exists (select 1 from switches as o
            where o.account = s.account and o.automation = s.automation and o.name = 'mode')))
    """
)
_WOULD: Final = """
    from effects as f where f.account = :account and f.state = 'dropped' and f.reason = 'shadow'
        and f.planned_at >= :since and f.planned_at < :until
"""
_COUNTED: Final = statement(
    f"""
    select f.automation, f.step, f.kind, count(*) as n, min(f.planned_at) as first, max(f.planned_at) as last {_WOULD}
    group by f.automation, f.step, f.kind order by f.automation, min(f.planned_at), f.step
    """
)
_SAMPLE: Final = statement(
    f"""
    select f.key, f.planned_at, f.request, f.execution_id, x.subject
    from effects as f join executions as x on x.id = f.execution_id
    where f.key in (select f.key {_WOULD} and f.automation = :automation and f.step = :step
        order by f.planned_at desc, f.key limit :limit)
    order by f.planned_at desc, f.key
    """
)
_SKIPS: Final = statement(
    """
    select case when x.reason like 'again: execution %' then 'again: another execution acted' else x.reason end as why,
        count(*) as n
    from executions as x where x.account = :account and x.automation = :automation and x.state = 'skipped'
        and x.ended_at >= :since and x.ended_at < :until group by 1 order by 2 desc, 1
    """
)
_EXECUTIONS: Final = statement(
    """
    select count(*) as n from executions as x where x.account = :account and x.automation = :automation
        and x.started_at >= :since and x.started_at < :until
    """
)
_EVER: Final = 1 << 62


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """How many wait, and since when the oldest does."""

    count: int
    since: datetime | None


class Would(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that would have been asked for, in shadow."""

    effect: str
    execution: str
    deal: str | None
    at: datetime
    asked: Request


class ShadowStep(msgspec.Struct, frozen=True, kw_only=True):
    """What one step would have done: how often, first and last, and the newest of it."""

    step: str
    kind: str
    count: int
    first_at: datetime
    last_at: datetime
    sample: tuple[Would, ...]


class ShadowReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one automation would have done; `in_shadow_since` is real time, None if it is live now."""

    automation: str
    in_shadow_since: datetime | None
    set_by: str | None
    executions: int
    steps: tuple[ShadowStep, ...]
    skipped: dict[str, int]


class State:
    """How an account stands."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def unrouted(self, account: str) -> Waiting:
        """Return the events that nobody has routed yet."""
        return self._waiting(_UNROUTED, account=account)

    def due(self, account: str, now: datetime) -> Waiting:
        """Return the executions that could be worked on at once and are not: ready heads of lanes, and fallen due."""
        ready = self._waiting(_READY, account=account)
        fallen = self._waiting(_DUE, account=account, now=micros(now))
        since = [each.since for each in (ready, fallen) if each.since is not None]
        return Waiting(count=ready.count + fallen.count, since=min(since, default=None))

    def held(self, account: str) -> dict[str, int]:
        """Count what is held, by the guard that holds it, which is how reasons begin."""
        counted: Counter[str] = Counter()
        for row in self._database.rows(_HELD, account=account):
            counted[row["reason"].partition(":")[0]] += row["n"]
        return dict(sorted(counted.items()))

    def asked(self) -> Waiting:
        """Return the windows that Prefect was asked for and that no worker has opened (real time)."""
        return self._waiting(_ASKED)

    def unrecorded(self) -> Waiting:
        """Return the closed windows that the recorder has still to tell Prefect of (real time)."""
        return self._waiting(_TO_RECORD)

    def shadow(
        self,
        account: str,
        automations: Sequence[str],
        since: datetime | None,
        until: datetime | None,
        sample: int,
    ) -> Sequence[ShadowReport]:
        """Return what automations would have done in that time: those that are in shadow now, or were in it."""
        window = {
            "since": -_EVER if since is None else micros(since),
            "until": _EVER if until is None else micros(until),
        }
        counted = self._database.rows(_COUNTED, account=account, **window)
        switched = {row["automation"]: row for row in self._database.rows(_SHADOWED, account=account)}
        named = {row["automation"] for row in counted} | (switched.keys() - {""})
        reports = []
        for automation in sorted(named & set(automations) if automations else named):
            switch = switched.get(automation) or switched.get("")
            first = min((row["first"] for row in counted if row["automation"] == automation), default=None)
            # What was skipped before anything was in shadow says nothing of the time in shadow.
            period = window if since is not None or first is None else window | {"since": first}
            reports.append(
                ShadowReport(
                    automation=automation,
                    in_shadow_since=None if switch is None else instant(switch["set_wall"]),
                    set_by=None if switch is None else switch["actor"],
                    executions=self._database.rows(_EXECUTIONS, account=account, automation=automation, **period)[0][
                        "n"
                    ],
                    steps=tuple(
                        ShadowStep(
                            step=row["step"],
                            kind=row["kind"],
                            count=row["n"],
                            first_at=instant(row["first"]),
                            last_at=instant(row["last"]),
                            sample=self._sample(account, automation, row["step"], sample, window),
                        )
                        for row in counted
                        if row["automation"] == automation
                    ),
                    skipped={
                        row["why"]: row["n"]
                        for row in self._database.rows(_SKIPS, account=account, automation=automation, **period)
                    },
                )
            )
        return reports

    def _sample(
        self, account: str, automation: str, step: str, limit: int, window: dict[str, int]
    ) -> tuple[Would, ...]:
        rows = self._database.rows(_SAMPLE, account=account, automation=automation, step=step, limit=limit, **window)
        return tuple(
            Would(
                effect=row["key"],
                execution=row["execution_id"],
                deal=deal_of_subject(row["subject"]),
                at=instant(row["planned_at"]),
                asked=unseal(row["request"], Asked).request,
            )
            for row in rows
        )

    def _waiting(self, sql: Any, **parameters: Any) -> Waiting:
        row = self._database.rows(sql, **parameters)[0]
        return Waiting(count=row["n"], since=None if row["oldest"] is None else instant(row["oldest"]))
