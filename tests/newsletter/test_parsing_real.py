"""Real digests, where this machine has them: every headline, company and body."""

import csv
import json

import pytest

from newsletter.catalogue import SOURCES_FILE, seeded_aliases
from newsletter.parsing import parse_issue, write_canonical

NAMES = ["daily-2026-04-06", "daily-2026-04-30", "weekly-2026-05-01"]
DOUBTS = ("review", "error")


def labels():
    with SOURCES_FILE.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    named = {row["name"] for row in rows} | {row["company"] for row in rows}
    return frozenset(named | {label for label, _slug in seeded_aliases()})


def read(shared_data, name, known):
    text = (shared_data / "digests" / f"{name}.txt").read_text(encoding="utf-8")
    expected = json.loads((shared_data / "expected" / f"{name}.json").read_text(encoding="utf-8"))
    return parse_issue(text, labels=known), expected


def blocks(expected, kind):
    return [block for block in expected["blocks"] if block["kind"] == kind]


def told(expected):
    return [story for block in blocks(expected, "stories") for story in block["stories"]]


@pytest.mark.parametrize("name", NAMES)
def test_every_part_equals_what_was_checked_by_hand(shared_data, name):
    parse, expected = read(shared_data, name, labels())
    issue = parse.issue
    assert not parse.has_errors
    assert (issue.kind, f"{issue.period_start}", f"{issue.period_end}") == (
        expected["kind"],
        expected["period_start"],
        expected["period_end"],
    )
    assert [(story.headline, story.company, story.body) for story in issue.stories] == [
        (story["headline"], story["company"], story["body"]) for story in told(expected)
    ]
    threads = [thread for block in blocks(expected, "threads") for thread in block["threads"]]
    assert [(thread.title, thread.body) for thread in issue.threads] == [
        (thread["title"], thread["body"]) for thread in threads
    ]
    openings = [*blocks(expected, "signal"), *blocks(expected, "review")]
    assert issue.opening == openings[0]["body"]
    assert issue.patterns == blocks(expected, "patterns")[0]["body"]
    assert list(issue.listed_sources) == (expected["sources_list"] or [])


def test_all_thirty_three_stories_and_two_threads_are_there(shared_data):
    issues = [read(shared_data, name, labels())[0].issue for name in NAMES]
    assert sum(len(issue.stories) for issue in issues) == 33
    assert sum(len(issue.threads) for issue in issues) == 2


@pytest.mark.parametrize("name", NAMES)
def test_without_any_known_label_every_wrong_story_is_reported_at_its_line(shared_data, name):
    parse, expected = read(shared_data, name, frozenset())
    reported = {found.line for found in parse.diagnostics if found.level in DOUBTS}
    assert len(parse.issue.stories) == len(told(expected))
    for story, right in zip(parse.issue.stories, told(expected), strict=True):
        if (story.headline, story.company, story.body) != (
            right["headline"],
            right["company"],
            right["body"],
        ):
            assert story.line in reported


@pytest.mark.parametrize("name", NAMES)
def test_canonical_text_gives_the_same_issue(shared_data, name):
    issue = read(shared_data, name, labels())[0].issue
    assert parse_issue(write_canonical(issue)).issue == issue
