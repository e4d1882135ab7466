"""Readers who leave at the last moment, spell their address otherwise, or cannot be written to."""

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from newsletter.auditing import books
from newsletter.ledger import claim, release
from newsletter.sending import drain
from newsletter.steering import send_now
from newsletter.ticking import close_finished
from subscribers.addresses import normalised
from subscribers.choices import Choices
from subscribers.models import ConsentEvent, Subscriber
from subscribers.subscribing import confirm, subscribe, unsubscribe
from tests.factories import make_reader, make_source
from tests.faults.reckoning import reckon
from tests.sends import prepared, through
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("moment", ["before the claim", "in a worker's hands", "during a send"])
def test_who_leaves_after_the_snapshot_gets_nothing_more(moment, settings):
    staying = make_reader("ada@example.com")
    leaving = make_reader("bob@example.com")
    issue = prepared(make_source())
    send_now(issue, now=timezone.now())

    def leave(done=None):
        origin = ConsentEvent.Origin.ONE_CLICK
        unsubscribe(leaving.pk, now=timezone.now(), origin=origin)

    with SmtpServer() as server:
        through(server, settings)
        if moment == "before the claim":
            leave()
            drain(issue.pk)
        elif moment == "during a send":
            # While the server had the message before theirs.
            drain(issue.pk, on_progress=leave)
        else:
            held = claim(issue.pk, now=timezone.now())
            leave()
            release(held.token)
            drain(issue.pk)
    reckon(issue, [recipient for recipient, _ in server.taken], sent=1, skipped=1)
    assert issue.deliveries.get(subscriber=staying).state == "sent"
    assert issue.deliveries.get(subscriber=leaving).reason == "unsubscribed"


def test_a_reader_for_whom_no_mail_can_be_made_fails_alone_and_visibly(settings):
    for name in ("ada", "poison", "zoe"):
        make_reader(f"{name}@example.com")
    # An address that a header cannot hold, as an import of another program's may leave it.
    poison = "poison\r\nbcc: zoe@example.com"
    Subscriber.objects.filter(email="poison@example.com").update(email=poison)
    issue = prepared(make_source())
    send_now(issue, now=timezone.now())
    with SmtpServer() as server:
        through(server, settings)
        for _ in range(3):
            drain(issue.pk)
    reckon(issue, [recipient for recipient, _ in server.taken], sent=2, failed=1)
    failed = issue.deliveries.get(state="failed")
    assert failed.subscriber.email == poison
    assert failed.reason.startswith("compose: ")
    assert books(issue).failed == 1


def spellings(address: str) -> st.SearchStrategy[str]:
    """Give an address as people type it: capitals, and blanks at its ends."""
    letters = [st.sampled_from([letter, letter.upper()]) for letter in address]
    blanks = st.sampled_from(["", " ", "\n", "\u200b"])
    return st.tuples(blanks, st.tuples(*letters).map("".join), blanks).map("".join)


addresses = st.from_regex(
    r"[a-z0-9]{1,12}([.+-][a-z]{1,5})?@[a-zäöü]{1,12}\.(com|org|example)", fullmatch=True
)


@hypothesis_settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_one_person_is_one_reader_however_the_address_is_spelled(data):
    address = data.draw(addresses)
    typed = data.draw(st.lists(spellings(address), min_size=2, max_size=4))
    with transaction.atomic():
        for spelling in typed:
            subscribe(normalised(spelling), Choices(), now=timezone.now())
            for reader in Subscriber.objects.all():
                confirm(reader.pk, now=timezone.now())
        assert Subscriber.objects.count() == 1
        transaction.set_rollback(True)


def test_an_empty_digest_is_recorded_and_not_sent():
    source = make_source("The Rope Yard")
    make_reader("ada@example.com", sources=[make_source("Signal Hill")])
    issue = prepared(source)
    send_now(issue, now=timezone.now())
    drain(issue.pk)
    reckon(issue, [message.to[0] for message in mail.outbox], skipped=1)
    assert issue.deliveries.get().reason == "filter_empty"
    assert books(issue).skipped == {"filter_empty": 1}
    close_finished(timezone.now())
    issue.refresh_from_db()
    assert issue.state == "sent"
