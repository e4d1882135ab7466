"""Preflight's findings together with those that only the rendering and the mailers can tell."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from newsletter import preflight, rates
from newsletter.admin.preview import LANGUAGES, rendered
from newsletter.composing import Composer
from newsletter.content import IssueContent
from newsletter.models import Issue
from newsletter.preflight import Finding, Level
from newsletter.rendering import RenderError, encoded_size
from subscribers.audience import Choice


@dataclass(frozen=True, slots=True)
class Group:
    """All findings of one level, with the level in words."""

    level: Level
    title: str
    findings: tuple[Finding, ...]


def all_findings(issue: Issue, content: IssueContent, *, now: datetime) -> list[Finding]:
    """Return what is wrong with an issue, errors first; renders it if nothing has yet."""
    found = preflight.check(issue, now=now)
    if outlook := rates.outlook(issue, now=now):
        found += preflight.pace_findings(outlook)
    try:
        mails = [rendered(content, language) for language in LANGUAGES]
    except RenderError as exc:
        return [preflight.render_finding(exc.reason), *found]
    cut = max(Composer(mail).compose(Choice.everything()).more for mail in mails)
    return found + preflight.size_findings(max(map(encoded_size, mails)), cut)


def grouped(findings: list[Finding]) -> list[Group]:
    """Return findings by level, the gravest first; a level without any is left out."""
    titles: dict[Level, str] = {
        "error": _("Must be mended before approval"),
        "warning": _("Worth a look"),
        "note": _("Good to know"),
    }
    groups = (
        Group(level, title, tuple(f for f in findings if f.level == level))
        for level, title in titles.items()
    )
    return [group for group in groups if group.findings]
