"""Targets read from their tables; errors name table and key, never a secret."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dealwright.clock import SystemClock
from dealwright.errors import InputError
from dealwright_http import Secret
from dealwright_webhook import FOREVER, Target, connector, from_table

ENVIRON = {"ERP_SECRET": "0123456789abcdef", "SHORT": "hunter2"}
ERP = {"url": "https://erp.example.com/hooks", "secret_env": "ERP_SECRET"}


def read(**changes: Any) -> Target:
    table = {name: value for name, value in (ERP | changes).items() if value is not ...}
    return from_table({"erp": table}, environ=ENVIRON).targets["erp"]


def test_a_table_becomes_a_target(tmp_path: Path) -> None:
    assert read() == Target(url="https://erp.example.com/hooks", secret=Secret("0123456789abcdef"))
    file = tmp_path / "secret"
    file.write_text("fedcba9876543210\n", encoding="utf-8")
    assert read(secret_env=..., secret_file=str(file)).secret == Secret("fedcba9876543210")
    local = read(url="http://localhost:8080/x", allow_private=True)
    assert local.allow_private and read(timeout=3).timeout == 3.0
    made = connector({"erp": ERP}, environ=ENVIRON, clock=SystemClock())
    assert made.name == "webhook"


@pytest.mark.parametrize(
    ("text", "length"),
    [("48 hours", timedelta(hours=48)), ("7d", timedelta(days=7)), ("90 minutes", timedelta(minutes=90)),
     ("1 day", timedelta(days=1)), (FOREVER, FOREVER)],
)  # fmt: skip
def test_the_time_for_which_repeats_are_known_is_read(text: str, length: object) -> None:
    assert read(dedupes_for=text).dedupes_for == length


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"url": ...}, r"\[webhook.erp\] needs url"),
        ({"url": "ftp://erp.example.com"}, "no http"),
        ({"url": "https://"}, "no http"),
        ({"url": "https://erp.example.com:99999/"}, "no http"),
        ({"url": "https://me:hunter2@erp.example.com/"}, "carries a user or password"),
        ({"url": "http://erp.example.com/token"}, "http://erp.example.com is not https"),
        ({"secret_env": ...}, "needs one of secret_env"),
        ({"secret_file": "x"}, "needs one of secret_env"),
        ({"secret_env": "NONE"}, "NONE, which is not set"),
        ({"secret_env": "SHORT"}, "shorter than 16"),
        ({"secret_env": ..., "secret_file": "/"}, "secret_file / cannot be read"),
        ({"secret": "hunter2"}, "no setting 'secret'; it has url"),
        ({"allow_private": "yes"}, "allow_private is true or false"),
        ({"dedupes_for": "a while"}, 'dedupes_for is a time such as "48 hours"'),
        ({"dedupes_for": 5}, "dedupes_for is a time"),
        ({"timeout": 0}, "timeout is a number of seconds, at most 120"),
        ({"timeout": True}, "timeout is a number"),
        ({"dedupes_for": "0 days"}, "dedupes_for is a time"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused_by_name(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says) as error:
        read(**changes)
    assert "hunter2" not in str(error.value) and "token" not in str(error.value)


def test_a_secret_whose_file_is_made_later_is_read_when_it_is_needed(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    secret = read(secret_env=..., secret_file=str(file)).secret
    with pytest.raises(InputError, match=r"\[webhook.erp\] secret_file .* cannot be read"):
        secret.reveal()
    file.write_text("hunter2", encoding="utf-8")
    with pytest.raises(InputError, match="shorter than 16") as error:
        secret.reveal()
    assert "hunter2" not in str(error.value)
    file.write_text("fedcba9876543210\n", encoding="utf-8")
    assert secret.reveal() == b"fedcba9876543210"


def test_a_target_that_is_no_table_is_refused() -> None:
    with pytest.raises(InputError, match=r"webhook.erp is a single value"):
        from_table({"erp": "https://erp.example.com"}, environ={})


def test_a_target_does_not_show_its_secret() -> None:
    assert "0123456789" not in repr(read())
