from datetime import date, timedelta

import pytest
from django.http import QueryDict

from subscribers.choices import Choices
from subscribers.forms.door import SubscribeForm
from subscribers.forms.rooms import PauseForm, PreferencesForm
from subscribers.forms.zones import known_zones, zone_choices
from tests.factories import make_source

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 20)
DAY = timedelta(days=1)


def form(query="", kind=SubscribeForm, **kwargs):
    return kind(QueryDict(f"email=ada@example.com&{query}"), **kwargs)


def chosen(query):
    filled = form(query)
    assert filled.is_valid(), filled.errors
    return filled.choices()


def test_what_a_post_leaves_out_takes_its_default():
    assert chosen("wants_daily=on") == Choices(wants_weekly=False)


def test_a_full_post_becomes_one_value():
    make_source(slug="ferry")
    make_source(slug="harbour")
    query = "wants_weekly=on&which=some&sources=harbour&sources=ferry&hour=0&time_zone=Asia/Tokyo"
    assert chosen(query) == Choices(
        wants_daily=False,
        all_sources=False,
        source_slugs=("ferry", "harbour"),
        hour=0,
        time_zone="Asia/Tokyo",
    )


def test_naming_sources_is_choosing_them():
    make_source(slug="ferry")
    assert chosen("wants_daily=on&sources=ferry").source_slugs == ("ferry",)


def test_all_sources_outweigh_ticks_left_in_the_list():
    make_source(slug="ferry")
    assert chosen("wants_daily=on&which=all&sources=ferry").all_sources


def test_old_names_of_zones_that_browsers_still_use_are_known():
    assert chosen("wants_daily=on&time_zone=Asia/Calcutta").time_zone == "Asia/Calcutta"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "wants_daily"),
        ("wants_daily=on&which=some", "sources"),
        ("wants_daily=on&which=none", "which"),
        ("wants_daily=on&sources=nowhere", "sources"),
        ("wants_daily=on&sources=ferry%00", "sources"),
        ("wants_daily=on&hour=24", "hour"),
        ("wants_daily=on&hour=99", "hour"),
        ("wants_daily=on&hour=-1", "hour"),
        ("wants_daily=on&hour=seven", "hour"),
        ("wants_daily=on&time_zone=Mars/Olympus", "time_zone"),
        ("wants_daily=on&time_zone=../../etc/passwd", "time_zone"),
        ("wants_daily=on&time_zone=UTC%00", "time_zone"),
        ("wants_daily=on&time_zone=Factory", "time_zone"),
        ("wants_daily=on&time_zone=localtime", "time_zone"),
        ("wants_daily=on&time_zone=Etc/GMT-14", "time_zone"),
        ("wants_daily=on&time_zone=" + "x" * 10_000, "time_zone"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(query, field):
    make_source(slug="ferry")
    filled = form(query)
    assert not filled.is_valid()
    assert list(filled.errors) == [field]


def test_all_that_is_wrong_is_said_at_once():
    filled = form("email=ada&which=some&hour=99")
    assert set(filled.errors) == {"email", "wants_daily", "sources", "hour"}


def test_retired_and_merged_sources_are_not_on_offer():
    present = make_source("Ferry Weekly", company="Ferry")
    make_source("Old Ferry", merged_into=present)
    make_source("Closed", retired_at="2026-01-01T00:00Z")
    names = [source.name for company in SubscribeForm().companies() for source in company.sources]
    assert names == ["Ferry Weekly"]


def test_sources_stand_by_company_in_the_catalogues_order():
    make_source("Ferry Research", company="Ferry", position=1)
    make_source("Harbour Log", company="Harbour", position=2)
    make_source("Ferry Blog", company="Ferry", position=3)
    groups = [
        (company.name, [source.name for source in company.sources], company.is_named_by_its_source)
        for company in SubscribeForm().companies()
    ]
    assert groups == [
        ("Ferry", ["Ferry Research", "Ferry Blog"], False),
        ("Harbour", ["Harbour Log"], True),
    ]


def test_every_zone_on_offer_is_known():
    offered = {"UTC"} | {name for _, zones in zone_choices()[1:] for name, _ in zones}
    assert offered <= known_zones()
    assert {"Europe/Zurich", "America/Argentina/Ushuaia", "UTC"} <= offered


def test_a_zone_that_is_not_on_offer_stays_selected():
    pacific = Choices(time_zone="US/Pacific")
    assert '<option value="US/Pacific" selected>' in str(PreferencesForm(kept=pacific)["time_zone"])
    query = "wants_daily=on&time_zone=US/Pacific"
    assert form(query, PreferencesForm, kept=pacific).is_valid()
    assert not form(query, PreferencesForm, kept=Choices()).is_valid()


def test_a_zone_that_no_database_knows_any_more_is_shown_as_utc_and_named():
    lost = PreferencesForm(kept=Choices(time_zone="Atlantis/Port"))
    assert '<option value="UTC" selected>' in str(lost["time_zone"])
    assert lost.lost_zone == "Atlantis/Port"
    assert PreferencesForm(kept=Choices()).lost_zone == ""


def test_a_pause_ends_today_or_later():
    for day, is_valid in ((TODAY - DAY, False), (TODAY, True), (TODAY + DAY, True)):
        assert form(f"paused_until={day}", PauseForm, today=TODAY).is_valid() is is_valid
    for wrong in ("", "paused_until=soon"):
        assert not form(wrong, PauseForm, today=TODAY).is_valid()


def test_choices_shown_and_sent_back_are_the_same():
    make_source(slug="ferry")
    choices = Choices(
        wants_daily=False,
        all_sources=False,
        source_slugs=("ferry",),
        hour=0,
        weekday=0,
        time_zone="Africa/Nairobi",
        language="de",
    )
    shown = PreferencesForm(kept=choices)
    sent = QueryDict(mutable=True)
    for name, value in shown.initial.items():
        if value is not False:
            sent.setlist(name, value if isinstance(value, list) else [value])
    filled = PreferencesForm(sent, kept=Choices(wants_daily=False))
    assert filled.is_valid(), filled.errors
    assert filled.choices() == filled.shown_choices() == choices


@pytest.mark.parametrize(
    "lost",
    ["", "{", "[]", "7", "null", '{"muted": 3}', '{"source_slugs": 3}', "\x00", "[" * 99_999],
)
def test_what_a_form_was_made_of_may_get_lost(lost):
    sent = QueryDict(mutable=True)
    sent.update({"wants_daily": "on", "shown": lost})
    filled = PreferencesForm(sent, kept=Choices())
    assert filled.is_valid()
    assert filled.shown_choices() is None
