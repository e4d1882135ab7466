"""What is wrong with an issue before it goes out: errors block approval, the rest advises.

Pure questions to the database: nothing is rendered and nothing is changed. What only the
rendering knows (sizes, stories cut, text that cannot be rendered) comes in as values, and so
does what the mailers' limits let leave.
"""

from datetime import datetime

from newsletter.models import Issue
from newsletter.preflight.content import (
    credit_findings,
    parts_findings,
    story_findings,
    subject_findings,
    thread_findings,
)
from newsletter.preflight.findings import (
    Finding,
    Level,
    blocks,
    render_finding,
    size_findings,
)
from newsletter.preflight.pacing import Outlook, pace_findings
from newsletter.preflight.surroundings import (
    period_findings,
    repetition_findings,
    setting_findings,
)

__all__ = [
    "Finding",
    "Level",
    "Outlook",
    "blocks",
    "check",
    "pace_findings",
    "render_finding",
    "size_findings",
]


def check(issue: Issue, *, now: datetime) -> list[Finding]:
    """Return every finding about an issue, errors first. Eight queries at most, no writes."""
    stories = list(issue.stories.prefetch_related("credits__source"))
    findings = [
        *parts_findings(issue, stories),
        *subject_findings(issue, stories),
        *story_findings(stories),
        *credit_findings(stories),
        *repetition_findings(issue, stories),
        *thread_findings(issue),
        *period_findings(issue, now),
        *setting_findings(issue),
    ]
    order: tuple[Level, ...] = ("error", "warning", "note")
    return sorted(findings, key=lambda finding: order.index(finding.level))
