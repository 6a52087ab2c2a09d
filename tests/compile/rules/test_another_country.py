"""A zone, holidays and open days that do not go with the account's country are told (DW259)."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

from dealwright.compile.findings import Finding

ACCOUNT = """
from datetime import date
acme = Account("acme", {}, pipelines=[Sales], automations=[])
"""
TOLD = {
    "another_clock": ('zone="Europe/Berlin", country="GB"', "the zone Europe/Berlin is in DE", "zones of GB are"),
    "another_country": ('zone="America/Sao_Paulo", country="PT"', "the zone America/Sao_Paulo is", "zones of PT"),
    "other_half_of_the_earth": (
        'zone="Australia/Sydney", country="NZ"',
        "the zone Australia/Sydney is in AU",
        "zones of NZ are Pacific",
    ),
    "state_without_country": (
        'zone="America/Sao_Paulo", country="BR", holidays="RS"',
        "RS is not BR",
        "did you mean 'BR-RS'?",
    ),
    "holidays_of_two_others": (
        'zone="Europe/Madrid", country="ES", holidays=["MX", "PT"]',
        "MX, PT is not ES",
        "write holidays='ES', or a region of it",
    ),
    "open_on_no_holiday": (
        'zone="Europe/Madrid", country="ES", holidays="ES", open_on=[date(2026, 12, 9)]',
        "open_on names 2026-12-09",
        "write the holiday",
    ),
    "open_on_one_of_two": (
        'zone="Europe/Madrid", country="ES", holidays="ES", open_on=[date(2026, 12, 8), date(2026, 12, 10)]',
        "open_on names 2026-12-10",
        "write the holiday",
    ),
    "open_on_without_holidays": (
        'zone="Europe/Madrid", country="ES", open_on=[date(2026, 12, 8)]',
        "open_on names 2026-12-08",
        "write the holiday",
    ),
}
SILENT = {
    "its_own": 'zone="Europe/Madrid", country="ES", holidays="ES-CT", open_on=[date(2026, 12, 8)]',
    "one_of_its_own": 'zone="America/Denver", country="US", holidays="US-CO"',
    "the_same_clock": 'zone="Europe/Berlin", country="AT"',
    "shared_by_the_tables": 'zone="Europe/Berlin", country="DK"',
    "utc": 'zone="UTC", country="BR"',
    "an_old_name": 'zone="US/Eastern", country="US"',
    "an_old_name_elsewhere": 'zone="Asia/Calcutta", country="GB"',
    "one_of_several": 'zone="Europe/Berlin", country="DE", holidays=["AT", "DE-BY"]',
    "days_with_a_holiday": (
        'zone="Europe/Madrid", country="ES", holidays="ES", open_on=[(date(2026, 12, 5), date(2026, 12, 9))]'
    ),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Finding]]:
    said = {f"told_{name}": told[0] for name, told in TOLD.items()} | {f"silent_{n}": s for n, s in SILENT.items()}
    files = {name: example_file(ACCOUNT.format(each)) for name, each in said.items()}
    told = check_files(tmp_path_factory.mktemp("countries") / "company", files)
    assert not [str(each) for findings in told.values() for each in findings if each.severity == "error"]
    return {name: [each for each in findings if each.code == "DW259"] for name, findings in told.items()}


@pytest.mark.parametrize("name", TOLD)
def test_what_is_of_another_country_is_told(found: dict[str, list[Finding]], name: str) -> None:
    _, message, hint = TOLD[name]
    (finding,) = found[f"told_{name}"]
    assert finding.message.startswith(message)
    assert finding.hint.startswith(hint)


@pytest.mark.parametrize("name", SILENT)
def test_what_goes_with_the_country_is_not_told(found: dict[str, list[Finding]], name: str) -> None:
    assert found[f"silent_{name}"] == []
