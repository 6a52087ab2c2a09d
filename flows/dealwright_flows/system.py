"""Owns the whole system of `up` and `demo`: engine, recorder and buttons here, Prefect, web and receiver beside."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import msgspec

from dealwright.clock import Clock
from dealwright.compile.check import check
from dealwright.compile.later import unkept
from dealwright.engine.enrol import beforehand
from dealwright.engine.meters import METERS
from dealwright.engine.picked import NOBODY, set_somebody
from dealwright.errors import ConnectorError, DealwrightError, InputError, ReleaseError
from dealwright.intake.published import FOLDER, Publisher
from dealwright.ports import Installed
from dealwright.project import Project, load_project
from dealwright_flows import names, wire
from dealwright_flows.api import PrefectApi, PrefectError
from dealwright_flows.asking import Asker
from dealwright_flows.bureau import LocalBureau
from dealwright_flows.buttons import Buttons
from dealwright_flows.deployments import Deployments
from dealwright_flows.kommo import HOOK, LocalKommo
from dealwright_flows.mail import LocalMail
from dealwright_flows.meta import LocalMeta
from dealwright_flows.receiver import LocalReceiver
from dealwright_flows.recorder import Left, Recorder
from dealwright_flows.selftest import self_test
from dealwright_flows.server import ServerFailed, prefect_of
from dealwright_flows.web import WebProcess
from dealwright_flows.workplace import WebAddress, note_addresses
from dealwright_kommo import Kommo

CrmChoice: TypeAlias = Literal["embedded", "kommo"]
"""The CRM: the one that the target file names, which usually is the embedded one, or a simulated account of Kommo."""

_WATCH: Final = 0.5
_FIRST_RESTART, _LONGEST_RESTART = 1.0, 60.0

_log = logging.getLogger(__name__)


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What Prefect holds at the end, and what it was not told."""

    flow_runs: int = 0
    task_runs: int = 0
    left: int = 0
    away: bool = False


class System:
    """Everything that runs together over one data directory. `say` hears, in plain words, what operators must know."""

    def __init__(
        self,
        data_dir: Path,
        *,
        clock: Clock,
        linger: float,
        say: Callable[[str], None],
        web: WebAddress | None = None,
        crm: CrmChoice = "embedded",
    ) -> None:
        self.data_dir = data_dir
        self.clock = clock
        self.say = say
        self.receiver = LocalReceiver(data_dir, clock=clock)
        self.mail = LocalMail(data_dir, clock=clock)
        self.meta = LocalMeta(data_dir, clock=clock)
        self.bureau = LocalBureau(data_dir, clock=clock)
        self.kommo = LocalKommo(data_dir, clock=clock) if crm == "kommo" else None
        place: dict[str, Any] = {"bureau": self.bureau.url}
        if self.kommo is not None:
            place |= {"target": "kommo", "kommo": self.kommo.url}
        settings = {f"DEALWRIGHT_{name.upper()}": value for name, value in place.items()}
        self.web = (
            None
            if web is None
            else WebProcess(data_dir, web, receiver=self.receiver.url, settings=settings, clock=clock)
        )
        self.project: Project = load_project(
            data_dir=data_dir,
            clock=clock,
            receiver=self.receiver.url,
            mail_port=self.mail.port,
            meta=self.meta.url,
            **place,
        )
        note_addresses(data_dir, receiver=self.receiver.url, mail_port=self.mail.port, meta=self.meta.url, **place)
        self.server = prefect_of(self.project, clock)
        self.journal = self.project.open_journal(clock)
        self.engine = self.project.engine(self.journal, clock=clock, linger=linger)
        self.publisher = Publisher(METERS, data_dir / FOLDER)
        self.recorded = Recorded()
        self.wrong: list[str] = []
        self._prefect_up = asyncio.Event()
        self._prefect_booting = True

    @property
    def _by_prefect(self) -> bool:
        return self.project.driver == "prefect"

    async def start_outside(self) -> None:
        """Start the outside systems of this machine.

        Raises:
            DealwrightError: one ended or stayed silent, or the target file does not use the CRM that was asked for.
        """
        await self.receiver.start()
        await self.mail.start()
        await self.meta.start()
        await self.bureau.start()
        if self.kommo is None:
            return
        served = [
            (each.key, each.crm.settings)
            for each in self.project.accounts
            if isinstance(each.crm, Kommo) and each.crm.installation == self.kommo.url
        ]
        if not served:
            raise InputError(
                "no account of deployments/targets/kommo.toml uses the local server of Kommo: write"
                ' url = "${kommo}" in its [account.<key>.kommo]; for a real account set DEALWRIGHT_TARGET=kommo, and no'
                " --crm"
            )
        ((key, settings),) = served  # no two accounts have one CRM
        self.kommo.furnish(settings, self.project.definitions(key).pipelines)
        await self.kommo.start()
        if self.web is not None:
            await self.kommo.tell(f"{self.web.url}/hooks/{key}/{HOOK}/{{}}")

    async def beforehand(self) -> list[str]:
        """Return, in plain words, what automations would begin with the deals that stand there already.

        Raises:
            DefinitionError: the definitions have errors.
        """
        told: list[str] = []
        for binding in self.project.accounts:
            account = self.project.definitions(binding.key)
            try:
                told += map(str, await beforehand(self.journal, binding.crm, account, self.clock.now()))
            except ConnectorError as error:
                told.append(f"{binding.crm.name} of account {binding.key} was not read: {type(error).__name__}")
        return told

    def prepare(self) -> list[str]:
        """Record releases whose digest changed and shape the CRMs; return what was done, in plain words.

        Raises:
            ReleaseError: a stage that holds deals would have to go, or two automations would be one flow.
            DefinitionError: the definitions have errors.
            JournalError: an account's events in the journal are another CRM's.
        """
        done: list[str] = []
        self.journal.start()
        if not self._by_prefect:  # what another driver asked for nobody waits for any more
            for asked in self.journal.asked_windows():
                self.journal.withdraw_window(asked.id)
        accounts = [self.project.definitions(binding.key) for binding in self.project.accounts]
        names.idents(accounts)
        crms = {binding.key: binding.crm for binding in self.project.accounts}
        for key, crm in crms.items():
            if isinstance(crm, Installed):
                self.journal.claim_crm(key, crm.installation)
        # All are asked before the first is changed: "nothing was changed" is said of every account.
        refused = [
            f"  account {account.key}: {change.what}: {change.refused}"
            for account in accounts
            for change in crms[account.key].shape(account.pipelines, fields=account.own_fields(), apply=False)
            if change.refused
        ]
        if refused:
            raise ReleaseError(
                "the CRM cannot be brought to the definitions:\n"
                + "\n".join(refused)
                + "\nDo what is said there, or keep the stage or field as it was. Nothing was changed."
            )
        for account in accounts:
            crm = crms[account.key]
            made = crm.shape(account.pipelines, fields=account.own_fields(), zone=account.calendar.zone, apply=True)
            done += [change.what for change in made]
            for each in self.project.left_out(account.key):
                if each.refused:
                    self._wrong(f"REFUSED, it does not run: {each}")
                else:
                    done.append(f"not run with {crm.name}: {each}")
            for word in unkept(account):
                self._wrong(f"NOT KEPT yet, messages are sent without it: {word} of account {account.key}")
            behind = self.journal.people(account.key, self.clock.now().date())
            done += [f"{NOBODY}{role}: {set_somebody(role)}" for role in behind.empty(account.roles)]
            if self.journal.record_release(account):
                done.append(f"new release of account {account.key}: {len(account.automations)} automations")
                done += self._judged(account.key)
        return done

    def _judged(self, key: str) -> list[str]:
        """What the rules find does not keep a release from being recorded; it is said once."""
        folder = self.project.account(key).definitions
        found = check(folder).findings
        return [f"`dealwright check {folder}` has {len(found)} findings: {found[0]}"] if found else []

    async def start_prefect(self, progress: Callable[[float], None] | None = None) -> bool:
        """Start Prefect; without it the work goes on, so a failure is said and not raised."""
        try:
            await self.server.start(progress)
        except ServerFailed as error:
            works = "The work waits for it" if self._by_prefect else "The work goes on without Prefect"
            self._wrong(f"{error}\n{works}: no dashboard, no buttons, no record until it runs.")
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
            accounts, place = [binding.key for binding in self.project.accounts], self.project.prefect
            pool = wire.WorkPool(name=place.work_pool, type=place.pool_type) if self._by_prefect else None
            deployments = Deployments(self.journal, api, accounts, pool=pool)
            recorder = Recorder(self.journal, api, deployments, clock=self.clock, booting=lambda: self._prefect_booting)
            buttons = Buttons(self.journal, api, deployments, clock=self.clock, claims=not self._by_prefect)
            asker = Asker(self.journal, api, deployments, accounts, most=place.windows, clock=self.clock)
            beside = [
                asyncio.create_task(work)
                for work in (
                    recorder.run(never),
                    buttons.run(never),
                    *((asker.run(never),) if self._by_prefect else ()),
                    self._watch_local(self.receiver),
                    self._watch_local(self.mail),
                    self._watch_local(self.meta),
                    self._watch_local(self.bureau),
                    *(() if self.kommo is None else (self._watch_local(self.kommo),)),
                    self._watch_web(),
                    self._watch_prefect(),
                    self._test_prefect(),
                    *(self._keep(work, stop) for work in self.project.beside),
                )
            ]
            self.publisher.start()
            try:
                await self.engine.run(stop)
                self.recorded = await self._finish(recorder, patience, tick)
            finally:
                self.publisher.stop()
                for task in beside:
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)

    async def close(self) -> None:
        """End the children and close the journal."""
        self.journal.close()
        for binding in self.project.accounts:
            for connector in binding.connectors:
                await connector.aclose()
        if self.web is not None:
            await self.web.stop()
        if self.kommo is not None:
            await self.kommo.stop()
        local = (self.receiver, self.mail, self.meta, self.bureau)
        await asyncio.gather(self.server.stop(), *(each.stop() for each in local))

    async def _finish(self, recorder: Recorder, patience: float, tick: Callable[[int], None] | None) -> Recorded:
        left: Left = await recorder.drain(patience if self.server.alive else 1.0, tick=tick)
        try:
            flow_runs, task_runs = await recorder.recorded()
        except PrefectError:
            return Recorded(left=left.windows, away=True)
        return Recorded(flow_runs=flow_runs, task_runs=task_runs, left=left.windows, away=left.away)

    async def _keep(self, work: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event) -> None:
        """Run what a connector does beside the engine; if it fails, again, with growing pauses. The engine goes on."""
        pause = _FIRST_RESTART
        while not stop.is_set():
            began = self.clock.monotonic()
            try:
                await work(stop)
            except Exception as error:
                # Not its text: a connector's can hold what customers are called.
                _log.error("what runs beside the engine failed with %s; it is started again", type(error).__name__)
            if self.clock.monotonic() - began > _LONGEST_RESTART:
                pause = _FIRST_RESTART
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)
            pause = min(pause * 2, _LONGEST_RESTART)

    async def _watch_local(self, server: LocalReceiver | LocalMail | LocalMeta | LocalBureau | LocalKommo) -> None:
        """Start an outside system of this machine again if it dies: it has its log."""
        while True:
            await asyncio.sleep(_WATCH)
            if not server.child.alive:
                self.say(f"the local {server.child.name} ended; starting it again")
                with contextlib.suppress(DealwrightError):
                    await server.start()

    async def _watch_web(self) -> None:
        """Start the web process again if it dies, with growing pauses: senders of hooks repeat until it is back."""
        pause = _FIRST_RESTART
        while self.web is not None:
            await asyncio.sleep(_WATCH)
            if self.web.child.alive:
                pause = _FIRST_RESTART
                continue
            self.say(f"the web process ended; starting it again (log: {self.web.child.log})")
            try:
                await self.web.start()
            except DealwrightError as error:
                self.say(str(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_RESTART)

    async def _watch_prefect(self) -> None:
        """Start Prefect, and again if it dies, with growing pauses."""
        pause = _FIRST_RESTART
        while True:
            if self.server.alive:
                pause = _FIRST_RESTART
            elif self._prefect_up.is_set():
                self.say(f"the Prefect server ended; starting it again (log: {self.server.log})")
            if not self.server.alive and not await self.start_prefect():
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
