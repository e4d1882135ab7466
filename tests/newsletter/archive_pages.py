"""What tests of the public archive share."""

import re
from datetime import UTC, datetime, timedelta

from newsletter.publishing import publish_all
from newsletter.states import IssueState
from tests.factories import make_issue

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def sent(kind="daily", **fields):
    return make_issue(kind, state=IssueState.SENT.value, **fields)


def get(client, url, **how):
    """Ask for a page after what the factories made was published, as sending would do."""
    publish_all(NOW)
    return client.get(url, **how)


def text_of(client, url):
    response = get(client, url)
    assert response.status_code == 200
    return response.content.decode()


def words_of(page):
    """Return a page's text as it is read, without its tags."""
    return " ".join(re.sub(r"<[^>]*>", "", page).split())
