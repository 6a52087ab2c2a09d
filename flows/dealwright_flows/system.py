"""Owns the whole system of `up` and `demo`: engine, recorder and buttons here, Prefect and the receiver beside."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from dealwright.clock import Clock
from dealwright.errors import DealwrightError, ReleaseError
from dealwright.project import Project, load_project
from dealwright_flows import names
from dealwright_flows.api import PrefectApi, PrefectError
from dealwright_flows.buttons import Buttons
from dealwright_flows.deployments import Deployments
from dealwright_flows.receiver import LocalReceiver
from dealwright_flows.recorder import Left, Recorder
from dealwright_flows.selftest import self_test
from dealwright_flows.server import PrefectServer, ServerFailed

_WATCH: Final = 0.5
_FIRST_RESTART, _LONGEST_RESTART = 1.0, 60.0


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What Prefect holds at the end, and what it was not told."""

    flow_runs: int = 0
    task_runs: int = 0
    left: int = 0
    away: bool = False


class System:
    """Everything that runs together over one data directory. `say` hears, in plain words, what operators must know."""

    def __init__(self, data_dir: Path, *, clock: Clock, linger: float, say: Callable[[str], None]) -> None:
        self.data_dir = data_dir
        self.clock = clock
        self.say = say
        self.receiver = LocalReceiver(data_dir, clock=clock)
        self.server = PrefectServer(data_dir / "prefect", clock=clock)
        self.project: Project = load_project(data_dir=data_dir, clock=clock, receiver=self.receiver.url)
        self.journal = self.project.open_journal(clock)
        self.engine = self.project.engine(self.journal, clock=clock, linger=linger)
        self.recorded = Recorded()
        self.wrong: list[str] = []
        self._prefect_up = asyncio.Event()
        self._prefect_booting = True

    def prepare(self) -> list[str]:
        """Record releases whose digest changed and shape the CRMs; return what was done, in plain words.

        Raises:
            ReleaseError: a stage that holds deals would have to go, or two automations would be one flow.
            DefinitionError: the definitions have errors.
        """
        done: list[str] = []
        self.journal.start()
        accounts = [self.project.definitions(binding.key) for binding in self.project.accounts]
        names.idents(accounts)
        crms = {binding.key: binding.crm for binding in self.project.accounts}
        # All are asked before the first is changed: "nothing was changed" is said of every account.
        refused = [
            f"  account {account.key}: {change.what}: {change.refused}"
            for account in accounts
            for change in crms[account.key].shape(account.pipelines, apply=False)
            if change.refused
        ]
        if refused:
            raise ReleaseError(
                "the CRM cannot be brought to the definitions:\n"
                + "\n".join(refused)
                + "\nMove those deals elsewhere, or keep the stage. Nothing was changed."
            )
        for account in accounts:
            crm = crms[account.key]
            done += [change.what for change in crm.shape(account.pipelines, apply=True)]
            if self.journal.record_release(account):
                done.append(f"new release of account {account.key}: {len(account.automations)} automations")
        return done

    async def start_prefect(self, progress: Callable[[float], None] | None = None) -> bool:
        """Start Prefect; without it the work goes on, so a failure is said and not raised."""
        try:
            await self.server.start(progress)
        except ServerFailed as error:
            self._wrong(
                f"{error}\nThe work goes on without Prefect: no dashboard, no buttons, no record until it runs."
            )
            return False
        finally:
            self._prefect_booting = False
        self._prefect_up.set()
        return True

    async def serve(self, stop: asyncio.Event, *, patience: float, tick: Callable[[int], None] | None = None) -> None:
        """Work until `stop` is set, close the windows, and give the recorder `patience` seconds to tell Prefect."""
        never = asyncio.Event()  # those beside are cancelled at the end: all they do may be cut anywhere
        # Until the server answers, recorder and buttons wait as they do in an outage.
        async with PrefectApi(self.server.api_url, self.server.auth) as api:
            deployments = Deployments(self.journal, api, [binding.key for binding in self.project.accounts])
            recorder = Recorder(self.journal, api, deployments, clock=self.clock, booting=lambda: self._prefect_booting)
            buttons = Buttons(self.journal, api, deployments, clock=self.clock)
            beside = [
                asyncio.create_task(work)
                for work in (
                    recorder.run(never),
                    buttons.run(never),
                    self._watch_receiver(),
                    self._watch_prefect(),
                    self._test_prefect(),
                )
            ]
            try:
                await self.engine.run(stop)
                self.recorded = await self._finish(recorder, patience, tick)
            finally:
                for task in beside:
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)

    async def close(self) -> None:
        """End the children and close the journal."""
        self.journal.close()
        for binding in self.project.accounts:
            for connector in binding.connectors:
                await connector.aclose()
        await asyncio.gather(self.server.stop(), self.receiver.stop())

    async def _finish(self, recorder: Recorder, patience: float, tick: Callable[[int], None] | None) -> Recorded:
        left: Left = await recorder.drain(patience if self.server.child.alive else 1.0, tick=tick)
        try:
            flow_runs, task_runs = await recorder.recorded()
        except PrefectError:
            return Recorded(left=left.windows, away=True)
        return Recorded(flow_runs=flow_runs, task_runs=task_runs, left=left.windows, away=left.away)

    async def _watch_receiver(self) -> None:
        """Start the receiver again if it dies: it reads from its log what it had seen."""
        while True:
            await asyncio.sleep(_WATCH)
            if not self.receiver.child.alive:
                self.say("the local receiver ended; starting it again")
                with contextlib.suppress(DealwrightError):
                    await self.receiver.start()

    async def _watch_prefect(self) -> None:
        """Start Prefect, and again if it dies, with growing pauses."""
        pause = _FIRST_RESTART
        while True:
            if self.server.child.alive:
                pause = _FIRST_RESTART
            elif self._prefect_up.is_set():
                self.say(f"the Prefect server ended; starting it again (log: {self.server.log})")
            if not self.server.child.alive and not await self.start_prefect():
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_RESTART)
            await asyncio.sleep(_WATCH)

    async def _test_prefect(self) -> None:
        await self._prefect_up.wait()
        for sentence in await self_test(self.server.api_url, self.server.auth, clock=self.clock):
            self._wrong(sentence)

    def _wrong(self, sentence: str) -> None:
        if sentence not in self.wrong:
            self.wrong.append(sentence)
            self.say(sentence)
