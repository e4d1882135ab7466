"""The janitor waits for nobody: what another transaction holds is for the next round."""

from datetime import timedelta

import pytest
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.models.functions import Now
from django.utils import timezone

from newsletter import ledger
from newsletter.models import Delivery, Issue
from newsletter.planning import plan
from newsletter.states import DeliveryState, IssueState
from tests.factories import make_approved_issue, make_reader

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]


@pytest.fixture
def issue():
    for _ in range(3):
        make_reader()
    issue = make_approved_issue()
    plan(issue, now=timezone.now(), at_once=True)
    return issue


@pytest.fixture
def frozen():
    """Another machine's connection, in the middle of a transaction."""
    other = connections.create_connection(DEFAULT_DB_ALIAS)
    other.set_autocommit(False)
    yield other
    other.rollback()
    other.close()


def hold(frozen, pk):
    with frozen.cursor() as cursor:
        cursor.execute("SELECT id FROM newsletter_delivery WHERE id = %s FOR UPDATE", [pk])


def sweep():
    """Sweep; fail, instead of hanging, if that waits for a row."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '1s'")
        return ledger.sweep()


@pytest.mark.parametrize(
    ("state", "deaths", "swept"),
    [
        (DeliveryState.CLAIMED, 0, ledger.Swept(released=2, poisoned=0, doubtful=0)),
        (DeliveryState.CLAIMED, 4, ledger.Swept(released=0, poisoned=2, doubtful=0)),
        (DeliveryState.SENDING, 0, ledger.Swept(released=0, poisoned=0, doubtful=2)),
    ],
)
def test_a_row_that_a_frozen_machine_holds_keeps_no_other_from_being_swept(
    issue, frozen, state, deaths, swept
):
    claim = ledger.claim(issue.pk, now=timezone.now(), size=3)
    Delivery.objects.filter(token=claim.token).update(
        state=state, deaths=deaths, lease_until=Now() - timedelta(seconds=1)
    )
    held = claim.delivery_ids[1]
    hold(frozen, held)
    assert sweep() == swept
    assert list(Delivery.objects.expired().values_list("pk", flat=True)) == [held]
    frozen.rollback()
    again = sweep()
    assert again.released + again.poisoned + again.doubtful == 1
    assert not Delivery.objects.expired().exists()


def test_a_row_that_a_frozen_machine_holds_keeps_no_leftover_from_being_ended(issue, frozen):
    Issue.objects.filter(pk=issue.pk).update(state=IssueState.CANCELLED, finished_at=timezone.now())
    hold(frozen, issue.deliveries.order_by("pk")[1].pk)
    assert sweep().ended == 2
    frozen.rollback()
    assert sweep().ended == 1
