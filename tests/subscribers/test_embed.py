"""The form on other sites: framed, and as plain HTML out of the README."""

import html
import re
from pathlib import Path

import pytest
from django.test import Client

from subscribers.models import ConsentEvent, SignUp
from tests.factories import make_source
from tests.subscribers.doors import ADA, fields_on

pytestmark = pytest.mark.django_db

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
ELSEWHERE = {"origin": "https://elsewhere.example", "referer": "https://elsewhere.example/"}


def snippets():
    """Return the pieces of HTML that stand in the README's section on forms."""
    section = README.split("## A form on your own site")[1].split("\n## ")[0]
    return re.findall(r"```html\n(.*?)```", section, re.DOTALL)


def fields_of(snippet, **typed):
    """Return what a browser posts for a piece of HTML, once somebody has typed."""
    fields = {}
    for attributes in re.findall(r"<input([^>]*)>", snippet):
        found = dict(re.findall(r'([a-z-]+)="([^"]*)"', attributes))
        is_box = found.get("type") in ("checkbox", "radio")
        if not is_box or re.search(r"\bchecked\b", attributes):
            fields.setdefault(found["name"], []).append(
                html.unescape(found.get("value", "on" if is_box else ""))
            )
    return {**fields, **typed}


def press_again(client, response):
    return client.post("/", fields_on(response.content.decode()), headers=ELSEWHERE)


# --- The README's ----------------------------------------------------------------------------


def test_the_plain_form_of_the_readme_signs_up_after_one_more_press(settings, time_machine):
    time_machine.move_to("2026-11-20T12:10Z", tick=False)
    settings.MIN_FORM_SECONDS = 2
    plain = snippets()[0]
    assert 'action="https://news.example.org/"' in plain
    assert 'method="post"' in plain
    client = Client(enforce_csrf_checks=True)
    asked = client.post("/", fields_of(plain, email=ADA), headers=ELSEWHERE)
    assert asked.status_code == 422
    assert "One more click" in asked.content.decode()
    time_machine.shift(3)
    assert press_again(client, asked).status_code == 200
    kept = SignUp.objects.get()
    assert (kept.email, kept.origin) == (ADA, ConsentEvent.Origin.EMBED)
    assert (kept.choices["wants_daily"], kept.choices["wants_weekly"]) == (True, False)
    assert kept.choices["all_sources"]


def test_fields_that_the_readme_names_are_fields_of_the_form(client):
    make_source(slug="ferry")
    section = README.split("## A form on your own site")[1].split("\n## ")[0]
    named = set(re.findall(r"^\| `([a-z_]+)`", section, re.MULTILINE))
    assert {"email", "wants_daily", "sources", "hour", "time_zone", "language"} <= named
    sent = {
        "email": ADA,
        "wants_weekly": "on",
        "which": "some",
        "sources": "ferry",
        "hour": "6",
        "time_zone": "Europe/Zurich",
        "language": "de",
        "sure": ADA,
        "embed": "1",
    }
    assert named - {"wants_daily"} == set(sent) - {"wants_weekly"}
    assert client.post("/", sent).status_code == 200
    chosen = SignUp.objects.get().choices
    assert chosen["source_slugs"] == ["ferry"]
    assert (chosen["hour"], chosen["time_zone"]) == (6, "Europe/Zurich")
    assert chosen["language"] == "de"


def test_the_frame_of_the_readme_shows_a_page_that_may_be_framed(client):
    frame = snippets()[1]
    (address,) = re.findall(r'src="https://news\.example\.org(/[^"]*)"', frame)
    assert 'title="' in frame
    assert client.get(address).status_code == 200


# --- The framed form -------------------------------------------------------------------------


def test_the_small_form_may_be_framed_by_any_site_and_no_other_page_may(client):
    framed = client.get("/embed/")
    assert "frame-ancestors *" in framed["Content-Security-Policy"]
    assert "X-Frame-Options" not in framed
    for path in ("/", "/archive/", "/choices/broken", "/nope"):
        response = client.get(path)
        assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
        assert response["X-Frame-Options"] == "DENY"


def test_the_small_form_is_as_strict_as_all_pages_in_everything_else(client):
    def without_frames(path):
        parts = client.get(path)["Content-Security-Policy"].split("; ")
        return {part for part in parts if not part.startswith("frame-ancestors")}

    assert without_frames("/embed/") == without_frames("/")


def test_the_small_form_signs_up_in_its_own_language(client, settings, time_machine):
    time_machine.move_to("2026-11-20T12:10Z", tick=False)
    settings.MIN_FORM_SECONDS = 2
    page = client.get("/embed/", headers={"accept-language": "de"}).content.decode()
    assert 'target="_blank"' in page
    assert 'rel="noopener"' in page
    time_machine.shift(3)
    fields = {**fields_on(page), "email": ADA, "wants_daily": "on"}
    assert client.post("/", fields, headers=ELSEWHERE).status_code == 200
    kept = SignUp.objects.get()
    assert kept.origin == ConsentEvent.Origin.EMBED
    assert kept.choices["language"] == "de"


def test_the_small_form_sets_no_cookie_and_only_shows(client):
    assert not client.get("/embed/").cookies
    assert client.post("/embed/", {"email": ADA}).status_code == 405
    assert SignUp.objects.count() == 0
