"""`dealwright crm`: look into the embedded CRM, work in it, import a file; one group per file."""

from __future__ import annotations

import click

from dealwright_embedded_crm.commands.access import tokens, users
from dealwright_embedded_crm.commands.companies import companies
from dealwright_embedded_crm.commands.contacts import contacts
from dealwright_embedded_crm.commands.conversations import conversations, reply
from dealwright_embedded_crm.commands.deals import deals
from dealwright_embedded_crm.commands.fields import fields
from dealwright_embedded_crm.commands.importing import import_
from dealwright_embedded_crm.commands.importing_records import import_records
from dealwright_embedded_crm.commands.pipelines import pipelines, stages
from dealwright_embedded_crm.commands.records import records
from dealwright_embedded_crm.commands.webhooks import webhooks
from dealwright_embedded_crm.commands.work import activities, notes, tasks

__all__ = ["crm", "import_"]


@click.group()
def crm() -> None:
    """Look into the embedded CRM, work in it, import a file."""


for _command in (
    deals,
    records,
    contacts,
    companies,
    conversations,
    reply,
    tasks,
    notes,
    activities,
    pipelines,
    stages,
    fields,
    users,
    tokens,
    webhooks,
    import_,
    import_records,
):
    crm.add_command(_command)
