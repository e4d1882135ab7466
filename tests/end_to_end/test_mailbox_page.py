"""A real browser reads the mailbox: hostile mails stay inert, and links lead somewhere."""

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection
from django.urls import reverse

from newsletter import mailbox
from tests.end_to_end.barriers import shuts_nobody_out

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = 375
FRIENDLY = """<!DOCTYPE html><html><head><title>t</title></head><body>
<h1>Hello</h1><a id="out" href="{link}">on the web</a></body></html>"""
HOSTILE = """<!DOCTYPE html><html><head><title>t</title></head><body onload="document.title='ran'">
<h1>Hello</h1><script>document.body.textContent = "ran"</script>
<img src="https://example.com/pixel.png" alt=""><form action="/"><button>send</button></form>
</body></html>"""


@pytest.fixture
def page_of(live_server, settings):
    """Send a message with this HTML, and return the address of its page."""
    settings.EMAIL_BACKEND = settings.MAILBOX_BACKEND
    settings.BASE_HOST = "localhost"

    def address_of(html):
        message = EmailMultiAlternatives("A subject", "Hello", "us@example.org", ["a@example.com"])
        message.attach_alternative(html, "text/html")
        get_connection().send_messages([message])
        [name] = mailbox.names(settings.MAILBOX_DIR)
        return live_server.url + reverse("mailbox:letter", args=[name])

    return address_of


@pytest.fixture
def letter(page_of, live_server):
    return page_of(FRIENDLY.format(link=live_server.url + reverse("newsletter:archive")))


def test_a_hostile_mail_neither_runs_nor_fetches_anything(page_of, browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    fetched = []
    page.on("requestfinished", lambda request: fetched.append(request.url))
    page.goto(page_of(HOSTILE), wait_until="networkidle")
    frame = page.frames[1]
    assert frame.inner_text("h1") == "Hello"
    assert frame.title() == "t"
    assert not [url for url in fetched if "pixel" in url]
    context.close()


def test_a_link_in_a_mail_opens_in_a_tab(letter, open_page):
    page = open_page(scripts=False)
    page.goto(letter, wait_until="networkidle")
    with page.context.expect_page() as opened:
        page.frames[1].click("#out")
    opened.value.wait_for_load_state()
    assert opened.value.url.endswith(reverse("newsletter:archive"))
    assert page.url == letter


def test_the_frame_takes_a_phones_width_without_scripts(letter, open_page):
    page = open_page(scripts=False)
    page.goto(letter)
    wide = page.locator("iframe").bounding_box()["width"]
    page.click("text=Phone")
    assert wide > PHONE
    assert page.locator("iframe").bounding_box()["width"] == PHONE


def test_list_and_letter_fit_a_phone_and_have_no_barriers(letter, open_page):
    page = open_page(width=PHONE)
    for address in (
        letter + "?view=text",
        letter + "?view=headers",
        letter.rsplit("/", 2)[0] + "/",
    ):
        page.goto(address)
        shuts_nobody_out(page, PHONE)
