"""Bounces fetched out of a mailbox (RFC 9051), over TLS."""

from __future__ import annotations

import contextlib
import imaplib
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import InterfaceError, InternalError, OperationalError

from newsletter.bounces import Unreadable
from newsletter.bounces.mime import MOST_READ
from newsletter.tracking.mail import hand_in

log = logging.getLogger(__name__)

# Messages a round; what is left waits for the next one.
MOST_MESSAGES = 1_000
# A process that has mails to send begins no further message after that.
SECONDS_IN_PASSING = 20.0


class MailboxError(Exception):
    """The mailbox cannot be read; the message says what was tried."""


@dataclass(slots=True)
class Fetched:
    """How many messages were recorded and deleted, and how many were left for a person."""

    taken: int = 0
    left: int = 0


def connect() -> imaplib.IMAP4:
    """Open the mailbox that the settings name; raises MailboxError."""
    host, port = settings.BOUNCE_IMAP_HOST, settings.BOUNCE_IMAP_PORT
    try:
        connection = imaplib.IMAP4_SSL(
            host, port, ssl_context=ssl.create_default_context(), timeout=settings.EMAIL_TIMEOUT
        )
    except (imaplib.IMAP4.error, OSError) as exc:
        raise MailboxError(f"{host}:{port} cannot be opened: {exc}") from exc
    try:
        connection.login(settings.BOUNCE_IMAP_USER, settings.BOUNCE_IMAP_PASSWORD)
    except (imaplib.IMAP4.error, OSError) as exc:
        hang_up(connection)
        raise MailboxError(f"{host}:{port} cannot be logged in to: {exc}") from exc
    return connection


def fetch_in_passing(*, clock: Callable[[], datetime], stop: Callable[[], bool]) -> Fetched:
    """Fetch for a while, where a mailbox is named, for somebody who has other work to do.

    No message is begun after SECONDS_IN_PASSING, or once ``stop`` is true; a server that is
    silent holds up for EMAIL_TIMEOUT more. One that is away, or answers what nobody expects,
    is a line in the log. Raises what the database raises.
    """
    if not settings.BOUNCE_IMAP_HOST:
        return Fetched()
    end = monotonic() + SECONDS_IN_PASSING
    try:
        done = fetch(clock=clock, stop=lambda: stop() or monotonic() >= end)
    except MailboxError as exc:
        log.warning("bounces are fetched later: %s", exc)
        return Fetched()
    except (OperationalError, InterfaceError, InternalError):
        raise
    except Exception as exc:  # the edge of the mailbox: mails are sent without it
        log.error("bounces are fetched later: the mailbox answered oddly (%s)", repr(exc))
        return Fetched()
    if done.taken or done.left:
        log.info("bounces: %s recorded, %s left for a person to read", done.taken, done.left)
    return done


def fetch(
    *,
    clock: Callable[[], datetime],
    connection: Callable[[], imaplib.IMAP4] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Fetched:
    """Record the reports in the mailbox, and delete each once that is committed.

    Messages that are no reports are flagged, and left alone from then on. Ends early once
    ``stop`` is true. Others may fetch at the same time: what two of them read is recorded
    once. Raises MailboxError where the server is away, and what the database raises: what was
    not recorded is still there for the next round.
    """
    mailbox = (connection or connect)()
    try:
        return work_through(mailbox, clock, stop)
    except (imaplib.IMAP4.error, OSError) as exc:
        raise MailboxError(f"the mailbox broke off: {exc}") from exc
    finally:
        hang_up(mailbox)


def work_through(
    mailbox: imaplib.IMAP4, clock: Callable[[], datetime], stop: Callable[[], bool]
) -> Fetched:
    expect(mailbox.select(quoted(settings.BOUNCE_IMAP_FOLDER)))
    found = expect(mailbox.uid("SEARCH", "UNDELETED", "UNFLAGGED"))
    done = Fetched()
    for number in (found[0] or b"").decode().split()[:MOST_MESSAGES]:
        if stop():
            break
        raw = content_of(mailbox, number)
        if raw is None:
            continue
        taken = take(raw, number, clock())
        flag = r"(\Deleted)" if taken else r"(\Flagged)"
        expect(mailbox.uid("STORE", number, "+FLAGS", flag))
        done.taken += taken
        done.left += not taken
    expect(mailbox.expunge())
    return done


def take(raw: bytes, number: str, now: datetime) -> bool:
    """Record one message; False where it has to be left for a person to read."""
    try:
        hand_in(raw, now=now)
    except Unreadable as exc:
        log.info("message %s of the bounces' mailbox is left there: %s", number, exc)
        return False
    except (OperationalError, InterfaceError, InternalError):
        raise
    except Exception:  # the edge of one message: the others must be read
        log.exception("message %s of the bounces' mailbox cannot be recorded", number)
        return False
    return True


def content_of(mailbox: imaplib.IMAP4, number: str) -> bytes | None:
    """Return a message, as much of it as is read, without marking it as seen.

    None where somebody else has just deleted it: a server answers nothing of a number that is
    not there any more (RFC 9051 §6.4.9).
    """
    parts = expect(mailbox.uid("FETCH", number, f"(BODY.PEEK[]<0.{MOST_READ}>)"))
    if parts == [None]:
        return None
    literals = [part[1] for part in parts if isinstance(part, tuple)]
    return bytes(literals[0]) if literals else b""


def expect(answer: tuple[str, list[Any]]) -> list[Any]:
    """Return what a server answered; raises IMAP4.error where it refused."""
    verdict, data = answer
    if verdict != "OK":
        raise imaplib.IMAP4.error(f"the server answered {verdict}")
    return data


def quoted(folder: str) -> str:
    """Return a folder's name as a quoted string (RFC 9051 §4.3)."""
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def hang_up(mailbox: imaplib.IMAP4) -> None:
    try:
        mailbox.logout()
    except (imaplib.IMAP4.error, OSError) as exc:
        log.info("the bounces' mailbox ended the conversation by itself: %s", exc)
        with contextlib.suppress(OSError):
            mailbox.shutdown()
