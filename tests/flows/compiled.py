"""Calls a compiled automation as a Prefect flow, in a process of its own; prints what came of it as JSON."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from dealwright.model.window import Window
from dealwright_flows.build import build, check_entrypoint
from tests.flows.fakes import account, window


class Driver:
    """A kernel that has done its window."""

    run_id = ""

    async def run_window(self, account: str, automation: str, *, run_id: str) -> Window:
        self.run_id = run_id
        return window(automation, account=account, run_id=run_id)


async def main() -> None:
    company, driver = account("greet", name="compiled"), Driver()
    flow = build(company, company.automations[0], driver)
    check_entrypoint(flow, build(company, company.automations[0], driver))
    state: Any = await flow(return_state=True)
    told = {"state": [state.type.value, state.name], "run_id": driver.run_id, "version": flow.version}
    print(json.dumps({**told, "entrypoint": flow.fn.__module__}))


if __name__ == "__main__":
    asyncio.run(main())
