"""A message made of octets that are ready says what Django's own would say."""

import email
import email.policy
import quopri
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage as Parsed
from typing import Any
from uuid import UUID

import pytest
from django.core.mail import get_connection
from django.core.mail.message import SafeMIMEText, sanitize_address
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from newsletter.composing import ComposedMail, Composer, PersonalLinks
from newsletter.messages import PLAIN_ADDRESS, Envelope, message_for, sanitised
from newsletter.rendering import render_issue
from newsletter.rendering.sizes import MAIL_LIMIT_BYTES
from newsletter.transport import Verdict, post
from newsletter.wire import BOUNDARY, WireMessage, body, dotted, encoded, header
from subscribers.audience import Choice
from tests import samples
from tests.mails import LINKS
from tests.newsletter.test_rendering_sizes import LONGEST
from tests.smtp import SmtpServer

AT = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
UID = UUID("6f1ad1a5-3f53-4e0a-8b55-8a3b3d3d7c11")
LINE = 76
HEADER_LINE = 78

texts = st.text(
    alphabet=st.one_of(
        st.characters(exclude_categories=["Cs"], exclude_characters="\r"),
        st.sampled_from("=. \t\nFé–🪢"),
    ),
    max_size=120,
)
tokens = st.text(alphabet="abcXYZ019-_", min_size=1, max_size=33)
local_parts = st.text(alphabet="abcXYZ019.!#$%&'*+/=?^_`{|}~-\"\\ ()é", min_size=1, max_size=64)
addresses = st.one_of(
    st.builds("{}@example.org".format, tokens),
    st.builds("{}@{}.example".format, local_parts, st.sampled_from(["mail", "bücher", "x" * 63])),
)
subjects = st.one_of(
    st.text(max_size=200), st.text(alphabet="Ropes und Knötchen, …; <a@b> ", max_size=200)
)
choices = st.one_of(
    st.just(Choice.everything()),
    st.frozensets(st.integers(1, 8), max_size=8).map(
        lambda ids: Choice(all_sources=False, source_ids=ids)
    ),
    st.frozensets(st.integers(1, 8), max_size=4).map(
        lambda ids: Choice(all_sources=True, muted_ids=ids)
    ),
)


def composers() -> list[Composer]:
    hostile = replace(
        samples.WRITTEN[0],
        headline="From: =_part — “quoted” & <b>bold</b> 🪢",
        body="Zeile mit Umlauten: äöüß.\n\n.\n\n..\n\nFrom here =3D = on \t\n\n" + "x" * 300,
    )
    issues = (
        samples.daily(12),
        samples.daily(stories=(hostile, *samples.WRITTEN)),
        samples.weekly(),
    )
    return [
        Composer(render_issue(replace(content), language))
        for content in issues
        for language in ("en", "de")
    ]


@pytest.fixture(scope="module")
def house() -> list[Composer]:
    return composers()


def envelope(address: str = LINKS.address, subject: str = "Ropes", link: str = "") -> Envelope:
    return Envelope(
        uid=UID,
        address=address,
        unsubscribe_url=link or LINKS.unsubscribe_url,
        kind="daily",
        slug="daily-2026-11-20",
        subject=subject,
        at=AT,
    )


def parsed(octets: bytes) -> Parsed:
    message = email.message_from_bytes(octets, policy=email.policy.SMTP)
    assert isinstance(message, Parsed)
    for part in message.walk():
        assert not part.defects
    return message


def as_django_has_it(outside: Envelope, mail: ComposedMail) -> Parsed:
    message: Any = message_for(outside, mail).message()
    return parsed(message.as_bytes(linesep="\r\n"))


def on_the_wire(outside: Envelope, composition, links: PersonalLinks) -> bytes:
    cover = message_for(outside, ComposedMail("", ""))
    message = WireMessage(cover, composition, links)
    assert message.as_data() == dotted(message.as_bytes())
    return message.as_bytes()


def fields(message: Parsed) -> list[tuple[str, str]]:
    return sorted((name, str(value)) for name, value in message.items() if name != "Content-Type")


def parts(message: Parsed) -> list[tuple[object, object]]:
    found = [part for part in message.walk() if not part.is_multipart()]
    return [(sorted(part.items()), part.get_payload(decode=True)) for part in found]


@hypothesis_settings(max_examples=150, deadline=None)
@given(
    number=st.integers(0, 5),
    choice=choices,
    welcome=st.booleans(),
    address=addresses,
    subject=subjects,
    token=tokens,
    host=st.sampled_from(["https://news.example.org", "https://" + "long." * 12 + "example.org"]),
)
def test_every_message_says_what_djangos_own_says(
    number, choice, welcome, address, subject, token, host, house
):
    links = replace(
        LINKS,
        address=address,
        mute_token=token,
        unsubscribe_url=f"{host}/u/{token}",
        read_url=f"{host}/read/{token}",
    )
    composition = house[number].compose(choice, welcome=welcome)
    outside = envelope(address, subject, links.unsubscribe_url)
    try:
        usual = as_django_has_it(outside, composition.mail(links))
    except Exception as exc:  # the library's parser of addresses raises more than it says
        with pytest.raises(type(exc)):
            on_the_wire(outside, composition, links)
        return
    octets = on_the_wire(outside, composition, links)
    ours = parsed(octets)
    assert fields(ours) == fields(usual)
    assert len({name.lower() for name in ours}) == len(ours.keys())
    assert ours.get_content_type() == usual.get_content_type() == "multipart/alternative"
    assert parts(ours) == parts(usual)
    text, html = (part.get_payload(decode=True) for part in ours.iter_parts())
    mail = composition.mail(links)
    assert text == mail.text.replace("\n", "\r\n").encode()
    assert html == mail.html.replace("\n", "\r\n").encode()
    assert octets.isascii()
    content = octets.partition(b"\r\n\r\n")[2]
    assert max(map(len, content.split(b"\r\n"))) <= LINE
    assert b"\n" not in octets.replace(b"\r\n", b"")
    assert b"\r" not in octets.replace(b"\r\n", b"")
    assert octets.count(BOUNDARY.encode()) == 4


def test_words_in_headers_are_folded_at_78_characters(house):
    outside = envelope(subject="Knötchen und andere Dinge " * 8)
    octets = on_the_wire(outside, house[0].compose(Choice.everything()), LINKS)
    head = octets.partition(b"\r\n\r\n")[0]
    assert max(map(len, head.split(b"\r\n"))) <= HEADER_LINE


@given(st.lists(texts, max_size=6))
def test_pieces_that_were_encoded_are_joined_as_their_texts_are(pieces):
    whole = b"".join(map(encoded, pieces))
    unified = "".join(pieces).encode()
    assert quopri.decodestring(whole).replace(b"\r\n", b"\n") == unified
    assert max(map(len, whole.split(b"\r\n"))) <= LINE
    assert whole.isascii()
    assert b"=_" not in whole


@given(
    st.sampled_from(["List-Id", "List-Unsubscribe", "Subject", "To", "X"]),
    st.one_of(subjects, st.text(alphabet="ab ;,", min_size=60, max_size=90), tokens),
)
def test_a_header_is_written_as_django_writes_it(name, value):
    usual = SafeMIMEText("", "plain", "utf-8")
    try:
        usual[name] = value
        expected = usual.as_bytes(linesep="\r\n")
    except ValueError:
        with pytest.raises(ValueError):  # noqa: PT011  whatever Django says, we say
            header(name, value)
    else:
        assert b"\r\n" + header(name, value) in expected


@given(addresses)
def test_an_address_that_looks_plain_is_what_django_makes_of_it(address):
    if PLAIN_ADDRESS.fullmatch(address):
        assert sanitised(address) == address == sanitize_address(address, "utf-8")
    else:
        try:
            usual = sanitize_address(address, "utf-8")
        except Exception as exc:  # the library's parser raises more than it says
            with pytest.raises(type(exc)):
                sanitised(address)
        else:
            assert sanitised(address) == usual


def test_the_server_gets_the_message_octet_for_octet(house, settings):
    composition = house[2].compose(Choice.everything())
    cover = message_for(envelope(), ComposedMail("", ""))
    message = WireMessage(cover, composition, LINKS)
    with SmtpServer() as server:
        connection = get_connection(settings.SMTP_BACKEND, host="127.0.0.1", port=server.port)
        assert post(connection, message).verdict is Verdict.ACCEPTED
        connection.close()
    assert server.taken == [(LINKS.address, message.as_bytes())]
    assert b"\r\n." in message.as_bytes()


def test_a_wire_message_for_another_backend_halts_before_anything_is_sent(house, settings):
    composition = house[0].compose(Choice.everything())
    message = WireMessage(message_for(envelope(), ComposedMail("", "")), composition, LINKS)
    outcome = post(get_connection(settings.MAILBOX_BACKEND), message)
    assert (outcome.verdict, outcome.never_began) == (Verdict.HALTED, True)


def test_the_largest_mail_is_below_the_limit_on_the_wire_too():
    many = tuple(
        replace(samples.story(number), body="Ein Satz von mittlerer Länge. " * 40)
        for number in range(60)
    )
    composition = Composer(render_issue(samples.daily(stories=many))).compose(Choice.everything())
    assert composition.more > 0
    pieces = body(composition.html, composition.values(LONGEST)[0], encoded)
    assert len(b"".join(pieces)) < MAIL_LIMIT_BYTES
