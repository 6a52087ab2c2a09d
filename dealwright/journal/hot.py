"""Hot statements of the journal: those that run for every event, with the same meaning on both databases.

How they are spelt for the drivers is in dealwright/statements.py. Whoever reads claim and settle finds them here.
"""

from __future__ import annotations

from typing import Final

from dealwright.statements import SKIP_LOCKED, Query, insert, update

# --- receive and route ------------------------------------------------------------------------------------------------

APPEND: Final = insert(
    "events",
    {
        "account": "text",
        "source": "text",
        "source_id": "text",
        "kind": "text",
        "subject": "text",
        "occurred_at": "bigint",
        "received_at": "bigint",
        "cause": "text",
        "chain": "bigint",
        "depth": "integer",
        "raw": "bytea",
        "body": "bytea",
    },
    then="on conflict (account, source, source_id) do nothing",
)
MARK: Final = Query("update events set routed_at = :now where id in :ids and routed_at is null")
REPLAYED: Final = Query("select event_id from replays where event_id in :ids")
EXECUTION: Final = insert(
    "executions",
    {
        "id": "text",
        "account": "text",
        "automation": "text",
        "subject": "text",
        "event_id": "bigint",
        "release": "text",
        "lane": "text",
        "state": "text",
        "reason": "text",
        "pos": "bigint",
        "late": "boolean",
        "seen_event": "bigint",
        "started_at": "bigint",
        "ended_at": "bigint",
    },
    then="on conflict (event_id, automation, subject) do nothing",
)
AWAITED: Final = Query(
    "select execution_id, subject, kind from awaits where account = :account and subject in :subjects"
)

# --- observe ----------------------------------------------------------------------------------------------------------

UNOBSERVED: Final = Query(
    "select id, source, received_at, cause, chain, depth, body from events "
    "where account = :account and id in :ids and routed_at is null order by id"
)
OBSERVED: Final = update(
    "events",
    "id",
    {
        "id": "bigint",
        "kind": "text",
        "source_id": "text",
        "subject": "text",
        "occurred_at": "bigint",
        "cause": "text",
        "chain": "bigint",
        "depth": "integer",
        "body": "bytea",
    },
    "kind = {kind}, source_id = {source_id}, subject = {subject}, occurred_at = {occurred_at}, cause = {cause}, "
    "chain = {chain}, depth = {depth}, body = {body}",
    where="events.routed_at is null",
)
TOLD_BEHIND: Final = Query(
    # What observers have appended behind hooks that came while they read.
    "select subject, max(id) as newest from events where account = :account and subject in :subjects and id > :first "
    "and kind not in ('deal_noticed', 'event_received') group by subject"
)
TOLD_DEALS: Final = Query("select body from mirror_deals where account = :account and id in :ids and noticed")
TELL_DEAL: Final = insert(
    "mirror_deals",
    {"account": "text", "id": "text", "version": "bigint", "as_of": "bigint", "body": "bytea"},
    fixed={"noticed": "true"},
    then="on conflict (account, id) do update set version = excluded.version, as_of = excluded.as_of, "
    "body = excluded.body, noticed = true",
)
TOLD_CONTACTS: Final = Query("select id, version, body from mirror_contacts where account = :account and id in :ids")
_CONTACT: Final = {"account": "text", "id": "text", "version": "bigint", "as_of": "bigint", "body": "bytea"}
TELL_CONTACT: Final = insert(
    "mirror_contacts",
    _CONTACT,
    then="on conflict (account, id) do update set version = excluded.version, as_of = excluded.as_of, "
    "body = excluded.body",
)
MEET_CONTACT: Final = insert("mirror_contacts", _CONTACT, then="on conflict (account, id) do nothing")

# --- lanes ------------------------------------------------------------------------------------------------------------

LANE: Final = insert("lanes", {"key": "text"}, fixed={"next_pos": "0"}, then="on conflict (key) do nothing")
LOCK_LANES: Final = Query("select key, next_pos from lanes where key in :keys order by key")
LANES_OF: Final = Query("select distinct lane from executions where id in :ids")
PLACE: Final = update("lanes", "key", {"key": "text", "next": "bigint"}, "next_pos = {next}")
PROMOTE: Final = Query(
    # The first of each queue, by one look at the index on (lane, pos) however long the queue is; a lane whose first one
    # is its head already is left alone.
    """
    update executions set head = true where head = false and id in (
        select (
            select id from executions as queue
            where queue.lane = lanes.key and queue.pos is not null order by queue.pos limit 1
        ) from lanes where key in :keys
    )
    """
)
TRANSITION: Final = insert(
    "transitions",
    {
        "execution_id": "text",
        "at": "bigint",
        "from_state": "text",
        "to_state": "text",
        "reason": "text",
        "actor": "text",
    },
)

# --- claim, plan, settle ----------------------------------------------------------------------------------------------

_LEASED: Final = "id, state, subject, event_id, release, turn, late, progress"
_HEAD: Final = f"select {_LEASED} from executions where account = :account and automation = :automation and head and"
_LIMIT: Final = f"limit :limit{SKIP_LOCKED}"
_DUE: Final = (
    # What is due stands in five ranges of two indexes. One condition over all heads would pass over every retry whose
    # time has not come (200,000 of them took up to two seconds a claim), and "limit, then filter" would find nothing
    # where another engine has just locked the first ones.
    #
    # A retry's time is a moment of one boot; after a reboot, which shows as another boot, all of them are due.
    ("ready", f"{_HEAD} state = 'ready' order by event_id {_LIMIT}"),
    (
        "retrying",
        f"{_HEAD} state = 'retrying' and lease_boot = :boot and lease_until <= :now order by lease_until {_LIMIT}",
    ),
    ("retrying_before", f"{_HEAD} state = 'retrying' and lease_boot < :boot {_LIMIT}"),
    ("retrying_after", f"{_HEAD} state = 'retrying' and lease_boot > :boot {_LIMIT}"),
    (
        "abandoned",
        f"{_HEAD} state = 'running' and (lease_boot <> :boot or lease_until + :grace <= :now"
        f" or (worker = :worker and not (window_id in :open_windows))) {_LIMIT}",
    ),
)
CLAIM: Final = Query(
    f"with {', '.join(f'{name} as ({sql})' for name, sql in _DUE)} "
    f"select * from ({' union all '.join(f'select * from {name}' for name, _ in _DUE)}) as due "
    "order by event_id limit :limit"
)
HAS_DUE: Final = Query(
    " union all ".join(
        f"select 1 from ({sql.removesuffix(SKIP_LOCKED).replace(':limit', '1')}) as {name}" for name, sql in _DUE
    )
)
WITH_HEADS: Final = Query(
    # From one automation to the next by the index, however many heads each has.
    """
    with recursive found (automation) as (
        select min(automation) from executions where account = :account and head
        union all
        select (select min(automation) from executions
            where account = :account and head and automation > found.automation)
        from found where found.automation is not null)
    select automation from found where automation is not null
    """
)
LEASE: Final = Query(
    "update executions set state = 'running', worker = :worker, lease_boot = :boot, lease_until = :until, "
    "window_id = :window, due_at = null where id in :ids"
)
SEEN: Final = Query(
    # The first turn sees its own event's facts, unless it comes late, so everything later is news to it. Only ids of
    # one account are committed in order, so another account's must not count.
    """
    update executions set seen_event = (
        select coalesce(max(events.id), 0) from events
        where events.account = executions.account and events.subject = executions.subject)
    where id in :ids
    """
)
BODIES: Final = Query("select id, body from events where id in :ids")
EFFECTS: Final = Query(
    """
    select key, execution_id, step, target, state, request, attempts, looks, first_sent_wall, allowed_attempt,
        receipts.body as receipt, approvals.digest as approved,
        (select count(*) from attempts where attempts.effect_key = effects.key and outcome = 'planned') as failures
    from effects left join receipts on receipts.effect_key = effects.key
        left join approvals on approvals.effect_key = effects.key
    where execution_id in :ids
    """
)
RENEW: Final = Query(
    "update executions set lease_until = :until where id in :ids and worker = :worker and state = 'running' "
    "and lease_boot = :boot"
)
OWNED: Final = Query(
    "select id, lane, account, automation, subject, seen_event, pos from executions "
    "where id in :ids and worker = :worker and state = 'running' order by id"
)
TURN: Final = insert(
    "turns",
    {"execution_id": "text", "n": "integer", "at": "bigint", "as_of": "bigint", "facts": "bytea", "trace": "bytea"},
)
PROGRESS: Final = update(
    "executions",
    "id",
    {"id": "text", "n": "integer", "progress": "bytea", "at": "bigint"},
    "turn = {n}, progress = {progress}, started_at = coalesce(started_at, {at}), late = false",
)
EFFECT: Final = insert(
    "effects",
    {
        "key": "text",
        "execution_id": "text",
        "account": "text",
        "automation": "text",
        "step": "text",
        "target": "text",
        "kind": "text",
        "delivery": "text",
        "request": "bytea",
        "planned_at": "bigint",
    },
    fixed={"visit": "1", "state": "'planned'"},
    then="on conflict (key) do update set state = 'planned', reason = '', request = excluded.request "
    "where effects.state in ('planned', 'held')",
)
SETTLE: Final = update(
    "executions",
    "id",
    {
        "id": "text",
        "state": "text",
        "reason": "text",
        "pos": "bigint",
        "head": "boolean",
        "due_at": "bigint",
        "boot": "text",
        "until": "double precision",
        "resting": "boolean",
        "late": "boolean",
        "ended_at": "bigint",
    },
    "state = {state}, reason = {reason}, pos = {pos}, head = {head}, due_at = {due_at}, worker = null, "
    "lease_boot = {boot}, lease_until = {until}, late = (executions.late and not {resting}) or {late}, "
    "ended_at = {ended_at}",
)
DROP_OPEN: Final = update(
    "effects",
    "execution_id",
    {"execution_id": "text", "reason": "text"},
    "state = 'dropped', reason = {reason}",
    where="effects.state in ('planned', 'held')",
)

# --- gate and receipts ------------------------------------------------------------------------------------------------

_MAY_LEAVE: Final = "(effects.state = 'planned' or effects.state = 'sending' or effects.state = 'unknown')"
"""Spelled out, for SQLite makes a table of a list of three or more, for every row of many."""

STILL_OWNED: Final = Query(
    "select id from executions where id in :ids and worker = :worker and state = 'running' order by id"
)
USED: Final = Query(
    # Executions that have acted already, and in which mode: `again` is taken once, the later effects pass.
    """
    select distinct execution_id, case when state = 'dropped' then 'shadow' else 'live' end as mode
    from effects where execution_id in :ids and (
        state in ('sending', 'sent', 'unknown') or (state = 'dropped' and reason = 'shadow'))
    """
)
SENDING: Final = update(
    "effects",
    "key",
    {"key": "text", "wall": "bigint"},
    "state = 'sending', reason = '', attempts = attempts + 1, looks = 0, "
    "first_sent_wall = coalesce(first_sent_wall, {wall})",
    where=_MAY_LEAVE,
)
ATTEMPTS: Final = Query(
    "insert into attempts (effect_key, n, worker, started_wall) "
    "select key, attempts, :worker, :wall from effects where key in :keys"
)
RECEIPT: Final = insert(
    "receipts",
    {"effect_key": "text", "at": "bigint", "body": "bytea"},
    then="on conflict (effect_key) do nothing",
)
OUTCOME: Final = update(
    # What an outcome makes of its effect.
    #
    # That it was carried out is true whoever says so; anything else is said of one attempt, and stale after the next.
    # An attempt that surely did nothing says nothing of an earlier one whose answer was lost: the effect stays
    # unknown. If a person had asked for that attempt, they mean the next one too.
    "effects",
    "key",
    {"key": "text", "n": "integer", "state": "text", "reason": "text", "sent_at": "bigint", "looks": "integer"},
    """
    reason = {reason}, sent_at = {sent_at}, looks = effects.looks + {looks},
        allowed_attempt = case when {state} = 'planned' and allowed_attempt = {n} then {n} + 1 else allowed_attempt end,
        state =
        case when {state} in ('planned', 'rejected') and exists (
            select 1 from attempts where attempts.effect_key = effects.key and attempts.n < {n}
                and (attempts.outcome is null or attempts.outcome = 'unknown'))
        then 'unknown' else {state} end
    """,
    where=f"""({{state}} = 'sent' and {_MAY_LEAVE})
        or ({{state}} <> 'sent' and effects.state in ('sending', 'unknown') and effects.attempts = {{n}})""",
)
ATTEMPT_ENDED: Final = update(
    "attempts",
    "effect_key",
    {"effect_key": "text", "n": "integer", "wall": "bigint", "outcome": "text"},
    "ended_wall = {wall}, outcome = {outcome}",
    where="attempts.n = {n} and attempts.ended_wall is null",
)
HOLDERS: Final = Query(
    # Accounts in which these executions hold what they have not used.
    """
    select distinct account from reservations where holder in :holders and not exists (
        select 1 from effects where effects.execution_id = reservations.holder and (
            effects.state in ('sending', 'sent', 'unknown')
            or (effects.state = 'dropped' and effects.reason = 'shadow' and reservations.mode = 'shadow')))
    order by account
    """
)
