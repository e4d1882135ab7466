"""A revision made ready for readers of each language."""

import pytest
from django.utils import timezone

from newsletter.composing import Composer
from newsletter.editions import composer_of, edition_of
from newsletter.models import Revision
from tests.factories import make_approved_issue

pytestmark = pytest.mark.django_db


@pytest.fixture
def issue():
    composer_of.cache_clear()
    return make_approved_issue()


def language_of(composer: Composer) -> str:
    return composer.rendered.language


@pytest.mark.parametrize(
    ("reader", "mail"), [("en", "en"), ("de", "de"), ("pt", "en"), ("", "en"), ("de-at", "en")]
)
def test_a_reader_gets_the_words_of_their_language_or_else_of_the_house(issue, reader, mail):
    assert language_of(edition_of(issue).composer_for(reader)) == mail


def test_only_the_language_that_is_needed_is_read_and_that_once(issue, django_assert_num_queries):
    edition = edition_of(issue)
    whole = len(str(Revision.objects.values_list("rendered", flat=True).get()))
    with django_assert_num_queries(1) as asked:
        composer = edition.composer_for("de")
    assert edition.composer_for("de") is composer
    assert "'de'" in asked[0]["sql"] or '$."de"' in asked[0]["sql"]
    assert len(str(composer.rendered.to_json())) < whole


def test_languages_that_we_do_not_speak_share_one_composer(issue):
    edition = edition_of(issue)
    assert edition.composer_for("pt") is edition.composer_for("ja") is edition.composer_for("en")


def test_a_revision_from_before_there_was_a_language_serves_in_what_it_has(issue):
    rendered = issue.revisions.get().rendered
    issue.revisions.update(rendered={"en": rendered["en"]})
    assert language_of(edition_of(issue).composer_for("de")) == "en"
    composer_of.cache_clear()
    issue.revisions.update(rendered={"fr": {**rendered["en"], "language": "fr"}})
    assert language_of(edition_of(issue).composer_for("de")) == "fr"


def test_a_revision_in_no_language_is_noticed_before_any_row_is_touched(issue):
    issue.revisions.update(rendered={})
    with pytest.raises(LookupError):
        edition_of(issue)


def test_an_edition_has_the_newest_revision(issue):
    first = issue.revisions.get()
    newest = Revision.objects.create(
        issue=issue,
        number=2,
        content_hash="0" * 64,
        subject=f"Corrected at {timezone.now():%H}",
        content=first.content,
        rendered=first.rendered,
    )
    edition = edition_of(issue)
    assert (edition.revision_id, edition.subject) == (newest.pk, newest.subject)
