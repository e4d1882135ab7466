"""From a text to the rows of an issue, in one transaction and as often as one likes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from newsletter.attributing import Catalogue
from newsletter.catalogue import load_sources
from newsletter.crediting import same_as_stored, unknown_sources, unlisted_sources
from newsletter.drafting import create_issue, update_issue
from newsletter.exporting import export_text
from newsletter.models import Issue, SourceAlias, Story, StorySource
from newsletter.models.issues import slug_of
from newsletter.parsing import Diagnostic, ParsedIssue, parse_issue
from newsletter.states import IssueState
from subscribers.models import Source

__all__ = ["Import", "accept_suggestions", "export_text", "import_text", "load_sources"]

Outcome = Literal["created", "updated", "unchanged", "refused"]


@dataclass(frozen=True, slots=True)
class Import:
    """What became of a text. ``issue`` is the stored one, if there is one by now."""

    outcome: Outcome
    issue: Issue | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def has_errors(self) -> bool:
        return any(found.level == "error" for found in self.diagnostics)


def import_text(text: str, *, accept_suggestions: bool = False, dry_run: bool = False) -> Import:
    """Read a digest's text and store it, if nothing in it is an error.

    The same text again is ``unchanged`` and touches no row; a changed one updates a draft,
    whose stories keep their rows as long as their headlines stay. What the text does not
    speak of (subject, a story's address or sources) stays as an editor set it. A text that
    would change an issue that is no draft is ``refused``, as is any text with an error. With
    ``dry_run`` the answer is the same and nothing is stored.
    """
    parse = parse_issue(text, labels=known_labels(), publication=settings.PUBLICATION_NAME)
    if parse.issue is None:
        return Import("refused", None, parse.diagnostics)
    catalogue = Catalogue.load()
    diagnostics = in_order(
        [
            *parse.diagnostics,
            *unknown_sources(parse.issue, catalogue),
            *unlisted_sources(parse.issue, catalogue),
        ]
    )
    if any(diagnostic.level == "error" for diagnostic in diagnostics):
        return Import("refused", stored_issue(parse.issue), diagnostics)
    try:
        result = store(parse.issue, catalogue, accept=accept_suggestions, dry_run=dry_run)
    except IntegrityError:
        # Another import made the same issue between our look and our insert; now it is there.
        result = store(parse.issue, catalogue, accept=accept_suggestions, dry_run=dry_run)
    if dry_run:
        # The rows as they are: what was tried on them is rolled back by now.
        result = replace(result, issue=stored_issue(parse.issue))
    return replace(result, diagnostics=in_order([*diagnostics, *result.diagnostics]))


def in_order(diagnostics: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(sorted(diagnostics, key=lambda found: found.line))


def known_labels() -> frozenset[str]:
    """Return the labels that sources, aliases and stories have.

    Stories of drafts do not count: a label that was guessed there, and that no editor has
    approved, would make the next guess look certain.
    """
    labels = set(SourceAlias.objects.values_list("label", flat=True))
    for name, company in Source.objects.values_list("name", "company"):
        labels |= {name, company}
    approved = Story.objects.exclude(issue__state__in=[IssueState.DRAFT, IssueState.CANCELLED])
    labels.update(approved.exclude(company="").values_list("company", flat=True).distinct())
    return frozenset(labels)


def stored_issue(parsed: ParsedIssue) -> Issue | None:
    return Issue.objects.filter(slug=slug_of(parsed.kind, parsed.period_end)).first()


@transaction.atomic
def store(parsed: ParsedIssue, catalogue: Catalogue, *, accept: bool, dry_run: bool) -> Import:
    """Bring the issue's rows up to the text, under a lock on the issue."""
    slug = slug_of(parsed.kind, parsed.period_end)
    known = Issue.objects.select_for_update().filter(slug=slug).first()
    if known is not None and known.state != IssueState.DRAFT:
        return answer_for_frozen(known, parsed, catalogue)
    result = create_or_update(known, parsed, catalogue)
    if accept and result.issue and accept_suggestions(result.issue):
        outcome: Outcome = "created" if result.outcome == "created" else "updated"
        result = replace(result, outcome=outcome)
    if dry_run:
        transaction.set_rollback(True)
    return result


def create_or_update(known: Issue | None, parsed: ParsedIssue, catalogue: Catalogue) -> Import:
    if known is None:
        return Import("created", create_issue(parsed, catalogue), ())
    changed, gone = update_issue(known, parsed, catalogue)
    return Import(
        "updated" if changed else "unchanged",
        known,
        tuple(removal(story, parsed) for story in gone),
    )


def removal(story: Story, parsed: ParsedIssue) -> Diagnostic:
    """Tell of a story that went, at the line of the one that stands in its place."""
    there = parsed.stories[min(story.position, len(parsed.stories) - 1)]
    return Diagnostic(
        there.line,
        "review",
        "story-removed",
        _("“%(headline)s” is not in the text any more; it was removed, with its sources.")
        % {"headline": story.headline},
        _("A story whose headline changed is a new one: see to its sources again."),
    )


def answer_for_frozen(issue: Issue, parsed: ParsedIssue, catalogue: Catalogue) -> Import:
    """Refuse a text for an issue that is no draft; the very same text is merely unchanged."""
    if same_as_stored(issue, parsed, catalogue):
        return Import("unchanged", issue, ())
    message, hint = {
        IssueState.APPROVED: (
            _("%(slug)s is approved, and the text differs from it."),
            _("Withdraw the approval first, then import again."),
        ),
        IssueState.SENDING: (
            _("%(slug)s is being sent, and the text differs from it."),
            _("What is being sent is frozen. Correct the web copy after it was sent."),
        ),
        IssueState.PAUSED: (
            _("%(slug)s is paused while being sent, and the text differs from it."),
            _("What is being sent is frozen. Correct the web copy after it was sent."),
        ),
        IssueState.SENT: (
            _("%(slug)s was sent, and the text differs from it."),
            _("Correct its web copy in the admin, with a note."),
        ),
        IssueState.CANCELLED: (
            _("%(slug)s was cancelled, and the text differs from it."),
            _("A cancelled issue stays as it is."),
        ),
    }[IssueState(issue.state)]
    error = Diagnostic(1, "error", "not-a-draft", message % {"slug": issue.slug}, hint)
    return Import("refused", issue, (error,))


def accept_suggestions(issue: Issue) -> int:
    """Confirm every suggested source of the issue's stories; return how many there were."""
    return StorySource.objects.filter(story__issue=issue, confirmed=False).update(confirmed=True)
