"""The command that writes an issue as canonical Markdown."""

import io

import pytest
from django.core.management import CommandError, call_command

from newsletter.storing import import_text
from tests.factories import make_issue, make_source, make_story

pytestmark = pytest.mark.django_db


@pytest.fixture
def issue():
    issue = make_issue()
    make_story(issue, make_source(slug="acme", company="Acme"), headline="A story", url="")
    return issue


def export(*args, **options):
    out = io.StringIO()
    call_command("export_issue", *args, stdout=out, **options)
    return out.getvalue()


def test_issue_is_printed_as_canonical_text(issue):
    assert export(issue.slug).splitlines() == [
        "---",
        "kind: daily",
        "date: 2026-11-20",
        "---",
        "",
        "# Engineering @ Scale — 2026-11-20",
        "",
        "## Signal of the Day",
        "",
        "One paragraph that says what matters today.",
        "",
        "## Deep Dives",
        "",
        "### A story",
        "company: Acme",
        "sources: acme",
        "",
        "A body of one sentence.",
        "",
        "## Patterns Across Companies",
        "",
        "One paragraph about what several teams did alike.",
    ]


def test_printed_text_imports_unchanged(issue):
    assert import_text(export(issue.slug)).outcome == "unchanged"


def test_file_is_written_as_utf_8(issue, tmp_path):
    path = tmp_path / "issue.md"
    assert export(issue.slug, output=str(path)) == ""
    assert path.read_bytes().decode("utf-8") == export(issue.slug)


def test_unknown_issue_is_an_error():
    with pytest.raises(CommandError, match="There is no issue daily-1999-01-01"):
        export("daily-1999-01-01")


def test_file_that_cannot_be_written_is_an_error(issue, tmp_path):
    with pytest.raises(CommandError, match="cannot be written"):
        export(issue.slug, output=str(tmp_path / "no" / "such" / "folder"))
