"""Issues that anybody may read, with their web copies."""

from datetime import date

from newsletter.models import WebCopy, WebPassage
from newsletter.publishing import publish
from newsletter.states import IssueState
from tests.factories import make_issue, make_story, noon


def make_public(*sources, kind="daily", end=date(2026, 11, 20), now=None, headlines=(), **fields):
    """Make a sent issue with a story of each source, and publish it at noon of its last day."""
    issue = make_issue(kind, end, state=IssueState.SENT.value, **fields)
    for number, source in enumerate(sources):
        named = {"headline": headlines[number]} if number < len(headlines) else {}
        make_story(issue, *([source] if source else []), **named)
    publish(issue.pk, now=now or noon(issue))
    return issue


def copy_of(issue):
    return WebCopy.objects.filter(issue=issue).first()


def passages(issue):
    return list(WebPassage.objects.filter(copy__issue=issue).order_by("position"))
