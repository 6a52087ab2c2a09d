"""What `demo` and `up` are made of, in this process: the system, its workplace, what it says."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from dealwright.clock import PlayedClock, SystemClock
from dealwright.engine.loop import Engine
from dealwright.errors import InputError, ReleaseError
from dealwright.journal.store import Journal
from dealwright.model.crm import StageShape
from dealwright_embedded_crm import EmbeddedCrm
from dealwright_flows import commands, workplace
from dealwright_flows.asked import Asked
from dealwright_flows.billing import Billing
from dealwright_flows.people import EmbeddedPeople
from dealwright_flows.player import Player
from dealwright_flows.story import tell
from dealwright_flows.system import System


@pytest.mark.slow
def test_a_story_whose_stages_are_gone_is_refused_before_it_is_played(tmp_path: Path) -> None:
    clock = PlayedClock(tell().moments[0].at)
    crm = EmbeddedCrm(f"sqlite:///{tmp_path}/crm.db", clock)
    with closing(crm), closing(Journal(f"sqlite:///{tmp_path}/journal.db", clock)) as journal:
        billing = Billing("acme", (), journal, secret=tmp_path / "hooks.secret", clock=clock)
        player = Player(tell(), EmbeddedPeople(crm), Engine(journal, [], clock), clock, billing, Asked("acme", journal))
        with pytest.raises(InputError, match=r"do not have: new-business\.agreed, .*renewals\.won"):
            asyncio.run(player.play(asyncio.Event(), lambda now, number: None))
        assert crm.users() == []


@pytest.fixture
def twofold(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    """The system of a project with the accounts acme and beta, which have the same definitions."""
    definitions = project / "pipeline_defs"
    shutil.copytree(definitions / "acme", definitions / "beta")
    for file in (definitions / "beta").glob("*.py"):
        file.write_text(
            file.read_text().replace('"acme"', '"beta"').replace("pipeline_defs.acme", "pipeline_defs.beta")
        )
    target = project / "deployments" / "targets" / "local.toml"
    head, _, acme = target.read_text().partition("[account.acme]")
    beta = acme.replace("acme", "beta").replace("crm.db", "beta.db")
    target.write_text(f"{head}[account.acme]{acme}\n[account.beta]{beta}")
    monkeypatch.setenv("DEALWRIGHT_PROJECT", str(project / "deployments" / "project.py"))
    data = project / "data"
    data.mkdir()
    system = System(data, clock=SystemClock(), linger=0.5, say=print)
    yield system
    asyncio.run(system.close())


@pytest.mark.slow
def test_one_account_that_is_refused_leaves_every_account_unchanged(twofold: System) -> None:
    acme, beta = (twofold.project.definitions(key) for key in ("acme", "beta"))
    crm = twofold.project.account("beta").crm
    assert isinstance(crm, EmbeddedCrm)
    pipeline = beta.pipelines[0]
    old = StageShape(key="old", name="Old", kind="open", probability=10)
    stages = (pipeline.stages[0], old, *pipeline.stages[1:])
    crm.shape([msgspec.structs.replace(pipeline, stages=stages)], apply=True)
    crm.add_user("Ana Lima")
    crm.create_deal(pipeline=pipeline.key, stage="old", title="Held")
    wanted = len(twofold.project.account("acme").crm.shape(acme.pipelines, apply=False))
    with pytest.raises(ReleaseError, match=r"(?s)account beta: .*Nothing was changed"):
        twofold.prepare()
    assert len(twofold.project.account("acme").crm.shape(acme.pipelines, apply=False)) == wanted > 0
    assert twofold.journal.active_release("acme") is None


@pytest.mark.slow
def test_what_uses_a_word_that_is_not_there_yet_is_refused_loudly_and_the_others_run(twofold: System) -> None:
    said: list[str] = []
    twofold.say = said.append
    rules = twofold.project.account("beta").definitions / "account.py"
    text = rules.read_text()
    rules.write_text(
        text.replace("automations=[", "automations=[silent, ", 1).replace(
            "acme = Account(",
            'from dealwright import Automation, days, no_activity, set_task\n\nsilent = Automation(key="silent", '
            'on=no_activity(for_=days(15)), do=[set_task("nudge", text="Nudge", due=days(1))])\nacme = Account(',
            1,
        )
    )
    line = next(n for n, each in enumerate(rules.read_text().splitlines(), start=1) if "no_activity(for_" in each)
    twofold.prepare()
    (refused,) = [each for each in said if "REFUSED" in each]
    assert refused == f"REFUSED, it does not run: silent: no_activity() is not there yet ({rules}:{line})"
    assert f"REFUSED              silent: no_activity() is not there yet ({rules}:{line})" in commands._addresses(
        twofold
    )
    release = twofold.journal.active_release("beta")
    assert release is not None
    assert release.account.automation("silent") is None
    assert len(release.account.automations) > 5


@pytest.mark.slow
def test_with_several_accounts_the_advice_names_each(twofold: System) -> None:
    shown = commands._addresses(twofold)
    assert "(try: dealwright crm deals ls --account acme)" in shown
    assert "(try: dealwright crm deals ls --account beta)" in shown


@pytest.mark.slow
def test_what_runs_beside_the_engine_is_started_again_and_ends_with_it(
    twofold: System, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(twofold.project.beside) == 2, "the webhooks of each account"
    monkeypatch.setattr(twofold.server, "start", until_cancelled)
    monkeypatch.setattr("dealwright_flows.system._FIRST_RESTART", 0.01)
    seen: list[asyncio.Event] = []

    async def frail(stop: asyncio.Event) -> None:
        seen.append(stop)
        if len(seen) < 3:
            raise RuntimeError("Bo Li, +1 555 0100")
        stop.set()

    twofold.project = msgspec.structs.replace(twofold.project, beside=(frail, *twofold.project.beside))
    stop = asyncio.Event()
    asyncio.run(asyncio.wait_for(twofold.serve(stop, patience=0), 20))
    assert seen == [stop] * 3
    assert caplog.text.count("failed with RuntimeError; it is started again") == 2
    assert "Bo Li" not in caplog.text


async def until_cancelled(*_: object) -> None:
    """Stand in for a server that takes its time to start."""
    await asyncio.Event().wait()


def test_a_directory_is_worked_in_by_one_process_at_a_time(tmp_path: Path) -> None:
    wanted = tmp_path / "up"
    refused = pytest.raises(InputError, match=r"another `dealwright up` \(process \d+, since .*\) works in")
    with workplace.kept(wanted), refused, workplace.kept(wanted):
        pass
    with workplace.kept(tmp_path / "up"):
        pass


def test_a_demo_starts_clean_and_leaves_a_running_one_alone(tmp_path: Path) -> None:
    with workplace.fresh(tmp_path / "demo") as first:
        (first / "crm.db").write_text("old")
        with workplace.fresh(tmp_path / "demo") as second:
            assert second == tmp_path / "demo-2"
        assert (first / "crm.db").exists()
    with workplace.fresh(tmp_path / "demo") as again:
        assert again == first
        assert list(again.iterdir()) == []


def test_a_secret_is_made_once_for_the_owner_only(tmp_path: Path) -> None:
    made = workplace.secret_file(tmp_path / "secret")
    assert made.stat().st_mode & 0o777 == 0o600
    text = made.read_text()
    assert len(text.strip()) >= 32
    assert workplace.secret_file(tmp_path / "secret").read_text() == text
