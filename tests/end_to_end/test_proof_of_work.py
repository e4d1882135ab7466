"""What a browser works out is what we check, and the page stays usable meanwhile."""

from datetime import timedelta
from itertools import count
from urllib.parse import parse_qs

import pytest

from subscribers.admission.work import is_solved
from subscribers.models import SignUp

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BITS = 9
STAMP = "AZrk2n3zqLZ0P-KxYv8mJd1sWc_QfT"
TEXT = "One moment…"
BLANK = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Blank</title>
<form method="post" action="/taken" data-proof-bits="{bits}" data-proof-text="{text}">
  <input type="hidden" name="stamp" value="{stamp}">
  <input type="hidden" name="solution" value="">
  <input name="email" value="anna@example.com" aria-label="E-mail address" required>
  <button name="use" value="this">Send</button>
  <button name="action" value="preview" formaction="/aside" formnovalidate>Preview</button>
</form>
<script src="/static/proof.js"></script>
</html>"""
# Around the lengths at which a text fills one block of SHA-256 or two, with its padding.
ADDRESSES = [
    *("a" * length + "@example.com" for length in (*range(1, 24), *range(64, 88))),
    "  Anna@EXAMPLE.com\t",
    "anna@BÜCHER.example",
    "anna@İstanbul.example",
    "\u00a0anna@example.com\ufeff",
    "анна@пример.example",
    "👩‍🚀@example.com",
    "anna@example.com:7",
    "x" * 1_000,
]


@pytest.fixture
def blank(open_page, live_server):
    """Open a page with a form like ours; what it posts is collected, and nothing answered."""

    def opening(*, bits=BITS, stamp=STAMP):
        posts = []

        def taken(route):
            fields = parse_qs(route.request.post_data, keep_blank_values=True)
            route.fulfill(status=204)
            posts.append({name: values[0] for name, values in fields.items()})

        page = open_page()
        html = BLANK.format(bits=bits, stamp=stamp, text=TEXT)
        page.route("**/blank", lambda route: route.fulfill(body=html, content_type="text/html"))
        page.route("**/taken", taken)
        page.route("**/aside", taken)
        page.goto(f"{live_server.url}/blank")
        page.posts = posts
        return page

    return opening


def wait_for_post(page, number=1):
    for _ in range(6_000):
        if len(page.posts) >= number:
            return page.posts[number - 1]
        page.wait_for_timeout(10)
    return pytest.fail("nothing was sent within a minute")


def test_what_the_browser_finds_is_a_solution_for_whatever_address(blank):
    page = blank()
    for number, email in enumerate(ADDRESSES, 1):
        page.get_by_role("textbox").fill(email)
        page.get_by_text("Send").click()
        post = wait_for_post(page, number)
        assert post["email"] == email
        assert is_solved(STAMP, email, post["solution"], bits=BITS), email
        # The first one, so none was overlooked.
        tries = range(int(post["solution"]))
        assert not any(is_solved(STAMP, email, str(n), bits=BITS) for n in tries), email


def test_the_button_goes_along_and_the_page_says_what_takes_so_long(blank):
    page = blank()
    page.get_by_text("Send").click()
    assert wait_for_post(page)["use"] == "this"
    assert page.get_by_role("status").inner_text() == TEXT
    assert page.locator("form").get_attribute("aria-busy") == "true"


def test_the_page_goes_on_working_while_the_browser_does(blank):
    # A stamp that takes long to solve: more than fits between two pictures on the screen.
    bits, least = 17, 150_000
    hard = next(
        stamp
        for stamp in (str(n) for n in count())
        if not any(is_solved(stamp, "anna@example.com", str(n), bits=bits) for n in range(least))
    )
    page = blank(bits=bits, stamp=hard)
    page.evaluate("() => { window.ticks = 0; setInterval(() => { window.ticks += 1; }, 1); }")
    before = page.evaluate(
        "() => { document.forms[0].requestSubmit(document.querySelector('[name=use]'));"
        " return window.ticks; }"
    )
    # Pressing again and again sends it once.
    page.evaluate("() => document.forms[0].requestSubmit()")
    post = wait_for_post(page)
    assert is_solved(hard, "anna@example.com", post["solution"], bits=bits)
    assert page.evaluate("() => window.ticks") > before
    assert len(page.posts) == 1


def test_an_address_that_is_mended_meanwhile_is_worked_on_anew(blank):
    page = blank(bits=12)
    page.evaluate(
        "() => { document.forms[0].requestSubmit();"
        " document.forms[0].elements.email.value = 'bob@example.com'; }"
    )
    post = wait_for_post(page)
    assert post["email"] == "bob@example.com"
    assert is_solved(STAMP, "bob@example.com", post["solution"], bits=12)


def test_a_button_that_leads_elsewhere_costs_no_work(blank):
    page = blank(bits=22)
    page.get_by_text("Preview").click()
    assert wait_for_post(page)["solution"] == ""


def test_a_form_that_is_not_complete_costs_no_work(blank):
    page = blank(bits=22)
    page.get_by_role("textbox").fill("")
    page.get_by_text("Send").click()
    assert page.locator("form").get_attribute("aria-busy") is None
    assert page.posts == []


# --- The front page --------------------------------------------------------------------------


@pytest.fixture
def work(settings):
    settings.PROOF_OF_WORK_BITS = 12


def sign_up(page, live_server):
    page.goto(live_server.url)
    page.get_by_label("E-mail address").fill("Anna@Example.com")
    page.get_by_role("button", name="Subscribe", exact=True).last.click()


@pytest.mark.usefixtures("work")
def test_the_front_page_lets_in_who_has_a_script(open_page, live_server):
    page = open_page()
    sign_up(page, live_server)
    page.get_by_text("anna@example.com").first.wait_for()
    assert SignUp.objects.get().email == "anna@example.com"


@pytest.mark.usefixtures("work")
def test_without_a_script_who_waits_half_a_minute_is_let_in(open_page, live_server, monkeypatch):
    page = open_page(scripts=False)
    sign_up(page, live_server)
    page.get_by_text("Please wait 30 seconds").wait_for()
    assert not SignUp.objects.exists()
    page.get_by_role("button", name="Subscribe", exact=True).click()
    page.get_by_text("Please wait").wait_for()
    assert not SignUp.objects.exists()
    monkeypatch.setattr("subscribers.admission.gates.PATIENCE", timedelta())
    page.get_by_role("button", name="Subscribe", exact=True).click()
    page.get_by_text("anna@example.com").first.wait_for()
    assert SignUp.objects.get().email == "anna@example.com"
