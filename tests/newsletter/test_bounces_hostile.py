"""Whatever is sent to the address that bounces come back to: read or refused, never an error."""

import random

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from newsletter.bounces import Report, Unreadable, read
from tests.newsletter.bounce_samples import OURS, SAMPLES, multipart


def read_or_refuse(raw: bytes) -> Report | None:
    try:
        return read(raw)
    except Unreadable:
        return None


def mutated(raw: bytes, chance: random.Random) -> bytes:
    """Cut, double, swap and spoil pieces of a message."""
    lines = raw.split(b"\n")
    for _ in range(chance.randint(1, 8)):
        place, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        match chance.randrange(6):
            case 0:
                del lines[place : place + chance.randint(1, 5)]
                lines = lines or [b""]
            case 1:
                lines[place:place] = lines[other : other + chance.randint(1, 40)]
            case 2:
                lines[place], lines[other] = lines[other], lines[place]
            case 3:
                lines[place] = chance.randbytes(chance.randint(0, 200))
            case 4:
                lines[place] = lines[place] * chance.randint(2, 50)
            case _:
                lines[place] = lines[place].swapcase().replace(b":", b" :").replace(b"=", b"=?\xff")
    return b"\n".join(lines)


def test_three_thousand_spoilt_messages_never_raise():
    chance = random.Random(46)
    originals = list(SAMPLES.values())
    read_ones = 0
    for _ in range(3_000):
        raw = mutated(chance.choice(originals), chance)
        read_ones += read_or_refuse(raw) is not None
    assert 1_000 < read_ones < 3_000


@hypothesis_settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=80),
            st.sampled_from(
                [
                    b"Content-Type: multipart/report; boundary=b",
                    b"Content-Type: message/delivery-status",
                    b"Content-Type: message/rfc822",
                    b"Content-Type: message/feedback-report",
                    b"Content-Transfer-Encoding: base64",
                    b"Feedback-Type: abuse",
                    b"Action: failed",
                    b"Status: 5.1.1",
                    b"From: mailer-daemon@x",
                    b"Date: Fri, 99 Nov 99999 11:30:00 +9999",
                    b"Message-ID: <" + OURS.encode() + b">",
                    b"--b",
                    b"--b--",
                    b"",
                ]
            ),
        ),
        max_size=40,
    )
)
def test_no_bytes_make_the_reading_raise(lines):
    read_or_refuse(b"\n".join(lines))


def nested(levels: int, kind: str = "multipart/mixed") -> bytes:
    head = b"".join(
        f"Content-Type: {kind}; boundary=b{number}\n\n--b{number}\n".encode()
        for number in range(levels)
    )
    return head + b"Content-Type: text/plain\n\nhello\n"


@pytest.mark.parametrize("kind", ["multipart/mixed", "multipart/digest", "message/rfc822"])
@pytest.mark.parametrize("levels", [10, 200, 20_000])
def test_parts_within_parts_without_end_are_refused_or_read(kind, levels):
    read_or_refuse(nested(levels, kind))


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: text/plain" + b";a" * 500_000 + b"\n\nx",
        b"Content-Type: multipart/report; boundary=b\n\n" + b"--b\n\n" * 200_000,
        b"From: mailer-daemon\n\n" + b"550 " * 250_000,
        b"From: mailer-daemon\n\n" + b"<" * 1_000_000,
        b"From: mailer-daemon\nContent-Type: text/html\n\n" + b"<" * 1_000_000,
        b"To: " + b"a" * 1_000_000 + b"\n\n",
        b"To: " + b"a@" * 500_000 + b"\n\n",
        b"From: mailer-daemon\n\n" + b"message-id: " * 80_000,
        b"From: mailer-daemon\n\n" + b"message-id: <" * 80_000,
        b"From: mailer-daemon\n\n" + b">" * 1_000_000,
        b"x" * 20_000_000,
        b"a: b\n" * 200_000,
        b"Date: " + b"1" * 900_000 + b"\n\n",
        b"Subject: x\n" + b" y\n" * 300_000 + b"\n\n",
        multipart("x", ("message/delivery-status", "a: b\n\n" * 100_000)),
        multipart("x", ("message/delivery-status", "\n \n" * 200_000)),
        multipart("x", ("message/delivery-status", "Action: failed\n" + " x\n" * 200_000)),
    ],
    ids=range(17),
)
def test_a_message_built_to_take_long_is_read_or_refused(raw):
    # In square time one of these would take hours; what it raises fails the test.
    read_or_refuse(raw)
