"""Reasons and options that look the same are refused: reps would choose the one, and rules ask for the other."""

from __future__ import annotations

from pathlib import Path

from examples import check_files, example_file

LOST = 'class Care(Pipeline, key="care", name="Care"):\n    won = Won()\n    lost = Lost(reasons=[{}])\n'
TONE = 'tone = setting("tone", [{}], default="Price")\n'
TWINS = {
    "script": '"Price", "\u0420rice"',
    "compatibility": '"Price", "\uff30rice"',
    "capitals": '"Price", "price"',
}


def told(folder: Path, listed: dict[str, str]) -> dict[str, list[str]]:
    files = {
        f"{what}_{name}": example_file(text.format(each))
        for name, each in listed.items()
        for what, text in (("lost", LOST), ("tone", TONE))
    }
    found = check_files(folder / "company", files)
    return {name: [each.message for each in listed if each.code == "DW232"] for name, listed in found.items()}


def test_twins_among_reasons_and_options_of_settings_are_refused(tmp_path: Path) -> None:
    for name, messages in told(tmp_path, TWINS).items():
        start = "the reasons of a lost stage" if name.startswith("lost") else "the options of the setting 'tone'"
        assert len(messages) == 1 and messages[0].startswith(f"{start} 'Price' and "), (name, messages)
        assert messages[0].endswith("look the same")


def test_what_people_tell_apart_is_taken(tmp_path: Path) -> None:
    assert set(map(tuple, told(tmp_path, {"plain": '"Price", "Prices", "Timing"'}).values())) == {()}
