"""Calls a compiled automation as a Prefect flow, in a process of its own; prints what came of it as JSON."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from dealwright.clock import SystemClock
from dealwright.compile.digest import behaviour_digest
from dealwright.model.window import Window
from dealwright_flows import telling
from dealwright_flows.build import CompiledFlow, build, check_entrypoint
from dealwright_flows.carrier import prefect
from tests.flows.fakes import account, window


class Driver:
    """A kernel that has done its window."""

    run_id = ended = ""

    async def carry(self, account: str, automation: str, *, run_id: str, asked: str | None) -> Window | None:
        assert asked is None
        self.run_id = run_id
        worked = window(automation, account=account, run_id=run_id)
        async with prefect() as api:
            await telling.post_steps(api, worked)
            assert await telling.steps_seen(api, worked, SystemClock())
            await telling.tell(api, worked, (), (), late=False)
        return worked

    def recorded(self, run_id: str) -> None:
        self.ended = run_id


async def main() -> None:
    company, driver = account("greet", name="compiled"), Driver()
    greet = company.automations[0]

    def built() -> CompiledFlow:
        return build(company.key, greet.key, driver, version=behaviour_digest(greet), why=greet.why)

    flow = built()
    check_entrypoint(flow, built())
    state: Any = await flow(return_state=True)
    assert driver.ended == driver.run_id
    told = {"state": [state.type.value, state.name], "run_id": driver.run_id, "version": flow.version}
    print(json.dumps({**told, "entrypoint": flow.fn.__module__}))


if __name__ == "__main__":
    asyncio.run(main())
