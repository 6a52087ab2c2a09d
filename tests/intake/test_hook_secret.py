"""Sources that sign nothing: a secret in the path or in a header, two of them valid, never told to anybody."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hook_world import BODY, NOW, HandClock, Hooks, MemoryJournal, signed, source

from dealwright.errors import InputError, TooMuch, Unauthorized
from dealwright.intake.app import HooksApp
from dealwright.intake.secrets import FixedSecret
from dealwright.intake.settings import hook_sources
from dealwright.intake.verified import BySecret, Keyring, Source
from dealwright.model.events import EventReceived
from dealwright.ports import FeedItem, HookQuota

OLD, NEW = "until-today-this-one", "from-today-on-this-one"
FORM = b"leads[add][0][id]=77"


class FormReader:
    """Reads a form such as a CRM pushes; `b"deep"` is more than it reads, `b"chat"` no news."""

    def receive(self, headers: Mapping[str, str], body: bytes) -> Sequence[FeedItem]:
        if body == b"deep":
            raise TooMuch("brackets stand more than 16 deep within each other", code="too_deep")
        if body == b"chat":
            return []
        id_ = body.decode().rpartition("=")[2]
        event = EventReceived(source_id=id_, occurred_at=NOW, actor="hook:kommo", source="kommo", name="lead")
        return [FeedItem(event=event, raw=body)]


def kommo(*secrets: str, quota: HookQuota | None = None) -> Source:
    keyring = Keyring("kommo", [FixedSecret("kommo", secret) for secret in secrets or (NEW, OLD)])
    return Source("kommo", BySecret(keyring), FormReader(), quota)


def run(play: Any, **how: Any) -> Any:
    async def playing() -> Any:
        async with Hooks(MemoryJournal(), HandClock(), more=[how.pop("known", kommo())], **how) as hooks:
            return await play(hooks)

    return asyncio.run(playing())


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_the_secret_stands_in_the_path_or_in_a_header_and_two_are_valid(secret: str) -> None:
    async def play(hooks: Hooks) -> list[Any]:
        first = await hooks.http.post(f"/hooks/acme/kommo/{secret}", content=FORM)
        again = await hooks.http.post("/hooks/acme/kommo", content=FORM, headers={"Dealwright-Secret": secret})
        return [first.json(), again.json()]

    assert run(play) == [{"accepted": 1, "duplicates": 0}, {"accepted": 0, "duplicates": 1}]


def test_what_tells_nothing_is_acknowledged_and_counted() -> None:
    async def play(hooks: Hooks) -> None:
        said = await hooks.http.post(f"/hooks/acme/kommo/{NEW}", content=b"chat")
        assert (said.status_code, said.json()) == (200, {"accepted": 0, "duplicates": 0})
        assert hooks.app.counts.by_outcome == {("acme/kommo", "nothing"): 1}

    run(play)


@pytest.mark.parametrize("wrong", ["", "x", NEW[:-1], NEW + "x", NEW.upper(), "é" * 20, f"{NEW}, {NEW}", f" {NEW}"])
def test_any_other_secret_is_refused(wrong: str) -> None:
    async def play(hooks: Hooks) -> set[int]:
        path = f"/hooks/acme/kommo/{wrong}".removesuffix("/")
        headers = [("Dealwright-Secret", each.encode()) for each in ((NEW, NEW) if ", " in wrong else (wrong,))]
        said = [await hooks.http.post(path, content=FORM)]
        if not wrong.startswith(" "):  # blanks around a header's value are none of it
            said.append(await hooks.http.post("/hooks/acme/kommo", content=FORM, headers=headers))
        return {each.status_code for each in said}

    assert run(play) == {401}


def test_an_address_that_is_not_there_is_answered_as_a_wrong_secret_is() -> None:
    """Whatever a stranger sends, the answer depends on that alone: not on accounts, sources or how these verify."""
    headers, raw = signed(BODY, secret=b"another secret altogether")
    sent: list[tuple[str, dict[str, str], bytes]] = [
        ("", {}, FORM),
        ("/guessed-by-a-stranger", {}, FORM),
        ("", {"Dealwright-Secret": "guessed-by-a-stranger"}, FORM),
        ("", headers, raw),
        ("", headers | {"dealwright-timestamp": "soon"}, raw),
        ("/guessed-by-a-stranger", headers, raw),
        ("", {}, b"x" * 100_000),
        ("", {}, b"x" * 3_000_000),
    ]

    async def play(hooks: Hooks) -> None:
        for path, more, body in sent:
            places = ("acme/kommo", "acme/billing", "acme/nothing", "nobody/kommo")
            said = [await hooks.http.post(f"/hooks/{place}{path}", content=body, headers=more) for place in places]
            assert {each.status_code for each in said} <= {401, 413}
            assert len({each.content for each in said}) == 1, (path, [each.text for each in said])
            assert len({tuple(sorted(each.headers.items())) for each in said}) == 1

    run(play, known=kommo(quota=HookQuota(body=200_000)))


def test_a_signature_takes_as_long_where_a_secret_is_asked_for_as_where_nobody_is() -> None:
    headers, raw = signed(b"x" * 4_000_000, secret=b"a stranger's own secret")
    took = []
    for known in (kommo(), source(HandClock())):
        started = time.process_time()
        with pytest.raises(Unauthorized):
            known.verify(headers, raw, "")
        took.append(time.process_time() - started)
    assert max(took) < 20 * min(took), "it is some hundred times as much where the body is not looked at"


def test_a_signature_opens_no_address_of_a_secret_and_a_secret_none_of_a_signature() -> None:
    async def play(hooks: Hooks) -> list[int]:
        headers, raw = signed(BODY)
        said = [
            await hooks.http.post("/hooks/acme/kommo", content=raw, headers=headers),
            await hooks.http.post(f"/hooks/acme/billing/{NEW}", content=raw, headers=headers),
            await hooks.http.post("/hooks/acme/billing/a secret of some length", content=raw),
        ]
        return [each.status_code for each in said]

    assert run(play) == [401, 401, 401]


def test_what_one_source_may_send_is_said_only_to_who_has_its_secret() -> None:
    async def play(hooks: Hooks) -> list[tuple[int, str]]:
        path = f"/hooks/acme/kommo/{NEW}"
        said = [await hooks.http.post(path, content=content) for content in (b"x" * 2_000, b"deep", FORM, FORM)]
        return [(each.status_code, each.json().get("error", "")) for each in said]

    quota = HookQuota(body=1_500, rate=0.5, burst=2)
    expected = [(413, "too_large"), (413, "too_deep"), (200, ""), (429, "rate")]
    assert run(play, known=kommo(quota=quota)) == expected


def test_the_secret_stands_in_no_log_and_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(FormReader):
        def receive(self, headers: Mapping[str, str], body: bytes) -> Sequence[FeedItem]:
            assert "dealwright-secret" not in headers  # a reader never sees it
            raise KeyError(NEW)

    keyring = Keyring("kommo", [FixedSecret("kommo", NEW)])

    async def play(hooks: Hooks) -> str:
        told = ""
        for path, header in (
            (f"/{NEW}", {}),
            ("", {"Dealwright-Secret": NEW}),
            (f"/{OLD}", {"Dealwright-Secret": OLD}),
        ):
            answer = await hooks.http.post(f"/hooks/acme/kommo{path}", content=FORM, headers=header)
            told += answer.text + str(answer.headers)
        for path in (f"/hooks/acme/kommo/{NEW}/more", f"/hooks/acme/{NEW}", f"/{NEW}"):
            answer = await hooks.http.post(path, content=FORM)
            told += answer.text + str(answer.headers) + str((await hooks.http.get(path)).text)
        return told + str(hooks.app.counts.by_outcome)

    with caplog.at_level(logging.DEBUG, logger="dealwright"):
        told = run(play, known=Source("kommo", BySecret(keyring), Broken()))
    assert "a hook failed with KeyError" in caplog.text
    assert NEW not in told + caplog.text and OLD not in told + caplog.text
    assert NEW not in repr(keyring) + str(vars(keyring)["_secrets"])


# --- target files -----------------------------------------------------------------------------------------------------


def test_a_target_file_says_who_reads_a_source_and_what_it_may_send() -> None:
    table = {
        "kommo": {
            "from": "kommo",
            "secret_env": "NEW",
            "old_secret_env": "OLD",
            "body": 500_000,
            "rate": 50,
            "burst": 9,
        },
        "shop": {"verified_by": "secret", "secret_env": "NEW"},
    }
    environ = {"NEW": NEW, "OLD": OLD}
    read, shop = hook_sources(table, environ=environ, clock=HandClock(), readers={"kommo": FormReader()})
    assert (read.name, read.quota) == ("kommo", HookQuota(body=500_000, rate=50.0, burst=9))
    (usual,) = hook_sources(
        {"kommo": {"from": "kommo", "secret_env": "NEW"}},
        environ=environ,
        clock=HandClock(),
        readers={"kommo": FormReader()},
    )
    assert usual.quota.body > 250_000 > shop.quota.body, "a lead with 300 custom fields is no attack"
    read.verify({}, FORM, OLD)
    assert read.receive({}, FORM)[0].event.source_id == "77"
    shop.verify({}, b"", NEW)
    headers, raw = signed(BODY)
    assert shop.receive(headers, raw)[0].event.source_id == "evt-1"


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"from": "kommo", "verified_by": "signature"}, 'verified by "secret"'),
        ({"verified_by": "trust"}, 'verified_by is "signature"'),
        ({"from": "amo"}, "it can name kommo"),
        ({"body": 100}, "1024 to"),
        ({"body": 10**9}, "1024 to"),
        ({"body": True}, "1024 to"),
        ({"rate": 0}, "above 0"),
        ({"rate": "many"}, "above 0"),
        ({"burst": 0}, "from 1"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told(table: dict[str, object], why: str) -> None:
    with pytest.raises(InputError, match=why):
        hook_sources(
            {"a": {"secret_env": "NEW"} | table},
            environ={"NEW": NEW},
            clock=HandClock(),
            readers={"kommo": FormReader()},
        )


def test_more_bytes_at_once_than_are_held_are_asked_to_come_again() -> None:
    async def play() -> list[int]:
        app = HooksApp({"acme": [kommo(quota=HookQuota(body=1_000_000))]}, MemoryJournal(), HandClock())
        app._held = app._limits.held - 10

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": FORM}

        statuses: list[int] = []

        async def send(message: Any) -> None:
            statuses.append(message.get("status", 0))

        length = [(b"content-length", str(len(FORM)).encode())]
        path = f"/hooks/acme/kommo/{NEW}"
        await app({"type": "http", "method": "POST", "path": path, "headers": length}, receive, send)
        return statuses

    assert asyncio.run(play())[0] == 503
