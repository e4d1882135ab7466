"""What all messages of a round share: an issue's newest revision, ready to be composed."""

from dataclasses import dataclass
from functools import lru_cache

from newsletter.composing import Composer
from newsletter.models import Issue, Revision
from newsletter.rendering import RenderedIssue
from subscribers.models import Source

# Blocks of one issue take about 150 KB; an old revision may still be in use beside the new.
COMPOSERS_KEPT = 4


@dataclass(frozen=True, slots=True)
class Edition:
    """What every message of a round shares: an issue, and the revision that it sends."""

    issue: Issue
    revision_id: int
    subject: str
    composer: Composer
    groups: dict[int, frozenset[int]]


@lru_cache(maxsize=COMPOSERS_KEPT)
def composer_of(revision_id: int, content_hash: str) -> Composer:
    """Return the composer of a revision; a revision never changes, so it is kept.

    The hash keeps it apart from one of the same number that was rolled back.
    """
    rendered = Revision.objects.values_list("rendered", flat=True).get(pk=revision_id)
    return Composer(RenderedIssue.from_json(rendered))


def edition_of(issue: Issue) -> Edition:
    """Return the newest revision of an issue, ready to be composed."""
    revision = issue.revisions.current().only("pk", "subject", "content_hash")[0]
    return Edition(
        issue=issue,
        revision_id=revision.pk,
        subject=revision.subject,
        composer=composer_of(revision.pk, revision.content_hash),
        groups=Source.objects.merge_groups(),
    )
