"""The main job: once, resumed where it was cut off, and never twice."""

import json
import re
import stat
from datetime import date

import pytest
from django.core.management import call_command
from django.utils import timezone

from newsletter import demo, mailbox, steering
from newsletter.auditing import books, imbalances
from newsletter.models import Delivery, Issue
from newsletter.states import IssueState
from subscribers.models import Subscriber
from tests.factories import make_issue, make_reader


@pytest.fixture(autouse=True)
def house(house, settings, db):
    settings.EMAIL_BACKEND = settings.MAILBOX_BACKEND


@pytest.fixture
def catalogue(db):
    call_command("load_sources", verbosity=0)


@pytest.fixture
def kept(tmp_path):
    return tmp_path / "samples.json"


def ignore(done, total):
    """Take progress, as a terminal would."""


def run(kept, today=None):
    """Do what ./run does between preparing and serving; return the issues."""
    seeding = demo.begun_seeding(kept, today or timezone.localdate())
    if seeding is None:
        return []
    issues = demo.seed(seeding, timezone.now())
    for issue in issues:
        demo.send(issue, on_progress=ignore)
    demo.finish(seeding, kept, issues)
    return issues


def messages(settings):
    return len(mailbox.names(settings.MAILBOX_DIR))


def test_a_fresh_house_sends_every_sample_and_the_books_balance(catalogue, kept, settings):
    issues = run(kept)
    assert [issue.state for issue in issues] == [IssueState.SENT] * 4
    accounts = [books(issue) for issue in issues]
    assert all(account.balanced and account.sent for account in accounts)
    assert [imbalances(issue) for issue in issues] == [[], [], [], []]
    assert sum(account.sent for account in accounts) == messages(settings)


def test_readers_get_or_miss_samples_for_the_reasons_they_gave(catalogue, kept, settings):
    *_, daily, weekly = run(kept)
    reasons = dict(
        Delivery.objects.filter(issue=daily, state="skipped").values_list(
            "subscriber__email", "reason"
        )
    )
    assert reasons["farid@example.test"] == "paused"
    assert reasons["dmitri@example.org"] == "filter_empty"
    got = set(
        Delivery.objects.filter(issue=daily, state="sent").values_list(
            "subscriber__email", flat=True
        )
    )
    assert "ada@example.com" in got
    assert not got & {"emi@example.test", "greta@example.com", "hugo@example.net"}
    assert Delivery.objects.get(issue=weekly, subscriber__email="emi@example.test").state == "sent"


def test_two_readers_of_the_same_sources_share_a_variant(catalogue, kept):
    daily = run(kept)[0]
    variants = daily.deliveries.filter(
        subscriber__email__in=["chloe@example.org", "jonas@example.org"]
    ).values_list("variant", flat=True)
    assert len(variants) == 2
    assert len(set(variants)) == 1


def test_a_second_run_on_another_day_sends_nobody_anything(catalogue, kept, settings):
    run(kept, date(2026, 11, 20))
    before = messages(settings)
    assert run(kept, date(2026, 12, 24)) == []
    assert messages(settings) == before
    assert Issue.objects.count() == 4


def test_a_run_that_was_cut_off_is_taken_up_on_another_day(catalogue, kept, settings):
    seeding = demo.begun_seeding(kept, date(2026, 11, 20))
    assert seeding is not None
    first = demo.seed(seeding, timezone.now())[0]
    demo.send(first, on_progress=ignore)
    before = messages(settings)
    issues = run(kept, date(2026, 12, 24))
    assert issues[0] == first
    assert Issue.objects.count() == 4
    assert {issue.state for issue in issues} == {IssueState.SENT}
    twice = Delivery.objects.filter(issue=first, attempts__gt=1)
    assert before == books(first).sent
    assert not twice.exists()


def test_a_sample_that_somebody_cancelled_stays_cancelled(catalogue, kept, settings):
    seeding = demo.begun_seeding(kept, timezone.localdate())
    assert seeding is not None
    issues = demo.seed(seeding, timezone.now())
    steering.cancel(issues[0], now=timezone.now())
    run(kept)
    issues[0].refresh_from_db()
    assert issues[0].state == IssueState.CANCELLED
    assert json.loads(kept.read_text())["finished"] is True


@pytest.mark.parametrize("make", [make_issue, make_reader])
def test_a_house_with_something_of_its_own_gets_no_samples(make, kept):
    make()
    assert demo.begun_seeding(kept, date(2026, 11, 20)) is None


def test_a_database_that_was_deleted_is_seeded_anew(kept):
    demo.Seeding(date(2026, 1, 1), finished=True).write(kept)
    seeding = demo.begun_seeding(kept, date(2026, 11, 20))
    assert seeding == demo.Seeding(date(2026, 11, 20))


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"newest": 5, "finished": 1}', "\x00"])
def test_a_note_that_cannot_be_read_means_that_nothing_is_to_do(content, kept):
    make_reader()
    kept.write_text(content)
    assert demo.begun_seeding(kept, date(2026, 11, 20)) is None


def test_the_table_says_how_many_got_it_and_why_others_did_not(catalogue, kept):
    lines = demo.table((issue.slug, books(issue)) for issue in run(kept))
    assert lines[0].split() == ["audience", "sent", "variants", "seconds", "skipped"]
    assert lines[3].startswith("daily-")
    assert re.search(r"\d filter empty, 1 paused$", lines[3])
    assert lines[-1] == "The books balance."


# --- The editor ----------------------------------------------------------------------------


def test_the_editor_is_made_once_with_a_password_that_only_the_owner_can_read(tmp_path, client):
    path = tmp_path / "editor-password"
    password = demo.editor_password(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert client.login(username="editor", password=password)
    assert demo.editor_password(path) == password


def test_a_password_that_was_changed_is_not_printed_any_more(tmp_path, django_user_model):
    path = tmp_path / "editor-password"
    demo.editor_password(path)
    editor = django_user_model.objects.get(username="editor")
    editor.set_password("another one")
    editor.save()
    assert demo.editor_password(path) is None


def test_a_house_with_a_superuser_of_its_own_gets_no_editor(tmp_path, django_user_model):
    django_user_model.objects.create_superuser("root")
    assert demo.editor_password(tmp_path / "editor-password") is None
    assert not django_user_model.objects.filter(username="editor").exists()


# --- One at a time -------------------------------------------------------------------------


def test_two_main_jobs_never_share_a_folder(tmp_path):
    with (
        demo.alone(tmp_path / "running"),
        pytest.raises(demo.AlreadyRunning, match="already runs in"),
        demo.alone(tmp_path / "running"),
    ):
        pass
    with demo.alone(tmp_path / "running"):
        assert Subscriber.objects.count() == 0
