"""What preflight finds in an issue, and what it leaves alone."""

from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter.models import Issue
from newsletter.preflight import blocks, check, render_finding, size_findings
from newsletter.preflight.surroundings import days_around
from newsletter.states import IssueState
from tests.factories import make_issue, make_reader, make_source, make_story, make_thread

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def publication(settings):
    settings.POSTAL_ADDRESS = "1 Example Street, Exampleton"
    settings.BASE_HOST = "news.example.org"
    make_reader()


def sound_issue(**fields):
    issue = make_issue(subject="A subject of a good length", **fields)
    make_story(issue, make_source())
    return issue


def codes(issue, now=NOON):
    return [finding.code for finding in check(issue, now=now)]


def found(issue, code, now=NOON):
    return next(finding for finding in check(issue, now=now) if finding.code == code)


def test_a_sound_issue_has_no_finding():
    assert check(sound_issue(), now=NOON) == []


def test_an_issue_without_story_is_blocked():
    issue = make_issue()
    assert found(issue, "no_story").level == "error"
    assert blocks(check(issue, now=NOON))


def test_a_warning_alone_does_not_block():
    assert not blocks(check(sound_issue(opening=""), now=NOON))


def test_an_empty_signal_and_empty_patterns_are_warned_of_by_name():
    findings = check(sound_issue(opening=" ", patterns=""), now=NOON)
    assert [(f.level, f.where) for f in findings] == [
        ("warning", "Signal of the Day"),
        ("warning", "Patterns Across Companies"),
    ]


def test_a_todo_in_the_patterns_blocks():
    finding = found(sound_issue(patterns="TODO: from Monday's daily"), "todo")
    assert (finding.level, finding.where) == ("error", "Patterns Across Companies")


def test_a_word_that_merely_holds_todo_is_no_note():
    assert "todo" not in codes(sound_issue(opening="AUTODOC writes manuals."))


def test_a_story_about_todo_lists_is_no_note():
    issue = sound_issue()
    make_story(issue, make_source(), body="TODO lists in production.")
    assert "todo" not in codes(issue)


@pytest.mark.parametrize(
    ("length", "level"), [(120, None), (121, "warning"), (190, "warning"), (191, "error")]
)
def test_long_headlines_are_warned_of_and_too_long_ones_block(length, level, monkeypatch):
    # Below the column's own limit, which PostgreSQL would not let us pass.
    monkeypatch.setattr("newsletter.preflight.content.HEADLINE_MAX_LENGTH", 190)
    issue = sound_issue()
    make_story(issue, make_source(), headline="h" * length)
    levels = [f.level for f in check(issue, now=NOON) if f.code == "headline_length"]
    assert levels == ([level] if level else [])


def test_a_blank_headline_and_a_blank_body_block_and_say_where():
    issue = sound_issue()
    make_story(issue, make_source(), headline=" ", body=" ", key="blank")
    findings = {f.code: f for f in check(issue, now=NOON)}
    assert findings["headline_length"].level == findings["empty_body"].level == "error"
    assert findings["empty_body"].key == "blank"
    assert findings["empty_body"].where.startswith("Story 2:")


def test_a_thread_without_text_blocks():
    issue = sound_issue(kind="weekly", period_start=DAY - timedelta(days=6))
    make_thread(issue, body="")
    assert found(issue, "empty_body").where.startswith("Thread 1:")


def test_threads_of_a_daily_are_warned_of():
    issue = sound_issue()
    make_thread(issue)
    assert found(issue, "thread_in_daily").level == "warning"


@pytest.mark.parametrize("end", [date.min, date(2026, 11, 20), date.max])
def test_the_days_around_a_day_stay_within_the_calendar(end):
    first, last = days_around(end, timedelta(days=14))
    assert date.min <= first <= end <= last <= date.max


def test_the_same_headline_twice_is_found_whatever_its_case_and_quotes():
    issue = sound_issue()
    make_story(issue, make_source(), headline="It’s Fast")
    make_story(issue, make_source(), headline="it's  fast")
    assert codes(issue).count("headline_twice") == 2


def test_a_story_without_link_is_noted():
    issue = sound_issue()
    make_story(issue, make_source(), url="")
    assert found(issue, "no_link").level == "note"


def test_suggestions_are_listed_with_their_names():
    issue = sound_issue()
    make_story(issue, make_source("Example Blog"), confirmed=False)
    finding = found(issue, "suggested_source")
    assert finding.level == "warning"
    assert "Example Blog" in finding.message


def test_a_story_without_source_is_noted_until_an_editor_says_that_there_is_none():
    issue = sound_issue()
    story = make_story(issue)
    assert found(issue, "unattributed").key == story.key
    story.unattributed = True
    story.save()
    assert "unattributed" not in codes(issue)


@pytest.mark.parametrize("same", [{"url": "https://example.com/one"}, {"headline": "One Story"}])
def test_a_story_of_another_daily_within_two_weeks_is_named(same):
    other = make_issue(end=DAY - timedelta(days=14))
    make_story(other, make_source(), **same)
    issue = sound_issue()
    make_story(issue, make_source(), **same)
    assert other.slug in found(issue, "repeated_story").message


@pytest.mark.parametrize(
    "fields",
    [
        {"end": DAY - timedelta(days=15)},
        {"end": DAY - timedelta(days=1), "state": IssueState.CANCELLED},
        {"kind": "weekly"},
    ],
)
def test_older_cancelled_and_weekly_issues_are_no_repetition(fields):
    make_story(make_issue(**fields), make_source(), url="https://example.com/one")
    issue = sound_issue()
    make_story(issue, make_source(), url="https://example.com/one")
    assert "repeated_story" not in codes(issue)


def test_two_stories_without_address_are_not_the_same():
    make_story(make_issue(end=DAY - timedelta(days=1)), make_source(), url="", headline="Other")
    issue = sound_issue()
    make_story(issue, make_source(), url="", headline="This")
    assert "repeated_story" not in codes(issue)


@pytest.mark.parametrize(("days", "is_late"), [(2, False), (3, True)])
def test_an_issue_older_than_two_days_is_late(days, is_late):
    assert ("late" in codes(sound_issue(), NOON + timedelta(days=days))) is is_late


def test_the_publications_own_day_decides_what_is_late(settings):
    just_before_midnight = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert "late" not in codes(sound_issue(), just_before_midnight)
    settings.TIME_ZONE = "Europe/Zurich"
    assert "late" in codes(Issue.objects.get(), just_before_midnight)


def weekly(start, end):
    issue = make_issue("weekly", end, period_start=start, subject="A subject of a good length")
    make_story(issue, make_source())
    return issue


def test_a_weekly_of_seven_days_next_to_its_neighbours_is_sound():
    weekly(DAY - timedelta(days=13), DAY - timedelta(days=7))
    assert codes(weekly(DAY - timedelta(days=6), DAY)) == []


def test_a_weekly_of_fourteen_days_is_warned_of():
    assert "14 days" in found(weekly(DAY - timedelta(days=13), DAY), "range_length").message


def test_a_gap_and_an_overlap_name_the_neighbour_and_count_the_days():
    before = weekly(DAY - timedelta(days=15), DAY - timedelta(days=9))
    issue = weekly(DAY - timedelta(days=6), DAY)
    gap = found(issue, "range_gap").message
    assert before.slug in gap
    assert gap.startswith("2 days")
    after = weekly(DAY, DAY + timedelta(days=6))
    overlap = found(issue, "range_overlap").message
    assert after.slug in overlap
    assert overlap.startswith("1 day ")


@pytest.mark.parametrize(
    ("subject", "advised"),
    [("s" * 9, True), ("s" * 10, False), ("s" * 78, False), ("s" * 79, True)],
)
def test_advice_on_the_subject_does_not_block(subject, advised):
    issue = sound_issue()
    issue.subject = subject
    levels = [f.level for f in check(issue, now=NOON) if f.code == "subject_length"]
    assert levels == (["note"] if advised else [])


def test_a_missing_postal_address_is_warned_of(settings):
    settings.POSTAL_ADDRESS = " "
    assert found(sound_issue(), "no_postal_address").level == "warning"


def test_real_mail_with_links_to_this_machine_is_warned_of(settings):
    settings.EMAIL_BACKEND, settings.BASE_HOST = settings.SMTP_BACKEND, "localhost"
    assert found(sound_issue(), "local_links").level == "warning"
    settings.BASE_HOST = "news.example.org"
    assert "local_links" not in codes(sound_issue(end=DAY - timedelta(days=1)))
    settings.EMAIL_BACKEND, settings.BASE_HOST = settings.MAILBOX_BACKEND, "localhost"
    assert "local_links" not in codes(sound_issue(end=DAY - timedelta(days=2)))


def test_an_edition_that_nobody_takes_is_noted():
    issue = sound_issue(kind="weekly", period_start=DAY - timedelta(days=6))
    assert "no_reader" not in codes(issue)
    make_reader().__class__.objects.update(wants_weekly=False)
    assert found(issue, "no_reader").level == "note"


def test_errors_come_first():
    issue = sound_issue(opening="", patterns="TODO")
    make_story(issue, make_source(), url="")
    levels = [finding.level for finding in check(issue, now=NOON)]
    assert levels == sorted(levels, key=["error", "warning", "note"].index)


def test_a_long_issue_costs_no_more_queries_than_a_short_one(django_assert_max_num_queries):
    issue = sound_issue()
    for _ in range(31):
        make_story(issue, make_source(), confirmed=False)
    with django_assert_max_num_queries(8):
        check(issue, now=NOON)


@pytest.mark.parametrize(
    ("size", "cut", "expected"),
    [(79_999, 0, []), (80_000, 0, ["size"]), (120_000, 3, ["stories_cut", "size"])],
)
def test_sizes_become_findings_that_do_not_block(size, cut, expected):
    findings = size_findings(size, cut)
    assert [finding.code for finding in findings] == expected
    assert not blocks(findings)


def test_a_text_that_cannot_be_rendered_blocks():
    assert blocks([render_finding("Nested too deeply.")])
