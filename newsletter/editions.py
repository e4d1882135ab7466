"""What all messages of a round share: an issue's newest revision, ready to be composed."""

from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.db.models.fields.json import KeyTransform

from newsletter.composing import Composer
from newsletter.models import Issue, Revision
from newsletter.rendering import RenderedIssue
from subscribers.models.sources import Source, followed, grouped
from subscribers.prepared import given, question

# Blocks of one issue take about 150 KB: for a daily and a weekly, each in two languages, an old
# revision may still be in use beside the new.
COMPOSERS_KEPT = 8
LANGUAGES = frozenset(language for language, _name in settings.LANGUAGES)


@dataclass(frozen=True, slots=True)
class Edition:
    """What every message of a round shares: an issue, and the revision that it sends."""

    issue: Issue
    revision_id: int
    content_hash: str
    subject: str
    groups: dict[int, frozenset[int]]

    def composer_for(self, language: str) -> Composer:
        """Return what composes for readers of a language.

        One that we have no words in gives the mails of settings.LANGUAGE_CODE.
        """
        known = language if language in LANGUAGES else settings.LANGUAGE_CODE
        return composer_of(self.revision_id, self.content_hash, known)


@lru_cache(maxsize=COMPOSERS_KEPT)
def composer_of(revision_id: int, content_hash: str, language: str) -> Composer:
    """Return the composer of a revision in a language; a revision never changes, so it is kept.

    The hash keeps it apart from one of the same number that was rolled back. A revision from
    before there was this language serves in settings.LANGUAGE_CODE, or in what it has. Raises
    LookupError where it has none.
    """
    rows = Revision.objects.filter(pk=revision_id)
    for key in (language, settings.LANGUAGE_CODE):
        # Only this language is read: the others are as large.
        rendered = rows.values_list(KeyTransform(key, "rendered"), flat=True).get()
        if rendered is not None:
            return Composer(RenderedIssue.from_json(rendered))
    everything = rows.values_list("rendered", flat=True).get()
    for rendered in everything.values():
        return Composer(RenderedIssue.from_json(rendered))
    raise LookupError(f"revision {revision_id} was rendered in no language")


CURRENT = question(
    lambda: (
        Revision.objects.filter(issue=given(Revision, "issue"))
        .current()
        .values_list("pk", "subject", "content_hash")[:1]
    )
)

MERGES = question(lambda: Source.objects.order_by().values_list("pk", "merged_into"))


def edition_of(issue: Issue) -> Edition:
    """Return the newest revision of an issue, ready to be composed.

    Raises LookupError where it cannot be: no message of it can be made.
    """
    revision_id, subject, content_hash = CURRENT.rows(issue=issue.pk)[0]
    edition = Edition(
        issue=issue,
        revision_id=revision_id,
        content_hash=content_hash,
        subject=subject,
        groups=grouped(followed(dict(MERGES.rows()))),
    )
    edition.composer_for(settings.LANGUAGE_CODE)
    return edition
