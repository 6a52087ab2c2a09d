"""Two `up` at once: on one data directory, on one journal, at one address."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from databases import postgresql
from hook_world import BODY, SECRET, HandClock, signed

from dealwright.clock import SystemClock
from dealwright.errors import InputError, JournalError
from dealwright.journal.store import Journal
from dealwright_embedded_crm import EmbeddedCrm
from dealwright_flows import workplace

ROOT = Path(__file__).resolve().parents[2]


def test_one_data_directory_is_one_up_and_the_other_hears_who_holds_it(tmp_path: Path) -> None:
    with workplace.kept(tmp_path / "up"):
        held = rf"process {os.getpid()}, since 20\d\d-.* UTC\) works in .*DEALWRIGHT_DATA"
        with pytest.raises(InputError, match=held), workplace.kept(tmp_path / "up"):
            pass
    with workplace.kept(tmp_path / "up"):
        pass


@pytest.mark.parametrize(
    ("said", "url"),
    [
        ("", "http://127.0.0.1:8656"),
        ("127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("0.0.0.0:9000", "http://127.0.0.1:9000"),
        ("[::1]:9000", "http://[::1]:9000"),
        ("[::]:9000", "http://[::1]:9000"),
        ("localhost:9000", "http://localhost:9000"),
    ],
)
def test_where_hooks_are_served_is_a_setting(said: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEALWRIGHT_WEB", said)
    assert workplace.web_address().url == url


@pytest.mark.parametrize(
    "said", ["8656", "127.0.0.1", ":8656", "a:b", "a:99999", "http://a:1", "a:1/x", "u@a:1", "[::1", " "]
)
def test_what_is_no_address_is_told(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEALWRIGHT_WEB", said)
    with pytest.raises(InputError, match="it takes host:port, such as"):
        workplace.web_address()


def test_one_journal_works_with_one_crm_for_an_account(journal_url: str, tmp_path: Path) -> None:
    journal = Journal(journal_url, HandClock())
    crms = [EmbeddedCrm(f"sqlite:///{tmp_path / name}.db", HandClock()) for name in ("a", "b")]
    first, second = (crm.installation for crm in crms)
    journal.claim_crm("acme", first)
    journal.claim_crm("acme", first)
    journal.claim_crm("other", second)
    with pytest.raises(JournalError, match="account acme works with another CRM database"):
        journal.claim_crm("acme", second)
    for each in (journal, *crms):
        each.close()


class Up:
    """One `dealwright up` of the reference project."""

    def __init__(self, data: Path, **settings: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DEALWRIGHT_", "PREFECT_"))}
        root = str(ROOT / "deployments" / "project.py")
        settings = {
            "DEALWRIGHT_PROJECT": root,
            "DEALWRIGHT_DATA": str(data),
            "DEALWRIGHT_WEB": "127.0.0.1:0",
        } | settings
        data.parent.mkdir(parents=True, exist_ok=True)
        self.log = data.parent / "up.log"
        command = [sys.executable, "-c", "from dealwright.cli.main import main; main()", "up"]
        with self.log.open("w") as out:
            self.process = subprocess.Popen(command, env=kept | settings, stdout=out, stderr=out, cwd=ROOT)

    def __enter__(self) -> Up:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def works(self) -> bool:
        """Wait until it works (true) or has ended (false)."""
        while self.process.poll() is None:
            if "The engine is working" in self.log.read_text():
                return True
            time.sleep(0.05)
        return False

    def end(self) -> int:
        """End it as Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


@pytest.mark.slow
def test_two_that_share_a_journal_must_share_the_crm(tmp_path: Path) -> None:
    with postgresql("journal") as url, Up(tmp_path / "a" / "data", DEALWRIGHT_JOURNAL=url) as first:
        assert first.works(), first.log.read_text()
        with Up(tmp_path / "b" / "data", DEALWRIGHT_JOURNAL=url) as other:
            assert not other.works()
            assert other.process.returncode == 1
            assert "works with another CRM database" in other.log.read_text()
        with closing(Journal(url, SystemClock())) as journal:
            assert journal.living_workers() == 1
        assert first.end() == 0, first.log.read_text()


@pytest.mark.slow
def test_a_second_one_at_the_same_address_ends_before_it_changed_anything(tmp_path: Path) -> None:
    port = workplace.free_port()
    with Up(tmp_path / "a" / "data", DEALWRIGHT_WEB=f"127.0.0.1:{port}") as first:
        assert first.works(), first.log.read_text()
        assert f"POST http://127.0.0.1:{port}/hooks/acme/billing" in first.log.read_text()
        with Up(tmp_path / "b" / "data", DEALWRIGHT_WEB=f"127.0.0.1:{port}") as other:
            assert not other.works()
            assert other.process.returncode == 2
            assert f"127.0.0.1:{port}: another program listens there" in other.log.read_text()
            assert "new release" not in other.log.read_text()


def project_with_one_crm(folder: Path, journal: str) -> str:
    """Copy the reference project, with a CRM that does not lie in the data directory; return its composition root."""
    for part in ("deployments", "pipeline_defs"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    target = folder / "deployments" / "targets" / "local.toml"
    text = target.read_text().replace("sqlite:///${data_dir}/crm.db", f"sqlite:///{folder}/crm.db")
    text = text.replace("sqlite:///${data_dir}/journal.db", journal)
    target.write_text(text.replace("${data_dir}/hooks.secret", f"{folder}/hooks.secret"))
    (folder / "hooks.secret").write_bytes(SECRET)
    return str(folder / "deployments" / "project.py")


@pytest.mark.slow
def test_two_that_share_journal_and_crm_do_each_thing_once(tmp_path: Path) -> None:
    ports = [workplace.free_port() for _ in range(2)]
    with postgresql("journal") as url:
        root = project_with_one_crm(tmp_path, url)

        def up(number: int) -> Up:
            at = f"127.0.0.1:{ports[number]}"
            return Up(tmp_path / f"up{number}" / "data", DEALWRIGHT_PROJECT=root, DEALWRIGHT_WEB=at)

        with up(0) as first, closing(EmbeddedCrm(f"sqlite:///{tmp_path}/crm.db", SystemClock())) as crm:
            assert first.works(), first.log.read_text()
            with up(1) as second, closing(Journal(url, SystemClock())) as journal:
                assert second.works(), second.log.read_text()
                assert journal.living_workers() == 2
                headers, raw = signed(BODY, at=SystemClock().wall())
                addresses = [f"http://127.0.0.1:{port}/hooks/acme/billing" for port in ports]
                said = [httpx.post(each, content=raw, headers=headers).json()["accepted"] for each in addresses]
                assert said == [1, 0]
                place = {"pipeline": "new-business", "stage": "incoming", "owner": crm.add_user("Ana Lima").id}
                for number in range(20):
                    crm.create_deal(title=f"Nobody to call {number}", **place)
                deadline = time.monotonic() + 60
                while journal.counts("executions").get("find-phone") != {"done": 20}:
                    assert time.monotonic() < deadline, journal.counts("executions")
                    time.sleep(0.1)
                assert journal.counts("events")["deal_created"] == 20
                assert len(crm.tasks(limit=100)) == 20
                assert second.end() == first.end() == 0
