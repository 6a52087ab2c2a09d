"""Who works at other times than their account, from the command line."""

from __future__ import annotations

import pytest
from cli_world import Company, Shell


@pytest.fixture(autouse=True)
def staff(company: Company) -> None:
    company.crm.add_user("Ben Ode", "ben@acme.example")


def test_hours_are_said_shown_changed_and_taken_back(typed: Shell) -> None:
    assert "everybody works as account acme does" in typed("people", "hours").stdout
    typed("people", "hours", "ben@acme.example", "--hours", "Mon-Tue 08:00-14:00, Fri 08:00-10:30")
    (ben,) = typed.json("people", "hours", "Ben Ode", "--zone", "Europe/Lisbon", "--holidays", "PT", "--holidays", "ES")
    hours = "Mon 08:00-14:00, Tue 08:00-14:00, Fri 08:00-10:30"
    assert (ben["name"], ben["hours"], ben["zone"], ben["holidays"]) == (
        "Ben Ode",
        hours,
        "Europe/Lisbon",
        ["PT", "ES"],
    )
    assert hours in typed("people", "hours").stdout
    last, first = typed.json("people", "log")
    assert (first["what"], first["detail"], last["detail"]) == ("hours", hours, f"{hours}; Europe/Lisbon; PT, ES")
    assert "everybody works" in typed("people", "hours", "Ben Ode", "--as-account").stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("Ben Ode", "--hours", "Mon-Fri"), "nothing was changed"),
        (("Ben Ode", "--hours", "Mon 18:00-09:00"), "nothing was changed"),
        (("Ben Ode", "--zone", "Europe/Lisbn"), "did you mean Europe/Lisbon?"),
        (("Ben Ode", "--holidays", "Portugal"), "no holidays are known of"),
        (("Ben Ode", "--as-account"), "works as account acme does already"),
        (("Ben Ode", "--hours", "Mon 09:00-10:00", "--as-account"), "say when they work, or --as-account"),
        (("--hours", "Mon 09:00-10:00"), "say who"),
        (("Bem Ode", "--hours", "Mon 09:00-10:00"), "did you mean Ben Ode?"),
    ],
)
def test_what_cannot_be_meant_changes_nothing(typed: Shell, words: tuple[str, ...], says: str) -> None:
    done = typed("people", "hours", *words, code=2)
    assert says in done.stderr
    assert typed.json("people", "hours") == []
