"""Settings read from their table; errors name the key, never a token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dealwright.clock import SystemClock
from dealwright.errors import InputError, Unauthorized
from dealwright.ports import Pace, Paced
from dealwright_meta import MetaSettings, connector, from_table

TOKEN = "EAAB-very-secret"
ENVIRON = {"META_TOKEN": f" {TOKEN}\n", "EMPTY": " "}
TABLE = {"dataset": "1234567890123456", "token_env": "META_TOKEN"}


def read(**changes: Any) -> MetaSettings:
    return from_table({key: value for key, value in (TABLE | changes).items() if value is not ...}, environ=ENVIRON)


def test_a_table_becomes_settings() -> None:
    settings = read()
    assert settings.endpoint == "https://graph.facebook.com/v25.0/1234567890123456/events"
    assert settings.token.reveal() == TOKEN.encode()
    assert TOKEN not in repr(settings)
    assert (settings.batch, settings.pace, settings.test_code) == (500, None, None)
    local = read(url="http://127.0.0.1:8658/", allow_private=True, version="v24.0", pace=5, test_event_code="TEST1")
    assert local.endpoint == "http://127.0.0.1:8658/v24.0/1234567890123456/events"
    assert (local.pace, local.test_code) == (Pace(rate=5), "TEST1")


def test_only_a_table_with_a_pace_makes_a_paced_connector() -> None:
    assert not isinstance(connector(TABLE, environ=ENVIRON, clock=SystemClock()), Paced)
    paced = connector(TABLE | {"pace": 2.5}, environ=ENVIRON, clock=SystemClock())
    assert isinstance(paced, Paced)
    assert paced.pace == Pace(rate=2.5)


def test_a_token_in_a_file_is_read_when_it_is_used(tmp_path: Path) -> None:
    file = tmp_path / "token"
    settings = read(token_env=..., token_file=str(file))
    with pytest.raises(Unauthorized, match="cannot be read"):
        settings.token.reveal()
    for token in ("first", "second"):
        file.write_text(f"{token}\n")
        assert settings.token.reveal() == token.encode()
    file.write_text("")
    with pytest.raises(Unauthorized, match="is empty"):
        settings.token.reveal()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"dataset": ...}, r"\[meta\] dataset is the digits"),
        ({"dataset": 1234567890123456}, r"\[meta\] dataset is the digits.*as a text"),
        ({"dataset": "../me"}, "dataset is the digits"),
        ({"token_env": ...}, "needs one of token_env"),
        ({"token_file": "x"}, "needs one of token_env"),
        ({"token_env": "NOBODY"}, "names NOBODY, which is not set"),
        ({"token_env": "EMPTY"}, "names EMPTY, which is not set"),
        ({"url": "ftp://graph.example"}, "url is an http"),
        ({"url": "https://me:pw@graph.example"}, "url is an http"),
        ({"url": "http://graph.example"}, "is not https"),
        ({"url": "https://graph.example?access_token=x"}, "url is an http"),
        ({"version": "25"}, "version is a version of Graph"),
        ({"test_event_code": "a b"}, "test_event_code is the code"),
        ({"crm_name": ""}, "crm_name is the CRM's name"),
        ({"batch": 1001}, "batch is a whole number of events, at most 1000"),
        ({"batch": 0}, "batch is a whole number"),
        ({"batch": 2.5}, "batch is a whole number"),
        ({"pace": 0}, "pace is a number of requests per second"),
        ({"pace": True}, "pace is a number"),
        ({"timeout": 121}, "timeout is a number of seconds, at most 120"),
        ({"allow_private": "yes"}, "allow_private is true or false"),
        ({"pixel": "1"}, "has no setting 'pixel'"),
    ],
)
def test_what_cannot_be_used_is_named_and_the_token_is_not(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says) as refusal:
        read(**changes)
    assert TOKEN not in str(refusal.value)
    assert ":pw@" not in str(refusal.value)
