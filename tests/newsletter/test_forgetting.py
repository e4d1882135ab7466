"""What mail servers said of a reader who was forgotten."""

import pytest

from newsletter.states import DeliveryState
from subscribers.forgetting import forget
from tests.deliveries import NOW, make_delivery, report, sending_issue
from tests.factories import make_reader

pytestmark = pytest.mark.django_db

State = DeliveryState
# What a server may say of somebody, without an address in it.
ADA = "550 Ada Lovelace works here: no more, not since the 10th"


@pytest.mark.parametrize(
    ("state", "reason", "kept"),
    [
        (State.FAILED, f"refused: {ADA}", "refused: …"),
        (State.FAILED, f"recipient refused: {ADA}", "recipient refused: …"),
        (State.FAILED, f"given up after 6 attempts: {ADA}", "given up after 6 attempts: …"),
        (State.FAILED, f"compose: ValueError: {ADA}", "compose: …"),
        (State.FAILED, f"missed: {ADA}", "missed: …"),
        (State.FAILED, ADA, "…"),
        (State.FAILED, "poison: 5 workers died", "poison: 5 workers died"),
        (State.BOUNCED, ADA, "…"),
        (State.PENDING, ADA, "…"),
        (State.AMBIGUOUS, ADA, "…"),
        (State.AMBIGUOUS, "the worker died or stopped", "the worker died or stopped"),
        (
            State.CANCELLED,
            f"not sent, and the issue was closed meanwhile: {ADA}",
            "not sent, and the issue was closed meanwhile: …",
        ),
        (State.CANCELLED, "the issue was cancelled", "the issue was cancelled"),
        (State.SKIPPED, "unsubscribed", "unsubscribed"),
        (State.SENT, "", ""),
    ],
)
def test_words_of_ours_stay_in_the_books_and_those_of_servers_go(state, reason, kept):
    delivery = make_delivery(sending_issue(), state, reason=reason, reply=ADA)
    forget(delivery.subscriber_id)
    delivery.refresh_from_db()
    assert (delivery.subscriber_id, delivery.state, delivery.reason) == (None, state, kept)
    assert delivery.reply == ""


def test_what_providers_said_goes_and_what_they_reported_stays():
    delivery = make_delivery(sending_issue())
    report(delivery, "deferred", detail=ADA)
    report(delivery, "bounced", detail=ADA)
    delivery.events.create(key="a", kind="settled", at=NOW, detail="the server's log has it")
    forget(delivery.subscriber_id)
    assert list(delivery.events.order_by("kind").values_list("kind", "detail", "bounce")) == [
        ("bounced", "", "soft"),
        ("deferred", "", ""),
        ("settled", "the server's log has it", ""),
    ]


def test_what_was_said_of_others_stays():
    reader = make_reader()
    other = make_delivery(sending_issue(), reply=ADA)
    report(other, "bounced", detail=ADA)
    forget(reader.pk)
    other.refresh_from_db()
    assert (other.reply, other.reason, other.events.get().detail) == (ADA, ADA, ADA)
