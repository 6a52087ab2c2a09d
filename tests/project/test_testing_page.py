"""What docs/testing.md says runs as it stands, and names what there is."""

from __future__ import annotations

import inspect
import linecache
import re
from pathlib import Path

from dealwright import testing

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")


def test_the_python_of_the_page_runs(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    file = tmp_path / "page.py"
    file.write_text(code, encoding="utf-8")
    names: dict[str, object] = {"__name__": "page"}
    exec(compile(code, str(file), "exec"), names)
    linecache.checkcache()
    tests = [each for name, each in names.items() if name.startswith("test_") and callable(each)]
    assert len(tests) == 3
    for test in tests:
        test()


def test_the_page_names_everything_there_is() -> None:
    told = [
        name
        for name in vars(testing.Told)
        if not name.startswith("_") and name not in ("rehearsal", "zone", "automation")
    ]
    arguments = [
        name for name in inspect.signature(testing.rehearse).parameters if name not in ("account", "automation", "deal")
    ]
    of_deals = [name for name in inspect.signature(testing.a_deal).parameters if name != "stage"]
    makers = [name for name in testing.__all__ if name[0].islower() and name != "compiled_account"]
    missing = [each for each in (*told, *arguments, *of_deals, *makers) if not re.search(rf"\b{each}\b", PAGE)]
    assert not missing
