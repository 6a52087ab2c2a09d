"""Definition files written for one test."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files (name without .py -> text) into a company's folder; return the folder."""

    def written(_company: str = "shopco", /, **files: str) -> Path:
        folder = tmp_path / "defs" / _company
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")
        return folder

    return written
