"""The one namespace that definitions import: complete, sorted, light."""

from __future__ import annotations

import subprocess
import sys

import dealwright
from dealwright.cli.terminal import plain


def test_everything_public_is_importable_and_sorted():
    assert dealwright.__all__ == sorted(dealwright.__all__)
    assert len(set(dealwright.__all__)) == len(dealwright.__all__)
    for name in dealwright.__all__:
        assert getattr(dealwright, name).__doc__, name


def test_a_star_import_hides_no_builtin():
    import builtins

    assert not set(dealwright.__all__) & set(dir(builtins))


def test_importing_the_language_loads_no_database_network_or_prefect():
    code = (
        "import sys, dealwright, dealwright.compile.child, dealwright.compile.loader\n"
        "heavy = {'sqlalchemy', 'httpx', 'prefect', 'pydantic', 'fastapi', 'rich', 'click'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_plain_makes_visible_what_would_steer_a_terminal():
    assert (
        plain("a\x1b[31mb\r\nc\td\x07\x9b\u202e\u2028\u200b") == "a\\e[31mb\\r\\nc\\td\\x07\\x9b\\u202e\\u2028\\u200b"
    )
    assert plain("Ärger 👩‍💻 日本") == "Ärger 👩‍💻 日本"
    assert plain("abcdef", limit=4) == "abc…"
    assert plain(5) == "5"
    assert plain("\ud800") == "\\ud800"
