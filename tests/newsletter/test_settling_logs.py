"""What a mail server's log proves about messages: Postfix line by line, others by their name."""

import gzip
import tracemalloc
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.settling import logs
from newsletter.settling.logs import Evidence, Log, lines_of

OURS = UUID("4a4d2bb5-45b7-43f8-9f0e-7d9d1f3b6a01")
OTHER = UUID("4a4d2bb5-45b7-43f8-9f0e-7d9d1f3b6a02")
STAMP = "Nov 20 07:00:01 mx1"


def postfix(program: str, words: str, pid: int = 4242, stamp: str = STAMP) -> str:
    return f"{stamp} postfix/{program}[{pid}]: {words}"


def connected(queue: str = "4Q1ab", pid: int = 4242) -> str:
    return postfix("smtpd", f"{queue}: client=localhost[127.0.0.1]", pid)


def named(queue: str = "4Q1ab", uid: UUID = OURS, stamp: str = STAMP) -> str:
    return postfix("cleanup", f"{queue}: message-id=<{uid}@news.example.org>", 77, stamp)


def active(queue: str = "4Q1ab") -> str:
    return postfix(
        "qmgr", f"{queue}: from=<bounces@news.example.org>, size=4711, nrcpt=1 (queue active)"
    )


def delivered(status: str, queue: str = "4Q1ab", stamp: str = STAMP) -> str:
    told = "250 2.0.0 OK" if status == "sent" else "451 4.7.1 greylisted, status=sent later"
    return postfix(
        "smtp",
        f"{queue}: to=<ada@example.com>, relay=mx.example.com[192.0.2.1]:25, delay=0.4, "
        f"delays=0.1/0/0.1/0.2, dsn=2.0.0, status={status} ({told})",
        stamp=stamp,
    )


REMOVED = postfix("qmgr", "4Q1ab: removed")
BROKEN_OFF = postfix("smtpd", "lost connection after DATA (5120 bytes) from localhost[127.0.0.1]")
WHOLE = postfix("smtpd", "lost connection after END-OF-MESSAGE from localhost[127.0.0.1]")
MILTER = postfix(
    "cleanup", "4Q1ab: milter-reject: END-OF-MESSAGE from localhost[127.0.0.1]: 5.7.1 no", 77
)


def evidence(*lines: str, uid: UUID = OURS) -> Evidence | None:
    log = Log([OURS, OTHER])
    for line in lines:
        log.read(line.encode() + b"\n")
    return log.evidence().get(uid)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], None),
        ([connected(), named(), active(), delivered("sent"), REMOVED], Evidence.SENT),
        ([connected(), named(), active(), delivered("deferred")], Evidence.QUEUED),
        ([named(), active(), delivered("deferred"), delivered("sent"), REMOVED], Evidence.SENT),
        (
            [named(), active(), delivered("deferred"), delivered("bounced"), REMOVED],
            Evidence.BOUNCED,
        ),
        ([named(), active(), delivered("deferred"), delivered("expired")], Evidence.BOUNCED),
        ([connected(), named(), active()], Evidence.QUEUED),
        ([connected(), named()], Evidence.UNCLEAR),
        ([connected(), named(), WHOLE], Evidence.UNCLEAR),
        ([connected(), named(), WHOLE, active()], Evidence.QUEUED),
        ([connected(), named(), BROKEN_OFF], None),
        ([connected(), named(), BROKEN_OFF.replace("lost connection", "timeout")], None),
        ([connected(), named(), MILTER], None),
        ([named(), REMOVED], Evidence.UNCLEAR),
        ([named(), REMOVED, delivered("sent")], Evidence.UNCLEAR),
        ([delivered("sent"), active()], None),
    ],
    ids=[
        "no line of it",
        "sent",
        "deferred",
        "deferred, then sent",
        "deferred, then bounced",
        "expired",
        "in the queue",
        "only its header was read",
        "whole, and we never heard so",
        "whole, and then in the queue",
        "broken off",
        "timed out",
        "refused by a filter",
        "deleted by hand",
        "a queue id that was used again",
        "a queue id that nobody named",
    ],
)
def test_postfix_says_whether_it_took_a_message(lines, expected):
    assert evidence(*lines) == expected


def test_a_queue_id_stands_for_the_message_that_was_named_last():
    lines = [named(uid=OURS), active(), REMOVED, named(uid=OTHER), delivered("sent")]
    assert evidence(*lines, uid=OURS) == Evidence.QUEUED
    assert evidence(*lines, uid=OTHER) == Evidence.SENT
    lines = [named(uid=OURS), named(uid=uuid4()), delivered("sent")]
    assert evidence(*lines, uid=OURS) == Evidence.UNCLEAR


def test_another_hosts_queue_id_is_another_one():
    elsewhere = "2026-11-20T07:00:01.123456+00:00 mx2"
    assert evidence(named(), delivered("sent", stamp=elsewhere)) == Evidence.UNCLEAR
    assert evidence(named(stamp=elsewhere), delivered("sent", stamp=elsewhere)) == Evidence.SENT


def test_a_second_attempt_counts_where_the_first_was_broken_off():
    first = [connected(), named(), BROKEN_OFF]
    second = [connected("4Q2cd"), named("4Q2cd"), delivered("sent", "4Q2cd")]
    assert evidence(*first, *second) == evidence(*second, *first) == Evidence.SENT


def test_a_session_that_breaks_off_takes_only_its_own_message_with_it():
    other = [connected("4Q2cd", pid=4343), named("4Q2cd", OTHER)]
    lines = [connected(), named(), *other, BROKEN_OFF, delivered("sent", "4Q2cd")]
    assert evidence(*lines, uid=OURS) is None
    assert evidence(*lines, uid=OTHER) == Evidence.SENT


def test_a_message_that_was_taken_before_its_session_broke_off_stays_taken():
    second = [connected("4Q2cd"), named("4Q2cd", OTHER), BROKEN_OFF]
    lines = [connected(), named(), active(), delivered("sent"), REMOVED, *second]
    assert evidence(*lines, uid=OURS) == Evidence.SENT
    assert evidence(*lines, uid=OTHER) is None


@pytest.mark.parametrize(
    "tag", ["postfix/smtp", "postfix-out/smtp", "postfix/submission/smtp", "mail-postfix/smtp"]
)
def test_all_spellings_of_postfix_are_read(tag):
    line = delivered("sent").replace("postfix/smtp", tag)
    assert evidence(named(), line) == Evidence.SENT


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            f"2026-11-20 07:00:01 1vL-0 <= b@x H=h P=esmtps S=4711 id={OURS}@news.example.org",
            "sent on",
        ),
        (f"{STAMP} sendmail[1]: x: from=<b@x>, size=1, msgid=<{OURS}@news.example.org>", "sent on"),
        (f'{{"event": "accepted", "message-id": "<{OURS}@news.example.org>"}}', "sent on"),
        (f"<{str(OURS).upper()}@NEWS.EXAMPLE.ORG>", "sent on"),
        (f"2026-11-20 1vL-0 H=h rejected after DATA: id={OURS}@news.example.org", Evidence.UNCLEAR),
        (f"<{OTHER}@news.example.org>", None),
        (f"{OURS} without anything after it", None),
    ],
)
def test_any_other_log_proves_what_it_names(line, expected):
    assert evidence(line) == expected


def test_a_filter_beside_postfix_proves_nothing_that_postfix_does_not():
    passed = f"{STAMP} amavis[7]: (1) Passed CLEAN, Message-ID: <{OURS}@news.example.org>"
    assert evidence(named(), passed) == evidence(passed, named()) == Evidence.UNCLEAR
    assert evidence(passed, connected(), named(), BROKEN_OFF) is None


@given(st.lists(st.binary(max_size=300)))
def test_rubbish_proves_nothing_and_breaks_nothing(lines):
    log = Log([OURS])
    for line in [named().encode(), *lines, delivered("sent").encode()]:
        log.read(line)
    assert log.evidence() == {OURS: Evidence.SENT}


LINES = [
    connected(), named(), active(), delivered("sent"), delivered("deferred"), REMOVED, BROKEN_OFF,
    WHOLE, MILTER, named(uid=OTHER), f"id={OURS}@news.example.org",
]  # fmt: skip


@given(st.lists(st.sampled_from(LINES), max_size=12))
def test_without_a_line_that_says_so_no_message_is_taken(lines):
    proof = {active(), delivered("sent"), delivered("deferred"), f"id={OURS}@news.example.org"}
    if not proof & set(lines):
        assert evidence(*lines) in (None, Evidence.UNCLEAR)
    if named() not in lines and f"id={OURS}@news.example.org" not in lines:
        assert evidence(*lines) is None


@pytest.mark.parametrize("is_compressed", [False, True])
def test_a_log_is_read_line_by_line_also_compressed_and_however_long_a_line_is(
    tmp_path, monkeypatch, is_compressed
):
    monkeypatch.setattr(logs, "LONGEST_LINE", 256)
    path = tmp_path / "mail.log"
    name = f"<{OURS}@news.example.org>".encode()
    for before in range(200, 300):
        raw = b"a\n" + b"\0" * before + name + b"\xff" * 999 + b"\nb"
        path.write_bytes(gzip.compress(raw) if is_compressed else raw)
        log = Log([OURS])
        found = list(lines_of(path))
        for line in found:
            log.read(line)
        assert log.evidence() == {OURS: Evidence.SENT}, before
        assert (found[0], found[-1], max(map(len, found)) <= 256 + 200) == (b"a\n", b"b", True)


def test_nothing_is_kept_of_messages_that_are_not_asked_for(monkeypatch):
    monkeypatch.setattr(logs, "SESSIONS_KEPT", 100)
    log = Log([OURS])
    tracemalloc.start()
    try:
        for number in range(5_000):
            queue = f"4Q{number:06}"
            pid = number
            for line in (connected(queue, pid=pid), named(queue, uuid4()), active(queue)):
                log.read(line.encode())
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < 200_000
    assert log.evidence() == {}
