"""How a target file says who carries the work, and what it hears when it says nonsense."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from dealwright.clock import SystemClock
from dealwright.errors import InputError
from dealwright.project import PrefectPlace, Project, load_project
from dealwright_flows.server import PrefectElsewhere, prefect_of, reached_at
from dealwright_flows.worker import environment, worker

ROOT = Path(__file__).resolve().parents[2]
Target = Callable[[str, str], Project]


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    """Writes a driver and a [prefect] table into a copy of the reference project's target file, and loads it."""
    for folder in ("deployments", "pipeline_defs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    root = tmp_path / "deployments" / "project.py"
    monkeypatch.setenv("DEALWRIGHT_PROJECT", str(root))
    monkeypatch.setenv("DEALWRIGHT_DATA", str(tmp_path / "data"))

    def loaded(driver: str, prefect: str) -> Project:
        file = root.parent / "targets" / "local.toml"
        text = file.read_text("utf-8").replace('driver = "local"', f'driver = "{driver}"')
        file.write_text(f"{text}\n[prefect]\n{prefect}\n", "utf-8")
        return load_project(root)

    return loaded


def test_the_local_driver_is_what_a_target_file_has_without_a_word(target: Target) -> None:
    project = target("local", "")
    assert (project.driver, project.prefect) == ("local", PrefectPlace())


def test_the_prefect_driver_is_read_with_where_prefect_is(target: Target, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("ana:word\n")
    project = target(
        "prefect", f'api_url = "http://p:4200/api"\nauth_file = "{tmp_path}/secret"\nwork_pool = "w"\nwindows = 4'
    )
    place = PrefectPlace(api_url="http://p:4200/api", auth="ana:word", work_pool="w", windows=4)
    assert (project.driver, project.prefect) == ("prefect", place)
    assert reached_at(project) == ("http://p:4200/api", "ana:word")


@pytest.mark.parametrize(
    ("driver", "prefect", "said"),
    [
        ("prefekt", "", 'driver is \'prefekt\'; it is "local" or "prefect"'),
        ("prefect", 'pool = "w"', r"\[prefect\] has 'pool'; it takes api_url, auth_file, database, pool_type"),
        ("prefect", "windows = 0", "cannot be read: Expected `int` >= 1"),
        ("prefect", 'auth_file = "/nowhere/at/all"', "auth_file /nowhere/at/all: No such file"),
    ],
)
def test_what_makes_no_sense_is_told(driver: str, prefect: str, said: str, target: Target) -> None:
    with pytest.raises(InputError, match=said):
        target(driver, prefect)


def test_a_worker_of_the_local_driver_is_refused_with_what_to_write(target: Target) -> None:
    target("local", "")
    ran = CliRunner().invoke(worker, [])
    assert isinstance(ran.exception, InputError)
    assert 'driver = "prefect"' in str(ran.exception)


def test_a_worker_of_another_type_of_pool_is_prefects_own(target: Target) -> None:
    target("prefect", 'pool_type = "kubernetes"')
    ran = CliRunner().invoke(worker, [])
    assert isinstance(ran.exception, InputError)
    assert "'kubernetes'" in str(ran.exception)


def test_a_worker_before_any_prefect_says_what_to_start(target: Target) -> None:
    with pytest.raises(InputError, match="start `dealwright up` first"):
        reached_at(target("prefect", ""))


def test_a_workers_runs_are_told_where_prefect_and_the_project_are(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://another")
    project = target("prefect", "")
    home = project.data_dir / "prefect"
    home.mkdir()
    (home / "port").write_text("4201")
    (home / "credentials").write_text("dealwright:word\n")
    told = environment(project, tmp_path)
    assert told["PREFECT_API_URL"] == "http://127.0.0.1:4201/api"
    assert told["PREFECT_API_AUTH_STRING"] == "dealwright:word"
    assert told["DEALWRIGHT_PROJECT"] == str(tmp_path / "deployments" / "project.py")
    assert told["DEALWRIGHT_DATA"] == str(project.data_dir)
    assert Path(told["PATH"].split(":")[0], "python").exists()


def test_a_prefect_elsewhere_is_neither_started_nor_ended(target: Target) -> None:
    elsewhere = prefect_of(target("prefect", 'api_url = "http://p:4200/api/"'), SystemClock())
    assert isinstance(elsewhere, PrefectElsewhere)
    assert (elsewhere.api_url, elsewhere.url, elsewhere.auth) == ("http://p:4200/api", "http://p:4200", None)
