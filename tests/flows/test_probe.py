"""Whether Prefect answers, as `dealwright status` is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from dealwright.project import Project
from dealwright_flows.probe import prefect
from dealwright_flows.sockets import free_port


def project(folder: Path, port: object) -> Project:
    """Return a project in whose data directory a server has run on a port."""
    if port is not None:
        (folder / "prefect").mkdir()
        (folder / "prefect" / "port").write_text(str(port))
    return Project(data_dir=folder, journal_url="", accounts=())


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    """A server that is healthy at /api/health, and nowhere else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/api/health" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    made = HTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=made.serve_forever)
    serving.start()
    yield made
    made.shutdown()
    serving.join()
    made.server_close()


def test_a_server_that_answers_is_named(tmp_path: Path, server: HTTPServer) -> None:
    assert prefect(project(tmp_path, server.server_port)) == (True, f"http://127.0.0.1:{server.server_port}")


def test_a_server_that_is_gone_does_not_answer(tmp_path: Path) -> None:
    port = free_port()
    answers, why = prefect(project(tmp_path, port))
    assert answers is False
    assert str(port) in why


@pytest.mark.parametrize("port", [None, "", "none"])
def test_where_none_has_run_nothing_is_known(tmp_path: Path, port: object) -> None:
    assert prefect(project(tmp_path, port))[0] is None
