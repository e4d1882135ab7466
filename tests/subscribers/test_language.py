"""Which language a page is shown in, and how a visitor chooses another."""

import pytest
from django.test import Client

from subscribers.links import choices_url
from tests.factories import make_reader

pytestmark = pytest.mark.django_db

SWITCH = 'action="/language/"'


def choose(client, code="de", to="/archive/"):
    return client.post("/language/", {"language": code, "next": to})


def test_a_visitor_chooses_a_language_and_comes_back_to_the_page():
    client = Client(enforce_csrf_checks=True)
    response = choose(client)
    assert (response.status_code, response["Location"]) == (302, "/archive/")
    assert client.get("/archive/")["Content-Language"] == "de"
    choose(client, "en")
    assert client.get("/archive/", headers={"accept-language": "de"})["Content-Language"] == "en"


@pytest.mark.parametrize("https", [True, False])
def test_the_cookie_is_for_this_site_alone_and_no_script(client, settings, https):
    settings.LANGUAGE_COOKIE_SECURE = https
    cookie = choose(client).cookies["language"]
    assert cookie["samesite"] == "Lax"
    assert cookie["httponly"]
    assert bool(cookie["secure"]) is https
    assert int(cookie["max-age"]) == 31_536_000


@pytest.mark.parametrize("code", ["", "tlh", "de\r\nSet-Cookie: x=y", "\x00", "x" * 10_000])
def test_what_is_no_language_of_ours_sets_nothing(client, code):
    response = choose(client, code)
    assert response.status_code == 302
    assert not response.cookies


@pytest.mark.parametrize(
    "to",
    [
        "",
        "archive/",
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example/",
        "/\t/evil.example/",
        "\t//evil.example/",
        "javascript:alert(1)",
        "http:///evil.example",
        "\x00/",
    ],
)
def test_it_leads_to_no_other_site(client, to):
    assert choose(client, to=to)["Location"] == "/"


def test_it_leads_back_with_what_was_searched_for(client):
    assert choose(client, to="/archive/search/?q=a+b&x=ö")["Location"].startswith(
        "/archive/search/?q=a+b&x="
    )


def test_only_a_post_chooses(client):
    for answer in (client.get, client.head):
        response = answer("/language/", {"language": "de"})
        assert response.status_code == 405
        assert not response.cookies


def test_public_pages_offer_the_other_language_and_vary_by_the_choice(client):
    for path in ("/", "/archive/"):
        response = client.get(path)
        page = response.content.decode()
        assert SWITCH in page
        assert 'lang="de">Deutsch</button>' in page
        assert ">English</button>" not in page
        assert {"Cookie", "Accept-Language"} <= set(response["Vary"].split(", "))


def test_pages_behind_a_personal_link_speak_their_readers_language(client):
    reader = make_reader()
    for url in (choices_url(reader), "/choices/broken"):
        assert SWITCH not in client.get(url).content.decode()


def test_a_page_kept_for_one_language_is_not_shown_in_another(client):
    english = client.get("/").content.decode()
    german = client.get("/", headers={"accept-language": "de"}).content.decode()
    assert '<html lang="en"' in english
    assert '<html lang="de"' in german
