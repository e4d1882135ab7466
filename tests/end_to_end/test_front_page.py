"""A real browser fills in the front page's form, and a small one on another site."""

from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.utils import timezone

from subscribers.admission import domains
from subscribers.admission.domains import DomainCheck
from subscribers.models import SignUp
from tests.end_to_end.barriers import axe, shuts_nobody_out
from tests.factories import make_source
from tests.newsletter.public_issues import make_public

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE, DESK = 375, 1280
SUBSCRIBE = {"name": "Subscribe", "exact": True}
SOURCES = 30


@pytest.fixture
def site(live_server, settings):
    settings.BASE_URL = live_server.url
    return live_server.url


@pytest.fixture
def issues():
    """A daily of yesterday with a story of each of two sources, among many sources."""
    sources = [make_source(f"Source {chr(65 + number)}") for number in range(SOURCES)]
    yesterday = timezone.now().date() - timedelta(days=1)
    make_public(sources[0], sources[1], sources[1], end=yesterday)
    return sources


@pytest.fixture
def elsewhere():
    """Serve a page of another origin; Chromium lets none that is made up frame this machine."""
    page = bytearray()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *args):
            """Tests print no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()

    def serving(html):
        page[:] = f"<!DOCTYPE html>{html}".encode()
        return f"http://127.0.0.1:{server.server_port}/"

    yield serving
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_ticking_sources_says_at_once_what_they_bring(site, open_page, issues, width):
    page = open_page(width=width)
    page.goto(site)
    outlook = page.locator("[data-outlook]")
    assert "3 stories a week" in outlook.inner_text()
    page.get_by_label("Only those that I choose").check()
    page.get_by_role("checkbox", name="Source A", exact=True).check()
    page.get_by_text("about 1 story a week").first.wait_for()
    said = page.locator("[data-outlook-said]")
    assert said.inner_text() == outlook.locator(".outlook-line").inner_text()
    assert outlook.locator("li").count() == 1
    page.get_by_role("checkbox", name="Source B", exact=True).check()
    page.get_by_text("about 3 stories a week").first.wait_for()
    page.get_by_role("button", name="Clear").click()
    page.get_by_text("Choose a source, and see").first.wait_for()
    assert axe.Axe().run(page).response["violations"] == []


def test_the_answer_stays_in_view_while_somebody_chooses(site, open_page, issues):
    page = open_page(width=PHONE)
    page.goto(site)
    page.get_by_label("Only those that I choose").check()
    line = page.locator(".outlook-line")
    for name in ("Source A", "Source M"):
        page.get_by_role("checkbox", name=name, exact=True).check()
        box = line.bounding_box()
        assert box
        assert box["y"] + box["height"] <= page.viewport_size["height"]


COVERED = """() => {
    const answer = document.querySelector(".outlook");
    const top = answer.getBoundingClientRect().top;
    const first = document.querySelector("[name=sources]").getBoundingClientRect();
    return [getComputedStyle(answer).position, first.bottom > top];
}"""


@pytest.mark.parametrize(
    ("width", "height", "position"),
    [(PHONE, 667, "sticky"), (DESK, 800, "sticky"), (320, 256, "static")],
)
def test_the_answer_covers_neither_errors_nor_where_the_list_begins(
    site, open_page, issues, width, height, position
):
    page = open_page(width=width)
    page.set_viewport_size({"width": width, "height": height})
    page.goto(site)
    page.get_by_label("Only those that I choose").check()
    page.get_by_role("button", **SUBSCRIBE).click()
    page.get_by_role("alert").wait_for()
    for place in range(0, 1200, 80):
        page.evaluate(f"scrollTo({{top: {place}, behavior: 'instant'}})")
        assert page.evaluate(COVERED) == [position, False], place


def test_choosing_moves_nothing_below_upwards(site, open_page, issues):
    page = open_page()
    page.goto(site)
    page.get_by_label("Only those that I choose").check()
    heights = []
    for name in ("Source B", "Source C"):
        page.get_by_role("checkbox", name=name, exact=True).check()
        page.wait_for_timeout(500)
        heights.append(page.locator("[data-outlook]").evaluate("box => box.offsetHeight"))
    page.get_by_role("checkbox", name="Source B", exact=True).uncheck()
    page.wait_for_timeout(500)
    heights.append(page.locator("[data-outlook]").evaluate("box => box.offsetHeight"))
    assert heights == sorted(heights)


def test_what_a_choice_brings_is_shown_without_scripts(site, open_page, issues):
    page = open_page(scripts=False)
    page.goto(site)
    page.get_by_label("Only those that I choose").check()
    page.get_by_role("checkbox", name="Source A", exact=True).check()
    page.get_by_label("Hour").select_option("06:00")
    page.get_by_role("button", name="Show what these choices bring").click()
    page.get_by_text("about 1 story a week").wait_for()
    assert page.url.endswith("/#outlook")
    assert page.get_by_role("checkbox", name="Source A", exact=True).is_checked()
    assert page.get_by_label("Hour").input_value() == "6"
    assert page.locator(".error").count() == 0
    assert SignUp.objects.count() == 0


def test_what_is_typed_is_not_sent_before_it_is_sent(site, open_page, issues):
    page = open_page()
    page.goto(site)
    page.get_by_label("E-mail address").fill("ada@example.com")
    with page.expect_request("**/preview/") as asked:
        page.get_by_label("The weekly").uncheck()
    assert "ada" not in asked.value.post_data
    assert "stamp" not in asked.value.post_data


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_mistyped_domain_is_mended_with_one_press(site, open_page, monkeypatch, scripts):
    known = DomainCheck(None, "ada@gmail.com")
    none = DomainCheck(None, None)
    monkeypatch.setattr(domains, "check", lambda email: known if "gmial" in email else none)
    page = open_page(scripts=scripts)
    page.goto(site)
    page.get_by_label("E-mail address").fill("ada@gmial.com")
    page.get_by_label("The weekly").uncheck()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Subscribe", exact=True).click()
    page.get_by_text("Did you mean ada@gmail.com?").wait_for()
    if scripts:
        assert axe.Axe().run(page).response["violations"] == []
    page.get_by_role("button", name="Yes, use ada@gmail.com").click()
    page.get_by_role("heading", name="Check your inbox").wait_for()
    kept = SignUp.objects.get()
    assert kept.email == "ada@gmail.com"
    assert not kept.choices["wants_weekly"]


def test_back_shows_what_was_typed_and_asks_nothing(site, open_page):
    page = open_page()
    page.goto(site)
    page.get_by_label("E-mail address").fill("ada")
    page.get_by_role("button", **SUBSCRIBE).click()
    page.get_by_text("not a complete e-mail address").wait_for()
    page.get_by_label("E-mail address").fill("ada@example.com")
    page.get_by_role("button", **SUBSCRIBE).click()
    page.get_by_role("heading", name="Check your inbox").wait_for()
    page.go_back()
    assert page.get_by_label("E-mail address").input_value() == "ada@example.com"
    assert page.locator(".error").count() == 1


def test_enter_sends_the_form_and_no_button_that_stands_between(site, open_page, issues):
    page = open_page()
    page.goto(site)
    page.get_by_label("E-mail address").fill("ada@example.com")
    page.get_by_label("E-mail address").press("Enter")
    page.get_by_role("heading", name="Check your inbox").wait_for()
    assert SignUp.objects.count() == 1


@pytest.mark.parametrize("bits", [0, 8])
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_form_framed_by_another_site_signs_up(
    site, open_page, elsewhere, settings, scripts, bits
):
    settings.PROOF_OF_WORK_BITS = bits
    page = open_page(width=PHONE, scripts=scripts)
    page.goto(elsewhere(f'<iframe title="News" width="320" height="320" src="{site}/embed/">'))
    small = page.frame_locator("iframe")
    small.get_by_label("E-mail address").fill("ada@example.com")
    with page.expect_popup() as opened:
        small.get_by_role("button", **SUBSCRIBE).click()
    window = opened.value
    if bits and not scripts:
        window.get_by_text("Please wait 30 seconds").wait_for()
        return
    if bits:
        window.get_by_role("heading", name="One more click").wait_for()
        window.get_by_role("button", **SUBSCRIBE).click()
    window.get_by_role("heading", name="Check your inbox").wait_for()
    kept = SignUp.objects.get()
    assert kept.origin == "embed"
    assert kept.choices["time_zone"] == ("Europe/Zurich" if scripts else "UTC")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_no_page_of_the_door_shuts_anybody_out(site, open_page, settings, issues, width):
    settings.MIN_FORM_SECONDS = 60
    page = open_page(width=width)
    page.goto(f"{site}/embed/")
    shuts_nobody_out(page, width)
    page.goto(site)
    shuts_nobody_out(page, width)
    page.get_by_label("E-mail address").fill("ada@example.com")
    page.get_by_role("button", **SUBSCRIBE).click()
    page.get_by_role("heading", name="One more click").wait_for()
    shuts_nobody_out(page, width)
    settings.MIN_FORM_SECONDS = settings.SIGN_UPS_PER_HOUR = 0
    page.get_by_role("button", **SUBSCRIBE).click()
    page.get_by_role("heading", name="A little later, please").wait_for()
    shuts_nobody_out(page, width)
    settings.SIGN_UPS_PER_HOUR = 9
    page.get_by_role("button", **SUBSCRIBE).click()
    page.get_by_role("heading", name="Check your inbox").wait_for()
    shuts_nobody_out(page, width)


def test_a_visitor_chooses_another_language(site, open_page):
    page = open_page()
    page.goto(f"{site}/archive/")
    page.get_by_role("button", name="Deutsch").click()
    page.wait_for_url("**/archive/")
    assert page.locator("html").get_attribute("lang") == "de"
    page.goto(site)
    assert page.locator("html").get_attribute("lang") == "de"
