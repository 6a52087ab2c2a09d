"""Says to `dealwright status` whether Prefect answers: the kernel does not know where it is."""

from __future__ import annotations

from typing import Final

import httpx

from dealwright.project import Project
from dealwright_flows.sockets import HOST

_PATIENCE: Final = 2.0


def prefect(project: Project) -> tuple[bool | None, str]:
    """Ask the Prefect server of the project; None if none has ever run in its data directory and it names no other."""
    if project.prefect.api_url is not None:
        return _asked(project.prefect.api_url.rstrip("/"))
    try:
        port = int((project.data_dir / "prefect" / "port").read_text("utf-8"))
    except (OSError, ValueError):
        return None, "none has run in this data directory"
    return _asked(f"http://{HOST}:{port}/api")


def _asked(api_url: str) -> tuple[bool, str]:
    url = api_url.removesuffix("/api")
    try:
        answer = httpx.get(f"{api_url}/health", timeout=_PATIENCE, trust_env=False)
    except httpx.HTTPError as error:
        return False, f"nothing answers at {url}: {type(error).__name__}"
    if answer.status_code != httpx.codes.OK:
        return False, f"{url} answers with status {answer.status_code}"
    return True, url
