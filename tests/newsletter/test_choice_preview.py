"""What a form's choices mean, beside the form and for its script."""

import re
from datetime import timedelta

import pytest
from django.template import Context, Template
from django.test import Client
from django.utils import timezone

from newsletter.models import WebCopy
from newsletter.previewing import HEADLINES_SHOWN, amount, choices_on
from subscribers.choices import Choices, Muted
from subscribers.forms.choices import ChoicesForm
from subscribers.forms.door import SubscribeForm
from subscribers.forms.rooms import PreferencesForm
from subscribers.models import ConsentEvent, SignUp, Subscriber
from tests.factories import make_source
from tests.newsletter.public_issues import make_public
from tests.newsletter.test_hostile_issues import HOSTILE

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
BOTH = {"wants_daily": "on", "wants_weekly": "on"}


@pytest.fixture
def ferry():
    return make_source("Ferry Weekly", slug="ferry")


@pytest.fixture
def tram():
    return make_source("Tram Post", slug="tram")


def today():
    return timezone.now().date()


def panel_of(form):
    template = Template("{% load choice_preview %}{% choice_preview form %}")
    return text_of(template.render(Context({"form": form})))


def posted(data, **kwargs):
    """Post a form's fields as another site could: with cookies checked, and none sent."""
    return Client(enforce_csrf_checks=True).post("/preview/", data, **kwargs)


def text_of(html):
    return re.sub(r"\s+", " ", html)


def some(*slugs, **fields):
    return {**BOTH, "which": "some", "sources": list(slugs), **fields}


def test_a_fresh_form_tells_of_all_sources(ferry):
    make_public(ferry, ferry, end=today(), headlines=["Quays", "Ice"])
    panel = panel_of(SubscribeForm())
    assert "All sources together carry about 2 stories a week." in panel
    assert "The last daily, of" in panel
    assert "<li>Quays</li>" in panel
    assert "<li>Ice</li>" in panel
    assert "by your choice" not in panel


def test_a_choice_is_counted_in_sources_and_stories(ferry, tram):
    other = make_source()
    make_public(ferry, tram, tram, other, end=today(), headlines=["Quays", "Rails", "Wires"])
    panel = panel_of(ChoicesForm(some("ferry", "tram")))
    assert "These 2 sources carry about 3 stories a week." in panel
    assert "1 of 4 stories stays out by your choice." in panel
    assert "This source carries about 1 story a week." in panel_of(ChoicesForm(some("ferry")))
    assert "3 of 4 stories stay out" in panel_of(ChoicesForm(some("ferry")))


def test_a_long_list_of_headlines_ends_in_a_count(ferry):
    make_public(*[ferry] * (HEADLINES_SHOWN + 2), end=today())
    panel = panel_of(ChoicesForm(some("ferry")))
    assert panel.count("<li>") == HEADLINES_SHOWN
    assert "and 2 more" in panel


def test_before_the_first_issue_the_panel_says_so(ferry):
    panel = panel_of(SubscribeForm())
    assert "No issue has been sent yet" in panel
    assert "<button" not in panel


def test_sources_that_were_silent_are_said_to_be(ferry, tram):
    make_public(tram, end=today())
    assert "This source carried no story in the last four weeks." in panel_of(
        ChoicesForm(some("ferry"))
    )
    make_source(slug="rail")
    assert "These 2 sources carried no story" in panel_of(ChoicesForm(some("ferry", "rail")))
    assert "so no mail would have come" in panel_of(ChoicesForm(some("ferry")))
    WebCopy.objects.all().delete()
    make_public(tram, end=today() - 60 * DAY)
    assert "No source carried a story in the last four weeks." in panel_of(SubscribeForm())


def test_a_weekly_comes_without_a_story_too(ferry, tram):
    make_public(tram, kind="weekly", end=today())
    panel = panel_of(ChoicesForm(some("ferry", wants_daily="")))
    assert "The last weekly, up to" in panel
    assert "the overview of the week comes all the same" in panel
    assert "<button" in panel


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"which": "all"}, "Choose the daily or the weekly"),
        ({**BOTH, "which": "some"}, "Choose a source, and see"),
        (some("no-such-source"), "Choose a source, and see"),
        (some("ferry", email="not an address", hour="99"), "This source carries"),
        ({**BOTH, "sources": "ferry"}, "This source carries"),
        ({**BOTH, "which": "neither", "sources": "ferry"}, "All sources together"),
        (BOTH, "All sources together"),
    ],
    ids=str,
)
def test_incomplete_and_invalid_forms_are_read_as_far_as_they_go(ferry, data, said):
    make_public(ferry, end=today())
    assert said in text_of(posted(data).content.decode())
    form = SubscribeForm(Client().post("/preview/", data).wsgi_request.POST)
    form.is_valid()
    assert said in panel_of(form)


def test_the_script_gets_what_the_page_shows(ferry, tram):
    make_public(ferry, tram, end=today())
    response = posted(some("ferry"))
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert text_of(response.content.decode()) == panel_of(ChoicesForm(some("ferry")))


def test_what_a_reader_muted_is_left_out_and_goes_along(ferry, tram):
    make_public(ferry, tram, end=today(), headlines=["Quays", "Rails"])
    kept = Choices(muted=(Muted("tram"),))
    panel = panel_of(PreferencesForm(kept=kept))
    assert "<li>Quays</li>" in panel
    assert "<li>Rails</li>" not in panel
    [field] = re.findall(r'<input type="hidden" name="(\w+)" value="tram">', panel)
    again = text_of(posted({**BOTH, "which": "all", field: "tram"}).content.decode())
    assert again == panel


def test_a_panel_that_counts_fewer_sources_than_were_chosen_says_why(ferry, tram):
    rail = make_source("Rail Notes", slug="rail")
    make_public(ferry, tram, rail, end=today())
    over = today() - 2 * DAY
    muted = (Muted("tram"), Muted("rail", today()), Muted("ferry", over), Muted("gone"))
    chosen = Choices(all_sources=False, source_slugs=("ferry", "rail", "tram"), muted=muted)
    panel = panel_of(PreferencesForm(kept=chosen))
    assert "This source carries" in panel
    assert "2 muted sources are left out." in panel
    one = Choices(all_sources=False, source_slugs=("ferry", "tram"), muted=muted)
    assert "1 muted source is left out." in panel_of(PreferencesForm(kept=one))
    silent = Choices(all_sources=False, source_slugs=("tram",), muted=muted)
    assert "1 muted source is left out." in panel_of(PreferencesForm(kept=silent))
    none = Choices(all_sources=False, source_slugs=("ferry",), muted=muted)
    assert "left out" not in panel_of(PreferencesForm(kept=none)).replace('"left_out"', "")


def test_choices_on_a_form_are_those_it_gives_when_it_is_valid(ferry, tram):
    for data in (BOTH, some("ferry", "tram"), {"wants_weekly": "on", "which": "all"}):
        form = ChoicesForm(data)
        assert form.is_valid()
        on, given = choices_on(form), form.choices()
        for name in ("wants_daily", "wants_weekly", "all_sources", "source_slugs"):
            assert getattr(on, name) == getattr(given, name)


def test_the_last_issue_is_shown_as_it_would_have_come(ferry, tram, settings):
    settings.BASE_URL = "https://digest.example"
    issue = make_public(ferry, tram, end=today(), headlines=["Quays", "Rails"])
    response = posted(some("ferry", show="issue"))
    page = response.content.decode()
    assert response.status_code == 200
    assert "As you would have received it" in page
    assert "1 of 2 stories" in text_of(page)
    assert "Quays" in page
    assert "Rails" not in page
    assert issue.opening in page
    assert f'rel="canonical" href="https://digest.example/archive/{issue.slug}/"' in page
    assert "no-store" in response["Cache-Control"]


def test_the_button_opens_that_page_without_a_script(ferry):
    make_public(ferry, end=today())
    panel = panel_of(SubscribeForm())
    button = re.search(r"<button.*?</button>", panel)[0]
    for attribute in ('formaction="/preview/"', 'formtarget="_blank"', 'name="show"'):
        assert attribute in button
    assert 'value="issue"' in button


@pytest.mark.parametrize("data", [{"show": "issue"}, {**BOTH, "which": "some", "show": "issue"}])
def test_without_a_choice_the_page_says_what_is_missing(ferry, data):
    make_public(ferry, end=today())
    page = posted(data).content.decode()
    assert "Nothing to show yet" in page
    assert "Choose" in page


def test_without_an_issue_the_page_says_so(ferry):
    assert "No issue has been sent yet" in posted({**BOTH, "show": "issue"}).content.decode()


def test_a_daily_that_would_not_have_come_is_said_not_to(ferry, tram):
    make_public(tram, end=today())
    page = posted(some("ferry", show="issue")).content.decode()
    assert "so no mail would have come" in page
    assert "0 of 1 story" in text_of(page)


def test_a_preview_stores_nothing_and_is_not_got(ferry):
    make_public(ferry, end=today())
    posted(some("ferry", email="anna@example.com"))
    posted(some("ferry", email="anna@example.com", show="issue"))
    for model in (Subscriber, SignUp, ConsentEvent):
        assert not model.objects.exists()
    assert Client().get("/preview/").status_code == 405
    assert Client().head("/preview/").status_code == 405


@pytest.mark.parametrize("text", HOSTILE.values())
def test_no_headline_runs(ferry, text):
    text = text.encode("utf-8", "ignore").decode().replace("\x00", "")
    make_public(ferry, end=today(), headlines=[text[:200]], opening=text, patterns=text)
    for data in (BOTH, {**BOTH, "show": "issue"}):
        page = posted(data).content.decode()
        assert "<script>alert" not in page
        assert "onerror=" not in re.sub(r"&lt;.*?&gt;", "", page)


@pytest.mark.parametrize(
    "data",
    [
        {**BOTH, "which": "some", "sources": ["x" * 10_000] * 5},
        {**BOTH, "left_out": ["'; --", "\x00"], "which": "\x00"},
        {"wants_daily": "\ud83d", "sources": "\u202e"},
    ],
    ids=["long", "odd", "unpaired"],
)
def test_odd_fields_are_no_error(ferry, data):
    make_public(ferry, end=today())
    clean = {
        name: value.encode("utf-8", "ignore").decode() if isinstance(value, str) else value
        for name, value in data.items()
    }
    assert posted(clean).status_code == 200


@pytest.mark.parametrize(
    ("about", "said"),
    [
        (0, "fewer than one story a week"),
        (1, "about 1 story a week"),
        (25, "about 25 stories a week"),
    ],
)
def test_amounts_are_said_in_words(about, said):
    assert amount(about) == said
