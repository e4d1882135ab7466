"""The command that takes digests from files."""

import io
import os
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from newsletter.models import Issue
from newsletter.reading_files import SIZE_LIMIT
from tests.factories import make_source
from tests.newsletter.test_storing import TEXT

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def catalogue():
    make_source("Acme Blog", slug="acme", company="Acme")
    make_source("Corvid Blog", slug="corvid", company="Corvid")


@pytest.fixture
def digest(tmp_path):
    path = tmp_path / "digest.md"
    path.write_text(TEXT, encoding="utf-8")
    return path


def run(*args, **options):
    out = io.StringIO()
    call_command("import_issue", *map(str, args), stdout=out, **options)
    return out.getvalue()


def fail(capsys, *args):
    out = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("import_issue", *map(str, args), stdout=out)
    return out.getvalue(), str(caught.value)


def test_file_is_stored_and_the_last_line_says_so(digest):
    assert run(digest) == f"{digest}: daily-2026-11-20: stored as a new draft\n"
    assert run(digest) == f"{digest}: daily-2026-11-20: nothing changed\n"
    assert Issue.objects.count() == 1


def test_diagnostics_have_file_line_level_and_code(digest):
    digest.write_text(TEXT.replace("Body one.", "Body <b>one</b>."), encoding="utf-8")
    assert run(digest).splitlines()[0] == (
        f"{digest}:12: warning html-as-text “<b>” is HTML and is shown to readers as text. — "
        "Use Markdown, or put it in `code` if it is meant to be seen."
    )


def test_dry_run_stores_nothing(digest):
    assert "would be stored" in run(digest, dry_run=True)
    assert not Issue.objects.exists()


def test_standard_input_is_read_for_a_hyphen(monkeypatch):
    stdin = io.TextIOWrapper(io.BytesIO(TEXT.encode()))
    monkeypatch.setattr("sys.stdin", stdin)
    assert run("-") == "-: daily-2026-11-20: stored as a new draft\n"


def test_good_files_are_stored_though_others_fail(digest, tmp_path, capsys):
    bad = tmp_path / "bad.md"
    bad.write_text(TEXT.replace("sources: corvid", "sources: corvd").replace("-20", "-21"))
    out, told = fail(capsys, bad, digest)
    assert f"{bad}:19: error unknown-source “corvd” is no source. — Did you mean “corvid”?" in out
    assert f"{bad}: refused, nothing was stored" in out
    assert told == f"1 of 2 files were not stored: {bad}"
    assert [issue.slug for issue in Issue.objects.all()] == ["daily-2026-11-20"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "The text is empty"),
        (b"\n  \n", "The text is empty"),
        (TEXT.encode("utf-16"), "UTF-16 (byte 0)"),
        (b"PNG\x00\x01\x02", "zero byte at 3"),
        ("Caf\u00e9 au lait".encode("latin-1"), "byte 3 in line 1 is 0xe9"),
        (b"a" * (SIZE_LIMIT + 1), "larger than 2000000 bytes"),
        (b"Deep Dives\nA line", "There is no title with a date"),
    ],
)
def test_file_that_is_no_digest_gets_a_reason_and_nothing_is_stored(tmp_path, capsys, data, words):
    path = tmp_path / "file"
    path.write_bytes(data)
    out, told = fail(capsys, path)
    assert words in out
    assert out.startswith(f"{path}:1: error ")
    assert str(path) in told
    assert not Issue.objects.exists()


def test_directory_and_missing_file_get_a_reason(tmp_path, capsys):
    assert "This is a directory. Name the files in it." in fail(capsys, tmp_path)[0]
    assert "There is no such file" in fail(capsys, tmp_path / "nothing")[0]
    assert "cannot be read" in fail(capsys, "a\x00b")[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_without_permission_gets_a_reason(digest, capsys):
    digest.chmod(0)
    assert "may not be read" in fail(capsys, digest)[0]


def test_refused_permission_gets_a_reason(digest, capsys, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "may not be read" in fail(capsys, digest)[0]


def test_pipe_is_refused_and_not_waited_for(tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe")
    assert "This is no file" in fail(capsys, tmp_path / "pipe")[0]


def test_title_that_disagrees_is_an_error_and_nothing_is_stored(digest, capsys):
    text = TEXT.replace("---\n\n## Signal", "---\n# Engineering @ Scale — 2026-11-21\n## Signal")
    digest.write_text(text, encoding="utf-8")
    out, _told = fail(capsys, digest)
    assert f"{digest}:5: error title-disagrees" in out
    assert not Issue.objects.exists()


def test_quiet_run_prints_diagnostics_alone(digest):
    assert run(digest, verbosity=0) == ""


def test_real_digests_are_stored(shared_data):
    call_command("load_sources", verbosity=0)
    files = sorted((shared_data / "digests").glob("*.txt"))
    assert run(*files).count("stored as a new draft") == 3
    assert run(*files).count("nothing changed") == 3
    assert sum(issue.stories.count() for issue in Issue.objects.all()) == 33


def test_standard_input_cannot_be_named_twice(capsys):
    assert "only once" in fail(capsys, "-", "-")[1]


@pytest.mark.parametrize("encoding", ["utf-32-le", "utf-32-be"])
def test_utf_32_is_called_by_its_name(tmp_path, capsys, encoding):
    path = tmp_path / "digest.md"
    path.write_bytes(("\ufeff" + TEXT).encode(encoding))
    assert "UTF-32" in fail(capsys, path)[0]


def test_name_that_is_too_long_is_not_repeated_in_the_reason(capsys):
    name = "x" * 5000
    assert fail(capsys, name)[0].count(name) == 1
