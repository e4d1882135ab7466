"""An e-mail fits: sizes measured on whole mails, as they travel."""

import json
import random
from dataclasses import replace

import pytest

from newsletter.composing import Composer, PersonalLinks
from newsletter.content import IssueContent, StoryContent
from newsletter.rendering import (
    MAIL_LIMIT_BYTES,
    MAIL_WARNING_BYTES,
    RenderError,
    encoded_size,
    render_issue,
)
from subscribers.audience import Choice
from tests import samples

# What 31 stories of the size of real ones may take, each with a link to mute its sources.
LARGE_DAILY_BYTES = 60_000
# As long as the addresses of real stories.
URL_LENGTH = 150
# RFC 5321 §4.5.3.1: the longest address, with what HTML escapes in its local part.
LONGEST = PersonalLinks(
    unsubscribe_url="https://news.example.org/u/" + "u" * 37,
    choices_url="https://news.example.org/choices/" + "c" * 37,
    read_url="https://news.example.org/read/" + "r" * 37,
    mute_token="m" * 37,
    address="&" * 64 + "@" + "d" * 185 + ".org",
)


def quoted_printable(text: str) -> int:
    """Count the bytes of a text on the wire, encoded by the letter of RFC 2045 §6.7."""
    total = column = 0
    for byte in text.encode():
        if byte == ord("\n"):
            total, column = total + 2, 0
            continue
        width = 1 if 0x20 <= byte <= 0x7E and byte != ord("=") else 3
        if column + width > 75:
            total, column = total + 3, 0
        total, column = total + width, column + width
    return total


def stories(count: int, *, length: int = 700) -> tuple[StoryContent, ...]:
    """Return stories of the size of real ones: a body of so many characters, a long address."""
    prose = " ".join(written.body for written in samples.WRITTEN if written.body.isascii())
    words = " ".join(prose.replace("`", "").replace("*", "").replace("\n", " ").split())
    return tuple(
        StoryContent(
            key=f"story-{number}",
            headline=f"A headline of the usual length about what a team did, number {number}",
            company="Example Company",
            body=words[number : number + length],
            url=f"https://engineering.example.com/{number}/".ljust(URL_LENGTH, "x"),
            source_ids=(number,),
            via="Some Weekly" if number % 4 == 0 else "",
        )
        for number in range(count)
    )


def mail_bytes(content: IssueContent, choice: Choice) -> tuple[int, int]:
    """Return a mail's bytes as HTML, and encoded."""
    html = Composer(render_issue(content)).compose(choice).mail(LONGEST).html
    return len(html.encode()), quoted_printable(html)


def test_31_stories_fit_in_60_kilobytes():
    plain, encoded = mail_bytes(samples.daily(stories=stories(31)), Choice.everything())
    assert plain <= LARGE_DAILY_BYTES
    assert encoded < MAIL_WARNING_BYTES


def test_31_real_stories_fit_in_60_kilobytes(shared_data):
    real = [
        story
        for path in sorted((shared_data / "expected").glob("*.json"))
        for block in json.loads(path.read_text())["blocks"]
        for story in block.get("stories", ())
    ]
    shapes = stories(31)
    content = samples.daily(
        stories=tuple(
            replace(shape, headline=row["headline"], company=row["company"], body=row["body"])
            for shape, row in zip(shapes, real, strict=False)
        )
    )
    assert len(content.stories) == 31
    assert mail_bytes(content, Choice.everything())[0] <= LARGE_DAILY_BYTES


@pytest.mark.parametrize("length", [40, 700, 1_400])
def test_every_variant_of_60_stories_fits(length):
    rendered = render_issue(samples.daily(stories=stories(60, length=length)))
    composer = Composer(rendered)
    chance = random.Random(60)
    choices = [Choice.everything()] + [
        Choice(False, frozenset(chance.sample(range(60), chance.randint(1, 60)))) for _ in range(40)
    ]
    for choice in choices:
        composition = composer.compose(choice)
        assert quoted_printable(composition.mail(LONGEST).html) < MAIL_LIMIT_BYTES
        assert composition.shown > 0


def test_a_mail_is_not_cut_before_it_must_be():
    composer = Composer(render_issue(samples.daily(stories=stories(60, length=1_400))))
    composition = composer.compose(Choice.everything())
    assert composition.more > 0
    assert quoted_printable(composition.mail(LONGEST).html) > MAIL_LIMIT_BYTES * 0.94


def test_text_that_is_not_latin_fits_as_well():
    body = "Команда переписала очередь и измерила, кто на самом деле ждёт ответа. " * 9
    content = samples.daily(stories=tuple(replace(s, body=body) for s in stories(60)))
    composition = Composer(render_issue(content)).compose(Choice.everything())
    assert 0 < composition.shown < 60
    assert quoted_printable(composition.mail(LONGEST).html) < MAIL_LIMIT_BYTES


@pytest.mark.parametrize("letter", ["😀", "&", '"', "漢"])
def test_the_size_counts_the_headline_that_leads_a_mail_without_an_opening(letter):
    first = replace(stories(1)[0], headline=letter * 110 + " and so on")
    rendered = render_issue(samples.daily(opening="", stories=(first, *stories(40)[1:])))
    # A host's name alone may have 253 characters.
    links = replace(
        LONGEST,
        unsubscribe_url=LONGEST.unsubscribe_url.ljust(300, "u"),
        choices_url=LONGEST.choices_url.ljust(300, "c"),
        read_url=LONGEST.read_url.ljust(300, "r"),
    )
    mail = Composer(rendered).compose(Choice.everything()).mail(links)
    assert quoted_printable(mail.html) <= encoded_size(rendered)


@pytest.mark.parametrize("count", [1, 12, 60])
def test_the_encoded_size_is_a_close_upper_bound(count):
    content = samples.daily(stories=stories(count, length=300))
    rendered = render_issue(content)
    real = mail_bytes(content, Choice.everything())[1]
    assert real <= encoded_size(rendered) <= real * 1.03 + 3_000


def test_a_story_that_fits_into_no_mail_is_refused_by_name():
    huge = replace(samples.WRITTEN[0], key="the-huge-one", body="ж" * 19_000)
    with pytest.raises(RenderError, match=r"the-huge-one: .* fit\. Shorten it") as caught:
        render_issue(samples.daily(stories=(huge,)))
    assert caught.value.where == "the-huge-one"


def test_editorial_parts_that_leave_no_room_are_refused():
    with pytest.raises(RenderError, match="Without any story"):
        render_issue(samples.daily(opening="ж" * 9_000, patterns="ж" * 9_000))
