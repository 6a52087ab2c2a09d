"""Everyday use of the CRM by people, the JSON API, the player, the CLI and tests: each call one transaction."""

from __future__ import annotations

from dealwright_embedded_crm.people_access import Access, Write
from dealwright_embedded_crm.people_base import SOMEBODY
from dealwright_embedded_crm.people_companies import Companies
from dealwright_embedded_crm.people_contacts import Contacts
from dealwright_embedded_crm.people_deals import Deals, StageCount
from dealwright_embedded_crm.people_fields import Fields
from dealwright_embedded_crm.people_messages import Conversations
from dealwright_embedded_crm.people_pipelines import Pipelines
from dealwright_embedded_crm.people_records import Records
from dealwright_embedded_crm.people_webhooks import Webhooks
from dealwright_embedded_crm.people_work import Work

__all__ = ["SOMEBODY", "People", "StageCount", "Write"]


class People(Deals, Contacts, Companies, Records, Conversations, Fields, Work, Pipelines, Access, Webhooks):
    """What people do in the CRM; refusals are `Rejected`, and what is not there is `NotFound`.

    Calls inside `with people.together():` are one transaction. The parts are one file each (people_*.py).
    """
