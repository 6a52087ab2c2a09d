"""Says to `dealwright status` whether Prefect answers: the kernel does not know where it is."""

from __future__ import annotations

from typing import Final

import httpx

from dealwright.project import Project
from dealwright_flows.sockets import HOST

_PATIENCE: Final = 2.0


def prefect(project: Project) -> tuple[bool | None, str]:
    """Ask the Prefect server of the project's data directory; None if none has ever run there."""
    try:
        port = int((project.data_dir / "prefect" / "port").read_text("utf-8"))
    except (OSError, ValueError):
        return None, "none has run in this data directory"
    try:
        answer = httpx.get(f"http://{HOST}:{port}/api/health", timeout=_PATIENCE, trust_env=False)
    except httpx.HTTPError as error:
        return False, f"nothing answers on port {port}: {type(error).__name__}"
    if answer.status_code != httpx.codes.OK:
        return False, f"port {port} answers with status {answer.status_code}"
    return True, f"http://{HOST}:{port}"
