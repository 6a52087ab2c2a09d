"""Slips in words of the language: what the finding names, for every way in which Python tells of them."""

from __future__ import annotations

from pathlib import Path
from string import ascii_lowercase

import pytest
from company_files import GOOD
from hypothesis import given
from hypothesis import strategies as st

from dealwright.compile.check import check
from dealwright.compile.edit import nearest
from dealwright.compile.near import one_slip

WORD = st.text(ascii_lowercase, min_size=1, max_size=9)
LOADING = {
    'class A(DealFields):\n    x = Text("x", sensitve=True)': "Text takes no 'sensitve': did you mean sensitive?",
    'x = Choice("a", ["b"], sensitve=True)': "Choice takes no 'sensitve': did you mean sensitive?",
    'x = Person("a", renamed_form="b")': "Person takes no 'renamed_form': did you mean renamed_from?",
    'x = Money("a", sensitve=True)': "Money takes no 'sensitve': did you mean sensitive?",
    'x = Text("a", label="b")': "Text is given 'label' twice, by its place and by its name: take one of them out",
    "x = Choice()": "Choice needs 'label' as well: Choice takes label, options, sensitive, renamed_from",
    'x = Role("closers").least_loaded(open=[])': "least_loaded takes no 'open': did you mean open_in?",
    "x = deal.title.is_set(1)": "is_set is given too many values without a name: is_set takes nothing",
    'x = deal.contact_as(role="payer")': "contact_as takes 'role' without its name: leave role= out, keep the value",
    'x = person("Hygienist")': "person is what once(per=person) counts by, and no kind of field: "
    "a field that is a user is Person('Hygienist')",
    "x = once(per=Person)": "once(per=...) takes deal, person, stage_visit, value or record, not Person: "
    "Person is a kind of field: write once(per=person)",
    'x = assign_owner("a", to=Person("Ana Lima"))': "to of 'a' is a user, and Person(...) is a kind of field: "
    "write 'Ana Lima', without Person()",
    'x = create_deal("x", in_=Sales.won, title="T", unless_opened=Sales)': "create_deal takes no 'unless_opened': "
    "did you mean unless_open?",
    "class Role:\n    def least_loaded(self): ...\nRole().least_loaded(open=1)": "TypeError: Role.least_loaded() got "
    "an unexpected keyword argument 'open': ",
}
LOWERED = {
    'create_deal("x", in_=Sales.won, title="T", with_contact=False)': "did you mean with_contacts?",
    'create_contact("x", name="Eva", rol="payer")': "did you mean role?",
    'update_deal("x", amout=5)': "did you mean amount?",
}


def test_wrong_calls_say_which_word_was_meant(tmp_path):
    folder = tmp_path / "acme"
    folder.mkdir()
    names = {}
    for place, source in enumerate(LOADING):
        (folder / f"f{place:02}.py").write_text(f"{GOOD}{source}\n", encoding="utf-8")
        names[f"f{place:02}.py"] = source
    rules = ", ".join(
        f'Automation(key="r{place}", on=entered(Sales.quoted), again=once(per=deal), do=[{step}])'
        for place, step in enumerate(LOWERED)
    )
    end = f'a = Account("a", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[{rules}])\n'
    (folder / "lowered.py").write_text(GOOD + end, encoding="utf-8")
    found = [each for each in check(folder).findings if each.severity == "error"]
    said = [(Path(each.path).name, f"{each.message}: {each.hint}") for each in found]
    assert {names[file]: words for file, words in said if file in names} == LOADING
    assert {words.rpartition(": ")[2] for file, words in said if file == "lowered.py"} == set(LOWERED.values())


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        ("set_taks", "set_task", True), ("closer", "closers", True), ("payr", "payer", True), ("oen", "one", True),
        ("same", "same", False), ("abcd", "badc", False), ("abc", "cba", False), ("ab", "abcd", False),
    ],
)  # fmt: skip
def test_one_slip_is_one_letter_or_two_that_are_exchanged(one, other, is_one):
    assert one_slip(one, other) is one_slip(other, one) is is_one


@given(WORD, st.data())
def test_every_single_slip_is_known(word, data):
    at = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from(ascii_lowercase))
    slips = {word[:at] + word[at + 1 :], word[:at] + letter + word[at:], word[:at] + letter + word[at + 1 :]}
    slips.add(word[:at] + word[at : at + 2][::-1] + word[at + 2 :])
    assert all(one_slip(word, slip) for slip in slips - {word})


def test_what_is_one_slip_away_is_nearer_than_the_rest():
    """The case of "set_taks", which looks like `setting` too; and of two words that differ in their case."""
    assert nearest("set_taks", ["set_task", "setting", "task_completed"]) == "set_task"
    assert nearest("persn", ["Person", "person"]) == "person"
    assert nearest("Persn", ["Person", "person"]) == "Person"
    assert nearest("perso", ["person", "persons"]) == "person"
    assert nearest("perso", ["person", "persoa"]) is None, "a choice"
