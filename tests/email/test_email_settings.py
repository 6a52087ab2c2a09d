"""Settings read from their table; errors name the key, never a secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dealwright.clock import SystemClock
from dealwright.errors import InputError
from dealwright_email import EmailSettings, connector, from_table

ENVIRON = {"SMTP_PASSWORD": "hunter2", "EMPTY": ""}
MAIL = {"host": "smtp.acme.example", "from": "Acme Tools <hello@acme.example>"}
LOGIN = {"username": "acme", "password_env": "SMTP_PASSWORD"}


def read(**changes: Any) -> EmailSettings:
    return from_table({key: value for key, value in (MAIL | changes).items() if value is not ...}, environ=ENVIRON)


def test_a_table_becomes_settings() -> None:
    settings = read(**LOGIN)
    assert (settings.host, settings.port, settings.tls, settings.timeout) == ("smtp.acme.example", 587, "starttls", 30)
    assert (settings.sender.name, settings.sender.address.text) == ("Acme Tools", "hello@acme.example")
    assert settings.credentials is not None and settings.credentials.password() == b"hunter2"
    assert read(tls="tls").port == 465
    assert read(tls="none", host="localhost").port == 25
    assert read(tls="none", host="::1", port=2525).port == 2525
    assert read(tls="none", allow_plain=True).host == "smtp.acme.example"
    assert connector(MAIL, environ={}, clock=SystemClock()).call_timeout == 61


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [("hello@acme.example", "", "hello@acme.example"), ("<hello@acme.example>", "", "hello@acme.example"),
     ('"Acme, Tools" <hello@acme.example>', "Acme, Tools", "hello@acme.example"),
     ("Bücher <a@bücher.example>", "Bücher", "a@xn--bcher-kva.example")],
)  # fmt: skip
def test_whom_messages_are_from_is_read(text: str, name: str, address: str) -> None:
    sender = read(**{"from": text}).sender
    assert (sender.name, sender.address.text) == (name, address)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"host": ...}, r"\[email\] needs host"),
        ({"host": "smtp.acme.example:25"}, "needs host"),
        ({"host": "a b"}, "needs host"),
        ({"from": ...}, r"\[email\] needs from"),
        ({"from": "Acme"}, r"needs from.*name@domain"),
        ({"from": "Acme\r\nBcc: x <hello@acme.example>"}, "needs from.*no line break"),
        ({"tls": "yes"}, 'tls is "starttls"'),
        ({"tls": "none"}, r'tls = "none" sends customers\' mail to smtp.acme.example readable'),
        ({"tls": "none", "host": "localhost", **LOGIN}, "a password is never sent over"),
        ({"tls": "none", "allow_plain": True, **LOGIN}, "a password is never sent over"),
        ({"allow_plain": "yes"}, "allow_plain is true or false"),
        ({"port": 0}, "port is a number from 1"),
        ({"port": "587"}, "port is a number from 1"),
        ({"timeout": 0}, "timeout is a number of seconds, at most 300"),
        ({"timeout": True}, "timeout is a number"),
        ({"username": "acme"}, "needs one of password_env"),
        ({"password_env": "SMTP_PASSWORD"}, "has a password and no username"),
        ({**LOGIN, "password_file": "x"}, "needs one of password_env"),
        ({**LOGIN, "password_env": "NONE"}, "names NONE, which is not set"),
        ({**LOGIN, "password_env": "EMPTY"}, "names EMPTY, which is not set"),
        ({"password": "hunter2"}, "no setting 'password'; it has host"),
        ({"ca_file": "/nowhere.pem"}, "ca_file /nowhere.pem is no readable file of certificates"),
        ({"ca_file": ""}, "ca_file is a path"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_meant_is_refused_by_name(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says) as error:
        read(**changes)
    assert "hunter2" not in str(error.value)


def test_a_password_file_is_read_when_it_is_needed(tmp_path: Path) -> None:
    file = tmp_path / "password"
    credentials = read(username="acme", password_file=str(file)).credentials
    assert credentials is not None
    with pytest.raises(InputError, match=r"password_file .* cannot be read"):
        credentials.password()
    file.write_text(" \n", encoding="utf-8")
    with pytest.raises(InputError, match="is empty"):
        credentials.password()
    file.write_text("hünter2\n", encoding="utf-8")
    assert credentials.password() == "hünter2".encode()


def test_settings_do_not_show_their_secret() -> None:
    assert "hunter2" not in repr(read(**LOGIN))
