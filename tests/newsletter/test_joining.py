"""A reader's own values in the pieces that all share: the links to fewer like a story."""

import re
from dataclasses import replace

import pytest

from newsletter.composing import Composer
from newsletter.joining import Edge, Stories, melted
from newsletter.rendering import Kind, Slot, render_issue
from subscribers.audience import Choice
from tests import samples
from tests.mails import LINKS as SOMEBODYS

LINKS = replace(SOMEBODYS, mute_token="mAb-c_")
THREE = Choice(all_sources=False, source_ids=frozenset({3}))


@pytest.fixture(autouse=True)
def publication(settings):
    settings.BASE_URL = "https://news.example.org"


def test_every_story_with_sources_has_the_readers_link_to_fewer_of_them():
    stories = (*samples.WRITTEN[:3], replace(samples.WRITTEN[3], source_ids=()))
    stories = (stories[3], *stories[:3])
    composer = Composer(render_issue(samples.daily(stories=stories)))
    mail = composer.compose(Choice.everything()).mail(LINKS)
    for form in (mail.html, mail.text):
        links = re.findall(r"/f/mAb-c_/([0-9-]+)", form)
        assert links == ["1", "2", "3"]
        assert form.count("mAb-c_") == 3
    other = composer.compose(THREE).mail(replace(LINKS, mute_token="mOther"))
    assert re.findall(r"/f/(\w+)/([0-9-]+)", other.text) == [("mOther", "3")]


def test_the_link_names_every_source_of_the_story():
    story = replace(samples.WRITTEN[0], source_ids=(12, 5, 40))
    content = samples.daily(stories=(story,))
    mail = Composer(render_issue(content)).compose(Choice.everything()).mail(LINKS)
    assert 'href="https://news.example.org/f/mAb-c_/12-5-40"' in mail.html
    assert "Fewer like this: https://news.example.org/f/mAb-c_/12-5-40\n" in mail.text


def test_a_revision_of_before_there_were_links_and_welcomes_still_makes_a_mail():
    rendered = render_issue(samples.daily())
    old = replace(
        rendered,
        blocks=tuple(
            replace(block, html=("".join(block.html[::2]),), text=("".join(block.text[::2]),))
            if block.kind == Kind.STORY
            else block
            for block in rendered.blocks
            if block.kind != Kind.WELCOME
        ),
    )
    mail = Composer(old).compose(Choice.everything(), welcome=True).mail(LINKS)
    assert "Harbour Rail moves" in mail.html
    assert "mAb-c_" not in mail.html + mail.text


def test_stories_in_any_number_stand_between_head_and_foot():
    stories = Stories.of([("a", Slot.MUTE, "A"), ("b",), ("c", Slot.MUTE, "C")])
    edge = Edge.of(("<", "count", "["), ("]", "address", ">"), {"count": "n"})
    values = {"address": "me", Slot.MUTE: "."}
    joined = {
        (): "<n[]me>",
        (0,): "<n[a.A]me>",
        (1,): "<n[b]me>",
        (1, 2): "<n[bc.C]me>",
        (0, 1, 2): "<n[a.Abc.C]me>",
    }
    for shown, whole in joined.items():
        slotless = [place for place, number in enumerate(shown) if number == 1]
        assert stories.within(edge, list(shown), slotless).join(values) == whole


def test_blocks_melt_into_one_without_a_cut_between_them():
    assert melted([("a", "x", "b"), ("c",), ("d", "y", "e")]) == ("a", "x", "bcd", "y", "e")
    assert melted([]) == ("",)
