"""What servers and providers report afterwards: by the dozen, again, and in any order."""

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from newsletter.bounces import Bounce
from newsletter.models import Delivery, DeliveryEvent
from newsletter.states import DeliveryState, IssueState
from tests.deliveries import NOW, make_delivery, report, sending_issue

pytestmark = pytest.mark.django_db


@pytest.fixture
def issue():
    return sending_issue()


kinds = st.sampled_from([kind.value for kind in DeliveryEvent.Kind if kind != "settled"])


@pytest.mark.parametrize(
    ("kind", "number", "others", "paused"),
    [
        ("bounced", 19, 0, False),
        ("bounced", 20, 0, True),
        ("bounced", 20, 400, False),
        ("complained", 4, 0, False),
        ("complained", 5, 0, True),
    ],
)
def test_a_storm_of_bounces_or_complaints_pauses_the_issue(kind, number, others, paused, issue):
    revision = issue.revisions.get()
    Delivery.objects.bulk_create(
        Delivery(
            issue=issue, state="sent", due_at=NOW, sent_at=NOW, intent_at=NOW, revision=revision
        )
        for _ in range(others)
    )
    for _ in range(number):
        report(make_delivery(issue), kind)
    issue.refresh_from_db()
    assert issue.state == (IssueState.PAUSED if paused else IssueState.SENDING)
    assert ("messages" in issue.state_reason) is paused


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(list(DeliveryState)),
    st.lists(st.tuples(kinds, st.sampled_from(Bounce)), min_size=1, max_size=6),
    st.data(),
)
def test_replayed_and_reordered_reports_end_in_the_same_state(issue, state, told_kinds, data):
    def end(facts):
        with transaction.atomic():
            delivery = make_delivery(issue, state)
            for kind, bounce, key in facts:
                of = bounce if kind == "bounced" else None
                report(delivery, kind, bounce=of, key=str(key))
            row = Delivery.objects.get(pk=delivery.pk)
            ended = (row.state, row.lease_until, row.sent_at, row.subscriber.soft_bounces)
            assert row.events.count() == len({key for _, _, key in facts})
            transaction.set_rollback(True)
            return ended

    facts = [(kind, bounce, key) for key, (kind, bounce) in enumerate(told_kinds)]
    replayed = data.draw(st.lists(st.sampled_from(facts), max_size=4))
    shuffled = data.draw(st.permutations(facts + replayed))
    assert end(shuffled) == end(facts)
