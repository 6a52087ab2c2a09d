"""Meta in a project: the target file's table becomes a connector, and rules that need it are refused without it."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import pytest

from dealwright.clock import SystemClock
from dealwright.errors import DefinitionError
from dealwright.project import AccountBinding, Project
from dealwright.testing.scripted import ScriptedConnector
from dealwright_embedded_crm import EmbeddedCrm
from dealwright_meta import MetaConnector

ROOT = Path(__file__).resolve().parents[2]
COMPANY = """
from dealwright import *

deal = DealFields()


class Sales(Pipeline, key="sales", name="Sales"):
    incoming = Incoming()
    won = Won("Won")
    lost = Lost("Lost", reasons=["Price"])


told = Automation(
    key="told",
    on=entered(Sales.won),
    when=[deal.amount > 0, deal.main_contact.phone.is_set()],
    do=[branch("big", case(deal.amount > 100, send_conversion("buy", event="Purchase", value=deal.amount)))],
)
acme = Account("acme", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[told])
"""


def project(folder: Path, *connectors: Any) -> Project:
    (folder / "company").mkdir(exist_ok=True)
    (folder / "company" / "rules.py").write_text(COMPANY)
    crm = EmbeddedCrm(f"sqlite:///{folder / 'crm.db'}", SystemClock())
    binding = AccountBinding(
        key="acme", definitions=folder / "company", crm=crm, feeds=(crm,), connectors=(crm, *connectors)
    )
    return Project(data_dir=folder, journal_url=f"sqlite:///{folder / 'journal.db'}", accounts=(binding,))


def test_a_rule_that_tells_conversions_needs_somebody_to_tell(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError) as refusal:
        project(tmp_path).definitions("acme")
    assert "rules.py:13: automation 'told' tells of a conversion" in str(refusal.value)
    assert "[account.acme.meta]" in str(refusal.value)
    whole = project(tmp_path, ScriptedConnector(["send_conversion"])).definitions("acme")
    assert [automation.key for automation in whole.automations] == ["told"]


def test_the_local_target_tells_the_reference_companys_sales_to_the_local_server(tmp_path: Path) -> None:
    root = tmp_path / "deployments" / "project.py"
    shutil.copytree(ROOT / "deployments", root.parent)
    shutil.copytree(ROOT / "pipeline_defs", tmp_path / "pipeline_defs", ignore=shutil.ignore_patterns("tests"))
    spec = importlib.util.spec_from_file_location("somebodys_project", root)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: Project = module.project(target="local", data_dir=tmp_path / "data", meta="http://127.0.0.1:1")
    (meta,) = [each for each in made.account("acme").connectors if isinstance(each, MetaConnector)]
    assert meta._settings.endpoint == "http://127.0.0.1:1/v25.0/1000000000000001/events"
    assert "won-to-meta" in {automation.key for automation in made.definitions("acme").automations}
