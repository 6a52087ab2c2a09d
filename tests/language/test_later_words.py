"""Words whose engine part comes later: what they refuse, and times of day, which are there."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dealwright import (
    Account,
    Channel,
    DealFields,
    Limits,
    MessagePolicy,
    date_reached,
    days,
    event,
    hours,
    local,
    message_failed,
    mute,
    no_activity,
    wait,
    wait_until,
)
from dealwright.errors import DefinitionError
from dealwright.language.calendar import next_clock, parse_hours
from dealwright.language.holidays import checked_places
from dealwright.model.calendar import Calendar

deal = DealFields()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: date_reached("close_date"), "takes a day or a moment of the deal, and 'close_date' is none"),
        (lambda: date_reached(deal.title), "takes a day or a moment of the deal, and deal.title is a text"),
        (lambda: date_reached(event.before.close_date), "event.before.close_date is a day"),
        (lambda: date_reached(deal.close_date, before=24), "before of date_reached() is a length of time, not 24"),
        (lambda: date_reached(deal.close_date, before=hours(0)), "before of date_reached() is a length of time"),
        (lambda: date_reached(deal.close_date, before=days(1), after=days(1)), "says before= and after="),
        (lambda: date_reached(deal.created_at, before=days(1)), "deal.created_at is always over"),
        (lambda: no_activity(for_=15), "no_activity() says for how long"),
        (lambda: no_activity(for_=days(0)), "no_activity() says for how long"),
        (lambda: wait_until("a", date_reached(deal.close_date), timeout=days(1)), "only starts automations"),
        (lambda: wait_until("a", message_failed(), timeout=days(1)), "only starts automations"),
        (lambda: wait("a"), "does not say how long"),
        (lambda: wait("a", days(1), until=deal.close_date), "says how long and until when"),
        (lambda: wait("a", days(1), before=days(1)), "says before=, after= or late=, and not until="),
        (lambda: wait("a", until=deal.amount), "until of 'a' takes a day or a moment of the deal"),
        (lambda: wait("a", until=deal.close_date, late="skipp"), "late of 'a' is \"run\" or \"skip\""),
        (lambda: mute("a", who=deal, for_=days(1)), "who of 'a' is a contact"),
        (lambda: mute("a", who=deal.main_contact, for_=30), "for_ of 'a' is a length of time"),
        (lambda: mute("a", who=deal.main_contact, for_=days(0)), "mutes nobody"),
        (lambda: Channel("Kommo chat"), "cannot be the key of a channel"),
        (lambda: MessagePolicy(), "says nothing"),
        (lambda: MessagePolicy(max_per_person={1: 3}), "counts in hours() or days(), not in 1"),
        (lambda: MessagePolicy(max_per_person={days(1): 0}), "whole number from 1"),
        (lambda: MessagePolicy(max_per_person={days(1): 6, days(7): 3}), "6 in 1 days are never reached"),
        (lambda: MessagePolicy(quiet=("20:00",)), "when it begins and when it ends"),
        (lambda: MessagePolicy(quiet=("8pm", "09:00")), "'8pm' is none"),
        (lambda: MessagePolicy(quiet=("09:00", "09:00")), "nothing would ever be sent"),
        (lambda: MessagePolicy(opt_out_words="stop"), "is a list of words"),
        (lambda: MessagePolicy(silent_while_human_talks=12), "is a length of time, not 12"),
        (lambda: MessagePolicy(quiet=("20:00", "09:00"), person=("e-mail",)), "cannot be 'e-mail'"),
        (lambda: MessagePolicy(quiet=("20:00", "09:00"), until_enforced="sent"), "cannot be 'sent'"),
        (lambda: Limits(), "limit nothing"),
        (lambda: Limits(per_hour=0), "whole number from 1"),
        (lambda: Limits(per_hour=True), "whole number from 1"),
        (lambda: Limits(per_hour=50, per_day=40), "50 in an hour are never reached"),
        (lambda: Account("a", zone="UTC", country="US", messages=Limits(per_hour=1)), "messages of an account"),
        (lambda: Account("a", zone="UTC", country="US", limits=Limits), "limits of an account"),
        (lambda: local("6 pm"), "'6 pm' is none"),
        (lambda: local("24:00"), "'24:00' is none"),
        (lambda: wait("a", local("18:00")), "is a length of time, not LocalTime"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_advice(wrong, message):
    with pytest.raises(DefinitionError) as refusal:
        wrong()
    assert message in str(refusal.value)
    assert refusal.value.hint


def test_opt_out_words_are_known_however_they_are_written():
    assert MessagePolicy(opt_out_words=[" STOP ", "stop", "Baja"]).opt_out_words == ("stop", "baja")


CITY = Calendar(zone="America/New_York", spans=parse_hours("Mon-Fri 09:00-18:00"), holidays=checked_places("US"))


@pytest.mark.parametrize(
    ("now", "clock", "wanted"),
    [
        (datetime(2026, 3, 2, 15, 0, tzinfo=UTC), "18:00", datetime(2026, 3, 2, 23, 0, tzinfo=UTC)),
        (datetime(2026, 3, 2, 23, 0, tzinfo=UTC), "18:00", datetime(2026, 3, 3, 23, 0, tzinfo=UTC)),
        # At half past nine in the evening it is the next day in UTC, and not there.
        (datetime(2026, 3, 3, 2, 30, tzinfo=UTC), "22:00", datetime(2026, 3, 3, 3, 0, tzinfo=UTC)),
        # The clock jumps from two to three on 8 March: half past two is the moment it jumps.
        (datetime(2026, 3, 8, 5, 0, tzinfo=UTC), "02:30", datetime(2026, 3, 8, 7, 0, tzinfo=UTC)),
        # It shows half past one twice on 1 November; after the first, the second one is no other day's.
        (datetime(2026, 11, 1, 4, 30, tzinfo=UTC), "01:30", datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
        (datetime(2026, 11, 1, 5, 45, tzinfo=UTC), "01:30", datetime(2026, 11, 2, 6, 30, tzinfo=UTC)),
    ],
)
def test_a_time_of_day_is_the_next_one_on_the_accounts_clock(now, clock, wanted):
    assert next_clock(CITY, now, clock) == wanted


@pytest.mark.parametrize(("given", "near"), [("llegó", "llego"), ("Qué dijo", "que-dijo"), ("caída", "caida")])
def test_a_key_with_marks_on_its_letters_is_advised_without_them(given, near):
    with pytest.raises(DefinitionError) as refusal:
        wait(given, days(1))
    assert refusal.value.hint == f'write "{near}"'
