"""What a bare ./run does: prepare, send the samples once, serve."""

import logging
import os
import signal
import sys
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.urls import reverse
from django.utils import timezone

from config import port, serving
from newsletter import demo, mailbox, mailers
from newsletter.approving import NotApprovable
from newsletter.auditing import books
from newsletter.models import Issue
from newsletter.progress import ProgressBar
from newsletter.samples import BadSample

# 128 and the signal's number, as a shell would say it.
SIGNALLED = 128
NAME_WIDTH = 18
# What a newcomer can do something about.
Trouble = (port.PortError, demo.AlreadyRunning, BadSample, NotApprovable, serving.ServingError)


class Command(BaseCommand):
    help = "Prepares everything, sends the sample issues once, and serves the site."

    def handle(self, *args: Any, **options: Any) -> None:
        for number in serving.stop_signals():
            signal.signal(number, leave)
        quieten()
        try:
            at = port.port_of(dict(os.environ))
            port.check_free(at)
            settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
            with demo.alone(settings.VAR_DIR / "running"):
                self.run(at)
        except Trouble as exc:
            # The sentence alone: Django would put the name of an exception before it.
            sys.exit(str(exc))

    def run(self, at: int) -> None:
        """Do the main job, and serve on a port until somebody says stop."""
        self.say("Preparing the database, the pages and the catalogue of sources.")
        demo.prepare()
        if not mailers.leaves_house():
            self.send_samples()
        else:
            self.stdout.write(f"E-mail goes out through {ways_out()}, so no samples are sent.")
        password = demo.editor_password(settings.VAR_DIR / "editor-password")
        self.serve(at, password)

    def send_samples(self) -> None:
        """Store and send what lacks, with a bar an issue, and print the books."""
        kept = settings.VAR_DIR / "samples.json"
        seeding = demo.begun_seeding(kept, timezone.localdate())
        if seeding is None:
            return
        issues = demo.seed(seeding, timezone.now())
        for issue in issues:
            self.send(issue)
        demo.finish(seeding, kept, issues)
        self.stdout.write("")
        self.stdout.write("\n".join(demo.table((issue.slug, books(issue)) for issue in issues)))
        self.say("")

    def send(self, issue: Issue) -> None:
        """Send one issue behind a bar; a log gets just the line at its end."""
        bar = ProgressBar(self.stdout, f"{issue.slug:<{NAME_WIDTH}}", 0)
        finished = False

        def show(done: int, total: int) -> None:
            nonlocal finished
            bar.total = total
            if not finished and (done >= total or self.stdout.isatty()):
                finished = done >= total
                bar.show(done)

        demo.send(issue, on_progress=show)

    def serve(self, at: int, password: str | None) -> None:
        """Serve until somebody says stop; raise ServingError where that is not possible."""
        stop = serving.StopRequest()
        stop.listen()
        level = os.environ.get("LOG_LEVEL") or "WARNING"
        environment = {**os.environ, "LOG_LEVEL": level}
        programs = [
            serving.web_server(port.HOST, at, environment),
            *serving.workers(environment, log_level=level),
        ]
        serving.serve(
            programs,
            stop=stop,
            ready=lambda: serving.answers(port.HOST, at),
            on_ready=lambda: self.print_addresses(password),
            say=self.say,
        )
        self.say("Stopped.")

    def print_addresses(self, password: str | None) -> None:
        """Say where everything is."""
        login = f"{demo.EDITOR} / {password}" if password else "with the password you chose"
        lines = [
            ("Site", reverse("subscribers:subscribe"), ""),
            ("Admin", reverse("admin:index"), login),
            ("Archive", reverse("newsletter:archive"), ""),
        ]
        if not mailers.leaves_house():
            kept = len(mailbox.names(settings.MAILBOX_DIR))
            note = f"{kept} messages; mail stays here, nothing leaves this machine"
            lines.append(("Mailbox", reverse("mailbox:list"), note))
        width = max(len(settings.BASE_URL + path) for _name, path, _note in lines)
        for name, path, note in lines:
            line = f"{name:<9}{settings.BASE_URL + path:<{width}}   {note}"
            self.stdout.write(line.rstrip())
        if password:
            self.stdout.write(f"\nAnother password: ./run changepassword {demo.EDITOR}")
        self.say("Ctrl-C stops everything.")

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def ways_out() -> str:
    """Name what mail goes out through."""
    if not settings.OUTGOING_MAILERS:
        return str(settings.EMAIL_BACKEND)
    return ", ".join(mailer.name for mailer in mailers.configured())


def leave(number: int, frame: FrameType | None) -> None:
    """End at once: claims go back, and what was begun is in the ledger."""
    sys.exit(SIGNALLED + number)


def quieten() -> None:
    """Keep the newcomer's screen for what they asked for, unless they set a level."""
    if not os.environ.get("LOG_LEVEL"):
        logging.getLogger().setLevel(logging.WARNING)
