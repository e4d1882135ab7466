"""Approving an issue: what readers will get is checked, rendered once and frozen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from newsletter import preflight
from newsletter.content import content_of
from newsletter.models import Issue, Revision
from newsletter.preflight import Finding
from newsletter.publishing import publish
from newsletter.rendering import RenderError, render_all
from newsletter.states import IssueState, WrongState

# An approval freezes; edits after it, until the last mail is sent, freeze anew.
REVISABLE = (IssueState.APPROVED, IssueState.SENDING, IssueState.PAUSED)
# After that an edit is a correction, which those who are welcomed later get.
CORRECTABLE = (IssueState.SENT,)
LATE = "late"


class NotApprovable(Exception):
    """The issue has faults that block approval; ``findings`` says which."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(finding.message for finding in findings))
        self.findings = list(findings)


def approve(issue: Issue, *, now: datetime, confirmed_late: bool = False) -> Revision:
    """Freeze a draft for sending and return the revision.

    Raises NotApprovable where preflight finds an error, or a late issue that was not
    confirmed; WrongState where the issue is no draft any more.
    """
    with transaction.atomic():
        locked = Issue.objects.select_for_update().get(pk=issue.pk)
        if locked.state != IssueState.DRAFT:
            raise WrongState(locked.slug, locked.state, IssueState.APPROVED)
        refuse_faults(locked, now=now, confirmed_late=confirmed_late)
        revision = freeze(locked)
        issue.become(IssueState.APPROVED, approved_at=now, state_reason="")
    return revision


def refuse_faults(issue: Issue, *, now: datetime, confirmed_late: bool) -> None:
    """Raise NotApprovable where preflight finds an error, or a late issue not confirmed."""
    blocking = [
        finding
        for finding in preflight.check(issue, now=now)
        if finding.level == "error" or (finding.code == LATE and not confirmed_late)
    ]
    if blocking:
        raise NotApprovable(blocking)


def withdraw(issue: Issue) -> None:
    """Make an approved issue a draft again; raises WrongState once it is being sent."""
    issue.become(IssueState.DRAFT, approved_at=None)


def revise(issue: Issue, *, now: datetime) -> Revision | None:
    """Freeze what an editor changed after approval, for deliveries not yet sent.

    Returns None where nothing that a reader sees has changed. Raises NotApprovable where the
    edited issue would not be approved either, and readers still get the text from before;
    WrongState outside of approved, sending and paused.
    """
    with transaction.atomic():
        locked = Issue.objects.select_for_update().get(pk=issue.pk)
        if locked.state not in REVISABLE:
            raise WrongState(locked.slug, locked.state, "revised")
        current = locked.revisions.current().first()
        if current is not None and current.content_hash == content_of(locked).content_hash:
            return None
        revision = freeze_anew(locked, now=now)
        publish(locked.pk, now=now)
    return revision


def correct(issue: Issue, *, now: datetime) -> Revision:
    """Freeze what an editor corrected in an issue that was sent, for welcomes to come.

    Readers who have it keep what they got. A correction of the note alone is frozen too, so
    that the newest revision is always later than the newest correction. Raises NotApprovable
    where the corrected issue would not be approved: until it is, it welcomes nobody; WrongState
    where it is not sent.
    """
    with transaction.atomic():
        locked = Issue.objects.select_for_update().get(pk=issue.pk)
        if locked.state not in CORRECTABLE:
            raise WrongState(locked.slug, locked.state, "corrected")
        return freeze_anew(locked, now=now)


def freeze_anew(issue: Issue, *, now: datetime) -> Revision:
    # Whether it is late was asked when it was approved.
    refuse_faults(issue, now=now, confirmed_late=True)
    return freeze(issue)


def freeze(issue: Issue) -> Revision:
    """Render an issue in all languages and store content and blocks as its next revision."""
    content = content_of(issue)
    try:
        rendered = render_all(content)
    except RenderError as exc:
        raise NotApprovable([preflight.render_finding(exc.reason)]) from exc
    newest = issue.revisions.current().first()
    return Revision.objects.create(
        issue=issue,
        number=newest.number + 1 if newest else 1,
        content_hash=content.content_hash,
        subject=content.subject,
        content=content.to_json(),
        rendered={language: blocks.to_json() for language, blocks in rendered.items()},
    )
