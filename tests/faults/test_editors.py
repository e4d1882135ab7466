"""Editors who pause, cancel and edit while an issue goes out, and content that kills."""

import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from email import message_from_bytes, policy

import pytest
from django.utils import timezone

from newsletter.approving import revise
from newsletter.ledger import CLAIM_SIZE
from newsletter.models import Revision, Story
from newsletter.sending import drain
from newsletter.steering import send_now
from tests.factories import make_reader, make_source
from tests.faults.reckoning import reckon
from tests.installation import PATIENCE_SECONDS, ROOT, RUN_DELIVERY, SLUG, Installation
from tests.sends import prepared, through
from tests.smtp import Script, SmtpServer

WORKERS = 3
READERS = 300
EFFECT_SECONDS = 1.0
# An editor at the desk: does what each line says, and tells when that was done. The clock is
# one for all processes of a machine.
EDITOR = """
import sys
from time import monotonic
from django.utils import timezone
from newsletter import steering
from newsletter.models import Issue
steps = {
    "pause": lambda issue: steering.pause(issue),
    "resume": lambda issue: steering.resume(issue, now=timezone.now()),
    "cancel": lambda issue: steering.cancel(issue, now=timezone.now()),
}
for line in iter(sys.stdin.readline, ""):
    steps[line.strip()](Issue.objects.get())
    print(monotonic(), flush=True)
"""


@contextmanager
def editor_of(house):
    """Give a function that has an editor do a step, and returns when it was done."""
    command = [sys.executable, "manage.py", "shell", "--verbosity=0", "-c", EDITOR]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=house.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as editor:

        def steer(step):
            editor.stdin.write(f"{step}\n")
            editor.stdin.flush()
            return float(editor.stdout.readline())

        yield steer


class Noting(Script):
    """Answers as usual, and writes down when each message began."""

    def __init__(self):
        super().__init__()
        self.begun = []

    def answer(self, step, usual):
        if step == "mail":
            self.begun.append(time.monotonic())
        return super().answer(step, usual)

    def wait_for(self, more):
        """Wait until so many more messages have begun."""
        enough, deadline = len(self.begun) + more, time.monotonic() + PATIENCE_SECONDS
        while len(self.begun) < enough:
            assert time.monotonic() < deadline, "the workers do not begin"
            time.sleep(0.05)

    def begun_after(self, moment):
        return [begun - moment for begun in self.begun if begun > moment]


@pytest.mark.soak
def test_a_pause_or_a_cancel_lets_no_more_messages_begin_than_there_are_workers(tmp_path):
    script = Noting()
    with SmtpServer(script) as server:
        house = Installation(tmp_path, server.port, RUN_DELIVERY)
        house.prepare(READERS)
        server.on_taken = lambda recipient: time.sleep(0.2)
        house.start(WORKERS)
        try:
            with editor_of(house) as steer:
                for step in ("pause", "cancel"):
                    script.wait_for(4 * WORKERS)
                    moment = steer(step)
                    time.sleep(2 * EFFECT_SECONDS)
                    late = script.begun_after(moment)
                    print(step, "was followed by", late)
                    assert len(late) <= WORKERS
                    assert max(late, default=0) <= EFFECT_SECONDS
                    if step == "pause":
                        steer("resume")
        finally:
            house.stop()
        states = list(house.states().values())
    assert len(script.begun) < READERS, "there was something left to stop"
    assert set(states) == {"sent", "cancelled"}
    assert states.count("sent") == len(server.taken) == len(set(server.ids()))
    assert "The books balance" in house.manage("audit_issue", SLUG)


@pytest.mark.django_db
def test_an_edit_while_sending_changes_no_frozen_mail(settings):
    for number in range(CLAIM_SIZE + 5):
        make_reader(f"reader{number}@example.com")
    issue = prepared(make_source())
    Story.objects.update(headline="As it was approved")
    send_now(issue, now=timezone.now())
    frozen = Revision.objects.get()

    def edit(done):
        if done.sent == 3:
            # Saved by somebody, and not approved yet.
            Story.objects.update(headline="As it was saved")
        if done.sent == 6:
            Story.objects.update(headline="As it was corrected")
            revise(issue, now=timezone.now())

    with SmtpServer() as server:
        through(server, settings)
        drain(issue.pk, on_progress=edit)
    reckon(issue, [recipient for recipient, _ in server.taken], sent=CLAIM_SIZE + 5)
    numbers = dict(issue.deliveries.values_list("subscriber__email", "revision__number"))
    assert set(numbers.values()) == {1, 2}
    said = {1: {"approved"}, 2: {"corrected"}}
    for recipient, raw in server.taken:
        whole = message_from_bytes(raw, policy=policy.default)
        text = "".join(part.get_content() for part in whole.iter_parts())
        assert set(re.findall(r"As it was (\w+)", text)) == said[numbers[recipient]]
    again = Revision.objects.get(pk=frozen.pk)
    assert (again.content_hash, again.content) == (frozen.content_hash, frozen.content)


# Editors' requests, in a process of their own as the web server's are. The last one dies of
# its content, whichever it be.
APPROVE = """
import os
import signal
from datetime import date
from django.utils import timezone
from newsletter.approving import NotApprovable
from newsletter.rendering import mjml
from newsletter.steering import send_now
from subscribers.models import Source
from tests.factories import make_issue, make_story

DEEP = 2_000
BODIES = {
    "tags": "<b>" * DEEP + "x" + "</b>" * DEEP,
    "quotes": ">" * DEEP + " x",
    "lists": "- " * DEEP + "x",
    "deadly": "x",
}
for day, (name, body) in enumerate(BODIES.items(), start=1):
    issue = make_issue(end=date(2026, 11, day))
    make_story(issue, *Source.objects.all(), body=body)
    if name == "deadly":
        mjml.mjml2html = lambda *args, **kwargs: os.kill(os.getpid(), signal.SIGSEGV)
    try:
        send_now(issue, now=timezone.now(), confirmed_late=True)
    except NotApprovable as exc:
        print(name, "blocked", exc, flush=True)
    else:
        print(name, "sent", flush=True)
"""
LEDGER = """
SELECT slug, state, (SELECT count(*) FROM newsletter_revision WHERE issue_id = issue.id),
(SELECT count(*) FROM newsletter_delivery WHERE issue_id = issue.id AND state = 'sent')
FROM newsletter_issue issue ORDER BY slug
"""


@pytest.mark.soak
def test_content_that_kills_the_renderer_blocks_its_issue_and_no_other(tmp_path):
    readers = 3
    with SmtpServer() as server:
        house = Installation(tmp_path, server.port, RUN_DELIVERY)
        house.prepare(readers)
        editor = subprocess.run(
            [sys.executable, "manage.py", "shell", "--verbosity=0", "-c", APPROVE],
            cwd=ROOT,
            env=house.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        assert editor.returncode == -signal.SIGSEGV, editor.stderr
        tags, quotes, lists = editor.stdout.splitlines()
        assert tags == "tags sent", "what is not Markdown is text, however deep"
        for line in (quotes, lists):
            assert re.match(r"\w+ blocked .*nested more than", line)
        # No worker ever renders, so none can die of it again and again.
        house.manage("run_delivery", "--once")
    with closing(sqlite3.connect(tmp_path / "broadsheet.sqlite3")) as database:
        rows = database.execute(LEDGER).fetchall()
    assert rows == [
        ("daily-2026-11-01", "sent", 1, readers),
        *((f"daily-2026-11-0{day}", "draft", 0, 0) for day in (2, 3, 4)),
        (SLUG, "sent", 1, readers),
    ]
    assert len(server.taken) == len(set(server.ids())) == 2 * readers
