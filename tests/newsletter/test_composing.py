"""Joining blocks: what each choice gets, and that it equals a mail rendered from scratch."""

import json
import tracemalloc
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import translation
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from newsletter.composing import CACHED_VARIANTS, Composer, Composition, PersonalLinks
from newsletter.content import IssueContent, StoryContent, ThreadContent
from newsletter.rendering import Kind, RenderedIssue, RenderError, Slot, render_issue
from newsletter.rendering.cleaning import LEAD_LENGTH, attribute, clean_line, shortened
from newsletter.rendering.mjml import Fill, forms_of
from newsletter.rendering.wording import Counts, Phrases
from subscribers.audience import Choice
from tests import samples

LINKS = PersonalLinks(
    unsubscribe_url="https://news.example.org/u/dAbc?x=1&y=2",
    choices_url="https://news.example.org/choices/pAbc",
    read_url="https://news.example.org/read/rAbc",
    mute_token="mAb-c_",
    address="o'brien&co@example.com",
)


def only(*source_ids: int) -> Choice:
    return Choice(all_sources=False, source_ids=frozenset(source_ids))


def composed(content: IssueContent, choice: Choice) -> Composition:
    return Composer(render_issue(content)).compose(choice)


def from_scratch(
    content: IssueContent, composition: Composition, *, welcome: bool = False
) -> tuple[str, str]:
    """Render the filtered issue through the whole pipeline, without marks and without cuts."""
    kept = set(composition.story_keys)
    filtered = replace(content, stories=tuple(s for s in content.stories if s.key in kept))
    counts = Counts(
        shown=len(filtered.stories),
        total=len(content.stories),
        hidden=composition.hidden,
        more=composition.more,
    )
    lead = shortened(
        clean_line(filtered.stories[0].headline if filtered.stories else content.title),
        LEAD_LENGTH,
    )
    slots = {
        **Phrases(counts.total).of(counts),
        Slot.LEAD: lead,
        Slot.LEADATTRIBUTE: attribute(lead),
        Slot.ADDRESS: LINKS.address,
        Slot.CHOICES: LINKS.choices_url,
        Slot.READ: LINKS.read_url,
        Slot.MUTE: LINKS.mute_token,
        Slot.UNSUBSCRIBE: LINKS.unsubscribe_url,
    }
    notes = [(Kind.WELCOME, welcome), (Kind.MORE, counts.more), (Kind.HIDDEN, counts.hidden)]
    html, text, _ = forms_of(filtered, Fill(slots, tuple(kind for kind, many in notes if many)))
    return html, text


# Words that have broken mails: markup, MJML, entities, placeholders, both directions, emoji.
PROSE = st.text(max_size=60) | st.sampled_from(
    [
        "</mj-text><mj-raw><script>alert(1)</script>",
        "<!--mark0b1e--> {{ story }} %x% *|X|* &amp; &copy=1 &#8205; ]]>",
        "a \\ b \u00a0 c \u200d d \u202e e \x00 f \x85 g",
        '👩‍💻 שלום **fett** `CGROUP_SKB` [a](https://e.example/?a=1&b="2")',
        "> quote\n> - list\n>   1. more\n\n```\n\ncode\n\n```\n***",
        "\"quoted\" and 'single' @import url(x)",
    ]
)
TITLES = PROSE.filter(lambda text: bool(clean_line(text)))
URLS = st.sampled_from(
    ["", "https://a.example/ä b?q=%x%&r={{ x }}", "javascript:alert(1)", "http://[::1]:80/<>"]
)
ISSUES = st.builds(
    IssueContent,
    kind=st.sampled_from(["daily", "weekly"]),
    slug=st.just("daily-2026-11-20"),
    title=TITLES,
    subject=st.just("subject"),
    period_start=st.just(samples.DAY - timedelta(days=9)),
    period_end=st.just(samples.DAY),
    opening=PROSE,
    stories=st.lists(
        st.builds(
            StoryContent,
            key=st.uuids().map(str),
            headline=TITLES,
            company=PROSE,
            body=PROSE,
            url=URLS,
            source_ids=st.lists(st.integers(1, 5), max_size=2, unique=True).map(tuple),
            via=PROSE,
        ),
        max_size=7,
        unique_by=lambda story: story.key,
    ).map(tuple),
    threads=st.lists(
        st.builds(ThreadContent, key=st.just("thread"), title=TITLES, body=PROSE), max_size=2
    ).map(tuple),
    patterns=PROSE,
)
CHOICES = (
    st.just(Choice.everything())
    | st.frozensets(st.integers(1, 5)).map(lambda chosen: only(*chosen))
    | st.frozensets(st.integers(1, 5)).map(lambda muted: Choice(True, muted_ids=muted))
)


@given(
    content=ISSUES,
    choices=st.lists(st.tuples(CHOICES, st.booleans()), min_size=1, max_size=4),
    language=st.sampled_from(["en", "de", "ar"]),
    written=st.sampled_from(["en", "ar"]),
)
@hypothesis_settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_joined_blocks_equal_the_filtered_issue_rendered_from_scratch(
    content, choices, language, written
):
    with override_settings(PUBLICATION_LANGUAGE=written):
        rendered = render_issue(content, language)
        composer = Composer(RenderedIssue.from_json(json.loads(json.dumps(rendered.to_json()))))
        for choice, welcome in choices:
            composition = composer.compose(choice, welcome=welcome)
            mail = composition.mail(LINKS)
            with translation.override(language):
                html, text = from_scratch(content, composition, welcome=welcome)
            assert mail.html == html
            assert mail.text == text


@pytest.mark.parametrize("welcome", [False, True], ids=["issue", "welcome"])
@pytest.mark.parametrize("choice", [Choice.everything(), only(1, 2, 3), only(3, 9, 40), only()])
@pytest.mark.parametrize("count", [12, 31, 90])
def test_a_long_issue_joined_equals_it_rendered_from_scratch(count, choice, welcome):
    content = samples.daily(count)
    composition = Composer(render_issue(content)).compose(choice, welcome=welcome)
    mail = composition.mail(LINKS)
    assert (mail.html, mail.text) == from_scratch(content, composition, welcome=welcome)


def test_lists_quotes_and_tables_joined_equal_them_rendered_from_scratch():
    body = "- a\n  - سلام\n- b\n\n> سلام\n>\n> | a | b |\n> |---|---|\n> | <i> | `x` |\n> | | 2 |"
    stories = tuple(replace(story, body=body) for story in samples.WRITTEN[:3])
    content = samples.daily(stories=stories, opening=body, patterns=body)
    composition = composed(content, only(1, 3))
    mail = composition.mail(LINKS)
    assert mail.html.count("<blockquote") == 4
    assert (mail.html, mail.text) == from_scratch(content, composition)


def test_a_reader_gets_the_stories_of_their_sources_in_order():
    composition = composed(samples.daily(), only(3, 1))
    mail = composition.mail(LINKS)
    assert composition.story_keys == ("harbour-rail-moves-timetables", "quill-bank-ledger")
    assert (composition.shown, composition.total, composition.hidden) == (2, 12, 10)
    for form in (mail.html, mail.text):
        assert form.index("Harbour Rail moves") < form.index("Why Quill Bank")
        assert "Tiles at the edge" not in form
        assert "2 of 12 stories" in form
        assert "10 of 12 stories hidden by your choice" in form


def test_a_story_of_no_source_is_shown_to_everybody():
    stories = (replace(samples.WRITTEN[0], source_ids=()), samples.WRITTEN[1])
    composition = composed(samples.daily(stories=stories), only())
    assert composition.story_keys == (stories[0].key,)


def test_a_daily_that_a_choice_empties_is_empty_and_a_weekly_never_is():
    assert composed(samples.daily(), only()).is_empty
    assert not composed(samples.weekly(), only()).is_empty


def test_a_weekly_without_a_story_left_keeps_its_editorial_parts_and_loses_the_heading():
    mail = composed(samples.weekly(), only()).mail(LINKS)
    for form in (mail.html, mail.text.title()):
        assert "Week In Review" in form.replace(" in ", " In ")
        assert "Developing Threads" in form
        assert "Patterns Across Companies" in form
        assert "Top Stories" not in form
    assert "4 of 4 stories hidden by your choice" in mail.html


def test_everything_hides_nothing_and_says_nothing_about_hiding():
    mail = composed(samples.daily(), Choice.everything()).mail(LINKS)
    assert "12 of 12 stories" in mail.html
    assert "hidden by your choice" not in mail.html + mail.text
    assert "more on the web" not in mail.html + mail.text


def test_one_story_is_counted_in_the_singular():
    mail = composed(samples.daily(1), Choice.everything()).mail(LINKS)
    assert "1 of 1 story ·" in mail.html
    assert "1 of 1 story\n" in mail.text


def test_without_an_opening_the_inbox_shows_the_first_headline_that_the_reader_has():
    composition = composed(samples.daily(opening=""), only(3))
    mail = composition.mail(LINKS)
    assert '<meta name="description" content="Why Quill Bank counts money twice">' in mail.html
    assert "Harbour Rail moves" not in mail.html


def test_the_readers_address_and_links_stand_in_both_forms():
    mail = composed(samples.daily(), Choice.everything()).mail(LINKS)
    assert "o'brien&amp;co@example.com" in mail.html
    assert 'href="https://news.example.org/u/dAbc?x=1&amp;y=2"' in mail.html
    assert 'href="https://news.example.org/choices/pAbc"' in mail.html
    assert 'href="https://news.example.org/read/rAbc"' in mail.html
    assert "\no'brien&co@example.com\n" in mail.text
    assert "\nhttps://news.example.org/u/dAbc?x=1&y=2\n" in mail.text
    assert "\nhttps://news.example.org/read/rAbc\n" in mail.text


@pytest.mark.parametrize(
    ("choice", "places"),
    [
        (Choice.everything(), set(range(12))),
        (only(1, 3), {0, 2}),
        (Choice(all_sources=True, muted_ids=frozenset({1, 3})), set(range(12)) - {0, 2}),
        (only(), set()),
    ],
)
def test_a_number_in_hexadecimal_says_which_stories_stand_in_the_mail(choice, places):
    composition = composed(samples.daily(), choice)
    mask = int(composition.shown_mask, 16)
    assert {n for n in range(mask.bit_length()) if mask >> n & 1} == places
    keys = [story.key for story in samples.daily().stories]
    assert composition.story_keys == tuple(keys[n] for n in sorted(places))


def test_stories_that_did_not_fit_are_not_among_those_that_stand_in_the_mail():
    composition = composed(samples.daily(120), Choice.everything())
    assert composition.more > 0
    assert int(composition.shown_mask, 16) == (1 << composition.shown) - 1


def test_a_welcome_says_so_before_anything_else_and_no_other_mail_does():
    composer = Composer(render_issue(samples.weekly()))
    words = "This is the latest issue, with just the stories of the sources you chose."
    welcome = composer.compose(only(1), welcome=True)
    mail = welcome.mail(LINKS)
    for form in (mail.html, " ".join(mail.text.split())):
        assert form.count(words) == 1
        assert form.index(words) < form.casefold().index("week in review")
    usual = composer.compose(only(1))
    assert words not in usual.mail(LINKS).html
    assert (welcome.variant, welcome.shown_mask) == (usual.variant, usual.shown_mask)


def test_an_address_full_of_markup_is_text():
    links = replace(LINKS, address='"<script>"@example.com')
    mail = composed(samples.daily(), Choice.everything()).mail(links)
    assert "<script" not in mail.html
    assert '"&lt;script&gt;"@example.com' in mail.html


def test_a_variant_is_named_by_the_stories_left_and_not_by_the_choice():
    composer = Composer(render_issue(samples.daily()))
    few = composer.compose(only(1))
    assert few.variant == composer.compose(only(1, 999)).variant
    assert few.variant != composer.compose(only(2)).variant
    assert len(few.variant) == 16
    assert int(few.variant, 16) >= 0


def test_two_choices_that_leave_the_same_stories_share_one_composition():
    composer = Composer(render_issue(samples.daily()))
    assert composer.compose(only(1)) is composer.compose(only(1, 999))


def test_stories_that_do_not_fit_become_a_number_and_a_link():
    composition = composed(samples.daily(120), Choice.everything())
    mail = composition.mail(LINKS)
    assert composition.more > 0
    assert composition.shown + composition.more == 120
    assert f"{composition.shown} of 120 stories" in mail.html
    assert f"{composition.more} more on the web</a>" in mail.html
    assert f"{composition.more} more on the web: http" in mail.text


def test_each_variant_of_a_long_issue_is_cut_for_itself():
    composer = Composer(render_issue(samples.daily(120)))
    late = composer.compose(only(*range(100, 106)))
    assert late.more == 0
    assert late.shown > 0


def test_an_issue_stored_as_json_composes_the_same_mail():
    rendered = render_issue(samples.weekly())
    again = RenderedIssue.from_json(json.loads(json.dumps(rendered.to_json())))
    assert again == rendered
    one, other = (Composer(r).compose(only(1)).mail(LINKS) for r in (rendered, again))
    assert one == other


def test_the_cache_of_variants_is_bounded_and_small():
    stories = tuple(
        replace(story, source_ids=(number,))
        for number, story in enumerate(samples.daily(31).stories)
    )
    composer = Composer(render_issue(samples.daily(stories=stories)))
    tracemalloc.start()
    for number in range(CACHED_VARIANTS + 500):
        composer.compose(only(*(bit for bit in range(31) if number >> bit & 1)))
    now, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert composer.variant_of.cache_info().currsize == CACHED_VARIANTS
    # As many joined mails would be 300 MB; references to shared blocks are some KB each.
    assert now < 4 * 1024 * CACHED_VARIANTS


def test_a_thread_without_a_title_is_refused():
    with pytest.raises(RenderError):
        render_issue(samples.weekly(threads=(ThreadContent(key="t", title=" \x00", body="x"),)))
