"""The admin's way to settle doubtful and failed messages by hand."""

import re

import pytest
from django.urls import reverse
from lxml import html

from newsletter import steering
from newsletter.auditing import books
from newsletter.models import Delivery, DeliveryEvent, Issue
from newsletter.states import DeliveryState, IssueState
from tests.deliveries import NOW, make_delivery, sending_issue, state_of
from tests.newsletter.admin_pages import issue_page, make_staff, text_of

pytestmark = pytest.mark.django_db
LIST = reverse("admin:newsletter_delivery_changelist")


@pytest.fixture
def issue():
    return sending_issue()


@pytest.fixture
def doubtful(issue):
    return make_delivery(issue, DeliveryState.AMBIGUOUS)


def choose(client, name, *rows, **fields):
    """Send the list's form with an action and chosen rows."""
    data = {"action": name, "index": "0", "_selected_action": [row.pk for row in rows], **fields}
    return client.post(LIST, data)


def answer(client, page):
    """Press the button of the page that asks."""
    form = next(
        form
        for form in html.fromstring(page.content.decode()).forms
        if form.inputs is not None and "settled" in form.fields
    )
    data: dict[str, list[str]] = {}
    for name, value in form.form_values():
        data.setdefault(name, []).append(value)
    return client.post(LIST, data, follow=True)


def page_of(delivery):
    return reverse("admin:newsletter_delivery_change", args=[delivery.pk])


def buttons_on(client, delivery):
    page = client.get(page_of(delivery)).content.decode()
    return re.findall(r'name="action"\s+value="(\w+)"', page)


@pytest.mark.parametrize(
    ("name", "expected", "question", "told"),
    [
        ("arrived", "sent", "written down as sent", "1 message was settled."),
        ("not_arrived", "failed", "written down as failed", "1 message was settled."),
        ("send_again", "pending", "may get it twice", "1 message goes out within a minute"),
    ],
)
def test_a_doubtful_message_is_settled_after_a_question(
    admin_client, doubtful, name, expected, question, told
):
    page = choose(admin_client, name, doubtful)
    assert question in text_of(page)
    assert (state_of(doubtful), DeliveryEvent.objects.count()) == ("ambiguous", 0)
    assert told in text_of(answer(admin_client, page))
    assert state_of(doubtful) == expected
    assert DeliveryEvent.objects.get().detail.startswith("admin: ")


def test_a_failed_message_is_tried_again(admin_client, issue):
    failed = make_delivery(issue, DeliveryState.FAILED, reason="refused: 550")
    page = choose(admin_client, "try_again", failed)
    assert "1 message that failed is sent once more" in text_of(page)
    answer(admin_client, page)
    assert state_of(failed) == "pending"
    assert DeliveryEvent.objects.get().detail == "admin: try it again"


def test_who_settled_it_stands_on_the_messages_page(admin_client, doubtful):
    answer(admin_client, choose(admin_client, "arrived", doubtful))
    page = text_of(admin_client.get(page_of(doubtful)))
    assert "settled by an operator admin: it arrived" in page


def test_what_does_not_fit_is_counted_and_left(admin_client, issue, doubtful):
    sent = make_delivery(issue)
    page = choose(admin_client, "arrived", doubtful, sent)
    assert "1 other message that you chose stays as it is" in text_of(page)
    answer(admin_client, page)
    assert [state_of(row) for row in (doubtful, sent)] == ["sent", "sent"]
    assert DeliveryEvent.objects.count() == 1


def test_where_nothing_fits_nothing_is_asked(admin_client, issue):
    sent = make_delivery(issue)
    response = admin_client.post(
        LIST, {"action": "arrived", "_selected_action": [sent.pk]}, follow=True
    )
    assert "Nothing was done: “It arrived” fits none of these messages" in text_of(response)


def test_all_that_are_found_are_settled_without_naming_each(admin_client, issue):
    rows = [make_delivery(issue, DeliveryState.AMBIGUOUS) for _ in range(3)]
    page = choose(admin_client, "arrived", rows[0], select_across="1")
    assert "3 doubtful messages" in text_of(page)
    assert page.content.decode().count("_selected_action") == 1
    answer(admin_client, page)
    assert {state_of(row) for row in rows} == {"sent"}


def test_a_message_that_was_settled_meanwhile_is_not_settled_again(admin_client, doubtful):
    page = choose(admin_client, "send_again", doubtful)
    Delivery.objects.update(state="sent", sent_at=NOW)
    assert "Nothing was done" in text_of(answer(admin_client, page))
    assert state_of(doubtful) == "sent"


def test_its_own_page_offers_what_fits(admin_client, issue, doubtful):
    assert buttons_on(admin_client, doubtful) == ["arrived", "not_arrived", "send_again"]
    assert buttons_on(admin_client, make_delivery(issue)) == []
    Issue.objects.update(state=IssueState.SENT)
    assert buttons_on(admin_client, doubtful) == ["arrived", "not_arrived"]


def test_the_button_of_its_own_page_asks(admin_client, doubtful):
    page = admin_client.post(LIST, {"action": "arrived", "_selected_action": doubtful.pk})
    assert "written down as sent" in text_of(page)


def test_only_who_may_send_issues_may_settle(client, doubtful):
    client.force_login(make_staff("newsletter.view_delivery"))
    assert buttons_on(client, doubtful) == []
    client.post(LIST, {"action": "arrived", "_selected_action": doubtful.pk, "settled": "yes"})
    assert state_of(doubtful) == "ambiguous"
    client.force_login(make_staff("newsletter.view_delivery", "newsletter.send_issue", name="op"))
    client.post(LIST, {"action": "arrived", "_selected_action": doubtful.pk, "settled": "yes"})
    assert state_of(doubtful) == "sent"


def test_to_look_changes_nothing(admin_client, doubtful):
    admin_client.get(LIST, {"action": "arrived", "_selected_action": doubtful.pk, "settled": "yes"})
    assert state_of(doubtful) == "ambiguous"


def test_the_books_and_the_list_say_what_was_missed(admin_client, issue):
    steering.pause(issue)
    reason = "missed: not begun by 2026-11-21 07:00 UTC; 451 come again"
    missed = make_delivery(issue, DeliveryState.FAILED, reason=reason, deadline=NOW)
    make_delivery(issue, DeliveryState.FAILED, reason="refused: 550")
    Issue.objects.update(audience=2)
    assert (books(issue).failed, books(issue).missed) == (2, 1)
    assert "1 of those that failed was missed" in text_of(admin_client.get(issue_page(issue)))
    told = (
        "missed: it could not be sent by 21 November 2026, 07:00 UTC, and was no news after that; "
        "451 come again"
    )
    found = text_of(admin_client.get(LIST, {"reason": "missed"}))
    assert told in found
    assert "refused: 550" not in found
    page = text_of(admin_client.get(page_of(missed)))
    assert "Not sent after 20 November 2026, 12:00 UTC" in page


def test_words_that_only_look_like_a_missed_deadline_are_shown_as_they_are(admin_client, issue):
    for reason in ("missed: not begun by 2026-99-99 99:99 UTC", "missed: the train"):
        row = make_delivery(issue, DeliveryState.FAILED, reason=reason)
        assert reason in text_of(admin_client.get(page_of(row)))
