"""The choice of ports: whoever is told one must still have it when their server starts, seconds later."""

from __future__ import annotations

import socket

import pytest

from dealwright_flows import sockets, workplace

BY_THE_KERNEL = 32_768
"""From here on Linux gives ports to outgoing connections, and to whoever asks for any."""


def test_two_servers_of_one_process_never_start_on_one_port_that_was_free_twice() -> None:
    chosen = [sockets.free_port() for _ in range(300)]
    assert len(set(chosen)) == len(chosen)


def test_a_chosen_port_is_none_that_an_outgoing_connection_may_be_given_meanwhile() -> None:
    assert all(1024 < sockets.free_port() < BY_THE_KERNEL for _ in range(100))


def test_a_port_that_somebody_listens_on_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = sockets.free_port()
    with socket.socket() as listening:
        listening.bind((sockets.HOST, taken))
        listening.listen()
        monkeypatch.setattr(sockets, "_chosen", set())
        monkeypatch.setattr(sockets, "_CHOICE", range(taken, taken + 1))
        with pytest.raises(OSError, match="is free"):
            sockets.free_port()


def test_the_address_of_the_web_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = sockets.free_port()
    monkeypatch.setattr(sockets, "_chosen", set())
    monkeypatch.setenv(workplace.WEB, f"127.0.0.1:{wanted}")
    assert workplace.web_address().port == wanted
    monkeypatch.setattr(sockets, "_CHOICE", range(wanted, wanted + 1))
    with pytest.raises(OSError, match="is free"):
        sockets.free_port()
