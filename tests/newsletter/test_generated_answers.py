"""Generated dialogues and answers: no message is called sent that was not, nor the contrary.

The servers of these tests write down what they did with each message. A verdict must agree
with that, and doubt is allowed only where a client cannot know. The full number takes minutes:
ANSWERS=10000 ./run test tests/newsletter/test_generated_answers.py
"""

import gzip
import json
import os
import random
import time
from email.utils import formatdate

import pytest
from django.core.mail import EmailMessage, get_connection

from newsletter.transport import Outcome, Verdict, disconnect, post
from tests.dialogues import Improviser
from tests.providers import (
    LONGEST_SILENCE,
    PROVIDERS,
    Endpoint,
    Plan,
    connection_to,
    response,
    success,
)

ANSWERS = int(os.environ.get("ANSWERS", "300"))
SEED = os.environ.get("ANSWERS_SEED", "1")
# Long for a thread of this process, short for a server that says nothing.
PATIENCE = 0.8
# Few of these say nothing, and on a busy machine a thread may pause for a second.
PATIENCE_WITH_PROVIDERS = 3.0


def message(number, chance) -> EmailMessage:
    body = chance.choice(["A body.", "", ".", "..\n.\n", "A\n.B\n" * 50, "x" * 70 + "\n"])
    if chance.random() < 0.02:
        body = "A long line of a long body.\n" * 20_000
    sent = EmailMessage(f"Message {number}", body, "digest@news.example")
    sent.to = [f"reader-{number}@readers.example"]
    return sent


def judge(outcome: Outcome, what: str, *, taken: bool, can_be_known: bool) -> None:
    """Compare a verdict with the server's own record of a message."""
    told = f"{what} of seed {SEED}: {outcome}, taken: {taken}"
    match outcome.verdict:
        case Verdict.ACCEPTED:
            assert taken, told
        case Verdict.DOUBTFUL:
            assert not can_be_known, told
        case _:
            assert not taken, told


@pytest.fixture
def quick(settings):
    settings.EMAIL_FINAL_TIMEOUT = PATIENCE
    settings.SECONDS_BEFORE_THE_DOT = 2 * PATIENCE


def test_a_verdict_agrees_with_what_the_mail_server_did(quick):
    chance = random.Random(SEED)
    seen = dict.fromkeys(Verdict, 0)
    with Improviser(SEED) as server:
        backend = "newsletter.transport.SmtpBackend"
        connection = get_connection(backend, host="127.0.0.1", port=server.port, timeout=PATIENCE)
        for number in range(ANSWERS):
            outcome = post(connection, message(number, chance))
            seen[outcome.verdict] += 1
            record = server.record(number)
            what = f"message {number}"
            judge(outcome, what, taken=record.taken, can_be_known=record.can_be_known)
            if outcome.verdict is not Verdict.ACCEPTED or chance.random() < 0.2:
                disconnect(connection)
        disconnect(connection)
    assert all(seen.values()), f"the answers were too tame: {seen}"


def retry_after(chance) -> str:
    """Return a Retry-After header in one of its forms, or one that is none."""
    date = formatdate(time.time() + chance.randrange(-9_999, 999_999), usegmt=True)
    values = ["30", "0", "-1", "9" * 40, "soon", "", "²", date, date[5:], "Fri, 99 Foo"]
    return f"Retry-After: {chance.choice(values)}"


def bodies(chance, to) -> bytes:
    """Return something that no provider's success looks like."""
    words = ["invalid", "no", "error", to]
    found: bytes = chance.choice(
        [
            b"",
            b"<html>please sign in</html>",
            chance.randbytes(50),
            b"[" * 50_000,
            b"null",
            b"[]",
            b"{}",
            b'{"status": 7, "Messages": [], "results": null, "data": null}',
            json.dumps({"message": chance.choice(words), "code": 1}).encode(),
        ]
    )
    return found


def planned(provider, to, chance) -> tuple[Plan, bool]:
    """Plan a provider's answer to a call; also tell whether a client can know what it means.

    By RFC 9110 a 4xx says that the call was not fulfilled, and so does 503; of any other 5xx, of
    what is no answer, and of a 2xx that cannot be understood, the server alone knows.
    """
    coin = chance.random() < 0.5
    well = success(provider, to)
    match chance.randrange(14):
        case 0 | 1 | 2:
            return Plan(well, taken=True, end=chance.choice(["", "", "drop"])), True
        case 3 | 4:
            code = chance.choice([400, 401, 403, 404, 408, 413, 420, 422, 429, 429])
            return refusing(chance.choice([code, chance.randrange(400, 500)]), to, chance), True
        case 5:
            return refusing(503, to, chance), True
        case 6:
            code = chance.choice([c for c in range(500, 600) if c != 503])
            return Plan(response(f"{code} Oops", bodies(chance, to)), taken=coin), False
        case 7:
            return two_hundred(provider, to, chance)
        case 8:
            return redirecting(chance)
        case 9:
            said = well[: chance.randrange(len(well) - 1)]
            end = chance.choice(["drop", "reset"])
            # Where a yes needs no body, it is one as soon as its code has arrived.
            bare = provider == "brevo" or well.endswith(b"\r\n\r\n")
            is_yes = bare and said.startswith(b"HTTP/1.1 202")
            return Plan(said, taken=coin or is_yes, end=end), False
        case 10:
            return Plan(b"", taken=False, end=chance.choice(["drop", "reset"]), hears=False), False
        case 11:
            silent = chance.random() < 0.03
            said = chance.choice([b"nonsense\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\0" * 99])
            end = "silence" if silent else "drop"
            return Plan(b"" if silent else said, taken=coin, end=end), False
        case 12:
            interim = chance.choice([100, 102, 103])
            both = response(f"{interim} Wait", b"").replace(b"Content-Length: 0\r\n", b"") + well
            return Plan(both, taken=True, end="drop"), interim == 100
        case _:
            return encoded(provider, to, chance)


def refusing(code, to, chance) -> Plan:
    answer = response(f"{code} No", bodies(chance, to), retry_after(chance))
    return Plan(answer, taken=False, end=chance.choice(["", "drop"]))


def two_hundred(provider, to, chance) -> tuple[Plan, bool]:
    """Plan a 2xx that says no, or nothing that could be understood."""
    kind = PROVIDERS[provider]
    if kind.no is not None and chance.random() < 0.5:
        body = json.dumps(kind.no(to)).encode()
        return Plan(response("200 OK", body, "Content-Type: application/json"), taken=False), True
    code = chance.choice([200, 201, 202, 204])
    body = b"" if code == 204 else bodies(chance, to)
    # Anymail takes a 2xx of these, or an empty one of Brevo's, for a yes; so does RFC 9110.
    is_yes = not kind.reads_body or (provider == "brevo" and not body)
    taken = is_yes or chance.random() < 0.5
    return Plan(response(f"{code} OK", body), taken=taken), is_yes


def redirecting(chance) -> tuple[Plan, bool]:
    """Plan a redirect: who sends the call elsewhere has not fulfilled it, but for 302 and 303."""
    code = chance.choice([301, 302, 303, 307, 308])
    where = chance.choice(["/login", "http://127.0.0.1:9/", "//[", ""])
    certain = code in (301, 307, 308)
    taken = not certain and chance.random() < 0.5
    return Plan(response(f"{code} Elsewhere", b"", f"Location: {where}"), taken=taken), False


def encoded(provider, to, chance) -> tuple[Plan, bool]:
    """Plan a success in another encoding, sometimes one that is broken."""
    head, _, body = success(provider, to).partition(b"\r\n\r\n")
    lines = [line for line in head.decode().split("\r\n")[1:] if not line.startswith("Content-L")]
    packed = gzip.compress(body)
    if chance.random() < 0.5:
        return Plan(response("200 OK", packed, *lines, "Content-Encoding: gzip"), taken=True), True
    broken = chance.choice([b"gzip?", packed[:6] + b"\0\0\0" + packed[9:]])
    answer = response("200 OK", broken, *lines, "Content-Encoding: gzip")
    return Plan(answer, taken=True), False


def test_a_verdict_agrees_with_what_the_provider_did(settings, caplog):
    caplog.set_level("CRITICAL")
    chance = random.Random(SEED)
    seen = dict.fromkeys(Verdict, 0)
    with Endpoint() as server:
        for number in range(ANSWERS):
            provider = chance.choice(sorted(PROVIDERS))
            connection = connection_to(provider, server.port, PATIENCE_WITH_PROVIDERS)
            for _ in range(chance.choice([1, 1, 2, 3])):
                sent = message(number, chance)
                server.plan, can_be_known = planned(provider, sent.to[0], chance)
                outcome = post(connection, sent)
                seen[outcome.verdict] += 1
                what = f"message {number} by {provider}, answered {server.plan}"
                judge(outcome, what, taken=server.plan.taken, can_be_known=can_be_known)
                if outcome.verdict is not Verdict.ACCEPTED:
                    break
                if server.plan.end:
                    # Or the next call might still go into a connection that is being closed.
                    assert server.hung_up.wait(LONGEST_SILENCE)
            disconnect(connection)
    assert all(seen.values()), f"the answers were too tame: {seen}"
