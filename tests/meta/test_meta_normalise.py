"""Normalisation and hashes, held against the vectors of Meta's documents and, where they agree, its own library."""

from __future__ import annotations

import pytest
from facebook_business.adobjects.serverside.normalize import Normalize
from hypothesis import given
from hypothesis import strategies as st

from dealwright_meta import normalise
from dealwright_meta.normalise import NORMALISERS, hashed

VECTORS = {
    ("em", " John_Smith@gmail.com "): "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f",
    ("ph", "+1 (650) 555-1212"): "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176",
    ("fn", "Mary"): "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec",
    ("fn", "정"): "8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14",
    ("fn", "Valéry"): "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c",
    ("db", "1997-02-16"): "01acdbf6ec7b4f478a225f1a246e5d6767eeab1a7ffa17f025265b5b94f40f0c",
    ("country", "US"): "79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621",
}


@pytest.mark.parametrize(("given", "expected"), VECTORS.items())
def test_the_vectors_of_the_documents(given: tuple[str, str], expected: str) -> None:
    key, value = given
    assert hashed(NORMALISERS[key](value)) == expected


@pytest.mark.parametrize(
    ("key", "value", "normal"),
    [
        ("em", "bad", ""),
        ("em", "a b@example.com", ""),
        ("ph", "0044 1844 278000", "441844278000"),
        ("fn", "Jean-Luc", "jeanluc"),
        ("ln", "O'Brien", "obrien"),
        ("ln", " van  der Berg ", "van der berg"),
        ("ct", "São Paulo", "sãopaulo"),
        ("ct", "St. John's", "stjohns"),
        ("st", "CA", "ca"),
        ("st", "New South Wales", "newsouthwales"),
        ("zp", "SW1A 1AA", "sw1a1aa"),
        ("zp", "94025-1234", "94025"),
        ("country", "usa", "us"),
        ("country", "Germany", ""),
        ("db", "16.02.1997", ""),
        ("ge", "Female", "f"),
        ("ge", "?", ""),
    ],
)
def test_the_rules_of_the_documents(key: str, value: str, normal: str) -> None:
    assert NORMALISERS[key](value) == normal


@pytest.mark.parametrize(
    ("value", "country", "normal"),
    [
        ("(212) 555-0142", "US", "12125550142"),
        ("1.650.555.1212", "US", "16505551212"),
        ("8 (912) 345-67-89", "RU", "79123456789"),
        ("+44 (0)1844 278000", "US", "441844278000"),
        ("011 44 1844 278000", "US", "441844278000"),
        ("+491701234567", "US", "491701234567"),
        ("0044 1844 278000", "US", "441844278000"),
        ("(00) 44 1844 278000", "RU", "441844278000"),
        ("0" * 3 + "12", "RU", ""),
        ("1" * 40, "", ""),
        ("12", "US", ""),
        ("ask at the desk", "US", ""),
    ],
)
def test_a_phone_is_read_as_it_is_dialled_where_the_account_is(value: str, country: str, normal: str) -> None:
    assert normalise.phone(value, country) == normal


@pytest.mark.parametrize(
    ("value", "lead_id"),
    [
        ("123456789012345", 123456789012345),
        (" l:12345678901234567 ", 12345678901234567),
        ("INV-17", None),
        ("123", None),
        (None, None),
        ("١٢٣٤٥٦٧٨٩٠١٢٣٤٥", None),
    ],
)
def test_a_lead_id_is_a_number_of_15_to_17_digits_and_nothing_else(value: str | None, lead_id: int | None) -> None:
    assert normalise.lead_id(value) == lead_id


@pytest.mark.parametrize("key", ["em", "ph", "fn", "ln"])
def test_what_is_hashed_already_is_not_hashed_again(key: str) -> None:
    digest = VECTORS["em", " John_Smith@gmail.com "]
    assert normalise.of_person(key, f" {digest.upper()} ", dialled_in="US") == digest
    assert normalise.of_person(key, digest[:-1], dialled_in="US") != digest[:-1]


_words = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"), min_size=1, max_size=12)


@given(
    email=st.builds("{}@{}.com".format, _words, _words),
    phone=st.from_regex(r"\+1 [2-9][0-9]{2} [2-9][0-9]{6}", fullmatch=True),
    name=_words,
    postcode=st.from_regex(r"[0-9]{5}", fullmatch=True),
    country=st.sampled_from(["US", "de", "Br"]),
)
def test_it_is_what_metas_own_library_makes_of_it_where_that_follows_the_documents(
    email: str, phone: str, name: str, postcode: str, country: str
) -> None:
    for key, theirs, value in (
        ("em", "em", email),
        ("ph", "ph", phone),
        ("fn", "fn", name),
        ("ln", "ln", name),
        ("ct", "ct", name),
        ("zp", "zp", postcode),
        ("country", "country", country),
    ):
        assert hashed(NORMALISERS[key](value)) == Normalize.normalize(theirs, value, True), (key, value)
