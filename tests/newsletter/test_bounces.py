"""Reports by mail, read into what they say."""

import base64
import quopri
from datetime import UTC, datetime

import pytest

from newsletter.bounces import Bounce, Happening, Unreadable, judge, read
from newsletter.bounces.mime import MOST_READ
from tests.newsletter.bounce_samples import (
    EXIM,
    HTML_ONLY,
    ORIGINAL_HEADERS,
    OURS,
    PERSON,
    QMAIL,
    SAMPLES,
    SENDER,
    VACATION,
    arf,
    dsn,
    multipart,
)


def said(raw: bytes) -> tuple[Happening, Bounce | None]:
    outcome = read(raw).outcome
    return outcome.happening, outcome.bounce


@pytest.mark.parametrize(
    ("name", "happening", "bounce"),
    [
        ("rfc 3464", "failed", "gone"),
        ("qmail", "failed", "gone"),
        ("exim", "failed", "gone"),
        ("exim warning", "delayed", None),
        ("postfix old", "failed", "soft"),
        ("exchange old", "failed", "gone"),
        ("exchange online", "failed", "gone"),
        ("gmail old", "failed", "policy"),
        ("sendmail", "failed", "gone"),
        ("yahoo", "failed", "gone"),
        ("html only", "failed", "gone"),
        ("with a footer", "failed", "gone"),
        ("complaint", "complained", None),
        ("vacation", "replied", None),
        ("old vacation", "replied", None),
        ("receipt", "replied", None),
    ],
)
def test_the_common_formats_are_read_to_what_they_say_of_our_message(name, happening, bounce):
    report = read(SAMPLES[name])
    assert (report.outcome.happening, report.outcome.bounce) == (happening, bounce)
    assert report.message_ids == (OURS,)


@pytest.mark.parametrize(
    ("action", "status", "happening", "bounce"),
    [
        ("failed", "5.1.1", "failed", "gone"),
        ("failed", "5.2.2", "failed", "soft"),
        ("failed", "4.4.7", "failed", "soft"),
        ("failed", "5.7.1", "failed", "policy"),
        ("failed", "5.0.0", "failed", "soft"),
        ("FAILED (gave up)", "5.1.10", "failed", "gone"),
        ("delayed", "4.4.1", "delayed", None),
        ("delivered", "2.0.0", "delivered", None),
        ("relayed", "2.0.0", "delivered", None),
        ("expanded", "2.0.0", "delivered", None),
        ("unheard-of", "5.1.1", "failed", "gone"),
        ("", "4.2.0", "delayed", None),
    ],
)
def test_action_and_status_of_a_report_decide(action, status, happening, bounce):
    assert said(dsn(action, status, "smtp; something")) == (happening, bounce)


def test_the_servers_own_words_are_more_exact_than_a_relays_status():
    assert said(dsn("failed", "5.0.0", "smtp; 550 5.1.1 no such user"))[1] is Bounce.GONE
    assert said(dsn("failed", "5.0.0", "smtp; 550 no such user here"))[1] is Bounce.GONE


@pytest.mark.parametrize(
    ("first", "second", "happening", "bounce"),
    [
        (("failed", "5.1.1"), ("failed", "5.2.2"), "failed", "soft"),
        (("failed", "5.1.1"), ("delivered", "2.0.0"), "delivered", None),
        (("failed", "5.1.1"), ("delayed", "4.0.0"), "delayed", None),
    ],
)
def test_of_several_recipients_behind_one_address_the_best_speaks_for_it(
    first, second, happening, bounce
):
    action, status = second
    more = f"\nFinal-Recipient: rfc822; bob@x.example\nAction: {action}\nStatus: {status}\n"
    assert said(dsn(*first, "smtp; no", more=more)) == (happening, bounce)


@pytest.mark.parametrize(
    ("kind", "happening"),
    [
        ("abuse", "complained"),
        ("fraud", "complained"),
        ("Abuse", "complained"),
        ("opt-out", "unsubscribed"),
        ("not-spam", "nothing"),
        ("virus", "nothing"),
        ("other", "nothing"),
        ("unheard-of", "nothing"),
    ],
)
def test_feedback_is_a_complaint_only_where_a_person_complained(kind, happening):
    assert said(arf(kind)) == (happening, None)


def test_a_complaint_with_only_the_headers_or_only_the_sender_names_its_message():
    headers = multipart(
        "feedback-report",
        ("message/feedback-report", "Feedback-Type: abuse\n"),
        ("text/rfc822-headers", ORIGINAL_HEADERS),
    )
    assert read(headers).message_ids == (OURS,)
    redacted = arf(
        original="Subject: [redacted]\n\n", fields="Original-Mail-From: <a+b@c.example>\n"
    )
    assert "a+b@c.example" in read(redacted).addresses


def test_the_report_says_where_it_was_sent_and_when():
    report = read(
        dsn(headers="Delivered-To: bounces+x@news.example.org\n"), recipient="r@x.example"
    )
    assert report.addresses[:2] == ("r@x.example", "bounces+x@news.example.org")
    assert SENDER in report.addresses
    assert report.at == datetime(2026, 11, 20, 11, 30, tzinfo=UTC)


def test_the_same_report_is_known_again_and_another_is_not():
    again = read(b"Received: by another hop\n" + dsn())
    assert again.identity == read(dsn()).identity
    assert read(QMAIL).identity == read(b"Received: by another hop\n" + QMAIL).identity
    assert read(QMAIL).identity != read(EXIM).identity


@pytest.mark.parametrize(
    "raw", [PERSON, b"", b"\n", b"Subject: x\n\nuser unknown", b"\x00\xff" * 99]
)
def test_what_people_write_is_no_bounce(raw):
    with pytest.raises(Unreadable):
        read(raw)


def test_a_persons_absence_note_from_the_empty_sender_is_no_bounce():
    assert said(VACATION) == (Happening.REPLIED, None)


@pytest.mark.parametrize("coding", ["base64", "quoted-printable"])
def test_a_report_in_an_encoding_that_it_may_not_have_is_read(coding):
    fields = (
        b"Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@b\nAction: failed\nStatus: 5.1.1\n"
    )
    encoded = base64.encodebytes(fields) if coding == "base64" else quopri.encodestring(fields)
    raw = multipart(
        "delivery-status",
        (f"message/delivery-status\nContent-Transfer-Encoding: {coding}", encoded.decode()),
    )
    assert said(raw) == (Happening.FAILED, Bounce.GONE)


@pytest.mark.parametrize(
    ("words", "bounce"),
    [
        ("550 5.1.1 user unknown", "gone"),
        ("550-5.1.1 The email account that you tried to reach does not exist", "gone"),
        ("550 no such user", "gone"),
        ("553 5.1.3 bad syntax", "gone"),
        ("552 5.2.2 over quota", "soft"),
        ("552 mailbox full", "soft"),
        ("450 4.2.1 user unknown for the moment", "soft"),
        ("450 user unknown for the moment", "soft"),
        ("550 5.2.1 mailbox disabled", "soft"),
        ("550 5.7.1 blocked by policy", "policy"),
        ("554 your server 192.5.1.1 is on a blacklist", "policy"),
        ("550 5.7.26 unauthenticated mail, see SPF", "policy"),
        ("550 5.4.1 Recipient address rejected: Access denied", "gone"),
        ("550 requested action not taken: mailbox unavailable", "soft"),
        ("550 5.1.8 <us@news.example>: Sender address rejected: Domain not found", "policy"),
        ("553 5.1.7 <us@news.example>: address does not exist", "policy"),
        ("550 Verification failed for <us@news.example>. No such user here", "policy"),
        ("550 sender's mailbox does not exist", "policy"),
        ("550 Sender verify failed", "policy"),
        ("550 Return path does not exist: no such user", "policy"),
        ("550 Return-Path address not found", "policy"),
        ("550 Unable to verify sender: no such user", "policy"),
        ("550 Callback to sender failed: no such user", "policy"),
        ("553 sender not allowed; no such user", "policy"),
        ("550 returned to sender: user unknown", "gone"),
        ("550 sender ok, recipient unknown: no such user", "gone"),
        ("550 RCPT verification failed: no such user", "gone"),
        ("550 5.1.1 no such user; the sender was told", "gone"),
        ("550 User unknown, returned to sender", "gone"),
        ("User unknown. Your message was returned to sender.", "gone"),
        ("550 No such user here; sender notified", "gone"),
        ("550 recipient verify failed: user unknown", "gone"),
        ("550 Recipient address verification failed, no such user", "gone"),
        ("550 Mailbox full, returning to sender", "soft"),
        ("", "soft"),
        ("connected to 5.1.1.7 and it hung up", "soft"),
    ],
)
def test_a_refusal_is_judged_by_its_code_or_else_by_its_words(words, bounce):
    assert judge(words) is Bounce(bounce)


def test_only_the_beginning_of_a_message_is_read():
    assert said(dsn() + b"x" * 2 * MOST_READ) == (Happening.FAILED, Bounce.GONE)


def test_html_alone_is_read_without_its_tags():
    assert "<" not in read(HTML_ONLY).outcome.words
