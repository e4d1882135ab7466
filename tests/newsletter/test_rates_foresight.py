"""What an editor is told before an issue goes out that the mailers' limits hold up."""

from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter import rates
from newsletter.admin.findings import all_findings
from newsletter.content import content_of
from newsletter.preflight import pace_findings
from tests.factories import make_issue, make_reader, make_source, make_story

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def issue():
    for number in range(4):
        make_reader(f"reader{number}@mail.example")
    make_reader("reader@eu.mail.example")
    issue = make_issue(end=DAY, subject="A subject of a good length")
    make_story(issue, make_source())
    return issue


@pytest.fixture(autouse=True)
def mailers(settings):
    """Return a function that sets the limits of each mailer."""
    settings.DAILY_DEADLINE_HOURS, settings.WEEKLY_DEADLINE_HOURS = 24, 48

    def configured(*limits):
        settings.OUTGOING_MAILERS = tuple(
            {"name": f"mailer{number}", "backend": "some.Backend", **values}
            for number, values in enumerate(limits)
        )

    return configured


def told(issue, now=NOON):
    outlook = rates.outlook(issue, now=now)
    return [(f.code, f.message) for f in pace_findings(outlook)] if outlook else []


def test_without_limits_nothing_is_asked_and_nothing_said(
    issue, mailers, django_assert_num_queries
):
    mailers({}, {"share": 0, "per_second": 0.001})
    with django_assert_num_queries(0):
        assert told(issue) == []


def test_more_readers_than_a_day_lets_are_warned_of_with_both_figures(issue, mailers):
    mailers({"per_day": 3}, {"per_day": 1})
    ((code, message),) = told(issue)
    assert code == "more_than_a_day"
    assert "5 readers" in message
    assert "at most 4 mails" in message
    mailers({"per_day": 3}, {"per_day": 2})
    assert told(issue) == []


def test_a_fallback_helps_when_a_day_is_used_up(issue, mailers):
    mailers({"per_day": 3}, {"share": 0})
    assert told(issue) == []


def test_a_warm_up_counts_for_the_day_on_which_the_issue_goes_out(issue, mailers):
    mailers({"warm_up": (DAY, 2, 2.0)})
    assert "at most 2 mails" in told(issue)[0][1]
    assert told(issue, NOON + timedelta(days=2)) == [], "today, where its own day is past"


def test_an_issue_that_takes_longer_than_it_is_news_is_warned_of(issue, mailers):
    mailers({"per_second": 5 / 86_400 / 2})
    assert [code for code, _message in told(issue)] == ["too_slow"]
    assert "it takes at least 48 h until all readers have it" in told(issue)[0][1]
    mailers({"per_second": 5 / 86_400})
    assert told(issue) == []


def test_a_fallback_does_not_help_against_a_slow_pace(issue, mailers):
    mailers({"per_second": 5 / 86_400 / 2}, {"share": 0})
    assert [code for code, _message in told(issue)] == ["too_slow"]


def test_a_slow_mail_domain_is_named_and_only_its_own_readers_count(issue, mailers):
    mailers({"by_domain": {"mail.example": 4 / 86_400 / 3, "other.example": 0.001}})
    ((code, message),) = told(issue)
    assert code == "too_slow"
    assert "at least 72 h until all readers at mail.example have it" in message
    mailers({"by_domain": {"mail.example": 4 / 86_400 / 3}}, {"share": 1})
    assert told(issue) == [], "the other mailer has no limit there"


def test_the_figures_cost_one_question(issue, mailers, django_assert_num_queries):
    mailers({"per_day": 3, "per_second": 1.0, "by_domain": {"mail.example": 1.0}})
    with django_assert_num_queries(1):
        rates.outlook(issue, now=NOON)


def test_an_editor_sees_it_among_the_findings_as_a_warning(issue, mailers):
    mailers({"per_day": 3, "per_second": 0.000_01})
    findings = all_findings(issue, content_of(issue), now=NOON)
    levels = {finding.code: finding.level for finding in findings}
    assert levels["more_than_a_day"] == levels["too_slow"] == "warning"
