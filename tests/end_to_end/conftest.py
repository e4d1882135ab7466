"""Chromium and databases on a PostgreSQL server; tests are skipped where there are none."""

import os
from pathlib import Path

import pytest
from django.contrib.auth.models import User

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
# No chatter with the network besides our own server.
SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK = 1280
PATIENCE_MS = 10_000


@pytest.fixture(scope="package")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not here; install Debian's package chromium")
    # Playwright keeps an event loop in this thread, which Django takes for an async caller.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        with playwright.sync_playwright() as started:
            running = started.chromium.launch(executable_path=str(CHROMIUM), args=SWITCHES)
            yield running
            running.close()


@pytest.fixture
def open_page(browser):
    """Open pages that fail the test on any error of script or security policy."""
    contexts = []
    complaints = []

    def opening(*, width=DESK, scripts=True, scheme="light"):
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,
            java_script_enabled=scripts,
            timezone_id="Europe/Zurich",
            locale="en-GB",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text))
        return page

    yield opening
    for context in contexts:
        context.close()
    # A page that answers 404 or 410 on purpose is noted by the browser too.
    assert [line for line in complaints if "Failed to load resource" not in line] == []


@pytest.fixture
def desk(browser, live_server, client):
    """Open a page as an administrator; fail on errors of scripts and on foreign requests."""
    contexts, complaints = [], []
    user = User.objects.create_superuser("editor", password="made up")
    client.force_login(user)
    session = client.cookies["sessionid"].value

    def open_page(path="", *, width=DESK, scheme="light", scripts=True, idle=True):
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=scripts,
        )
        context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda line: complaints.append(line.text) if line.type == "error" else None,
        )
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((live_server.url, "data:", "about:"))
                else complaints.append(request.url)
            ),
        )
        page.goto(f"{live_server.url}/admin/{path}")
        # What scripts ask for once the page is there; that nothing more comes takes half a second.
        if idle:
            page.wait_for_load_state("networkidle")
        return page

    # What a test provokes, the browser notes.
    forgiven = []
    open_page.forgive = forgiven.append
    yield open_page
    for context in contexts:
        context.close()
    assert [line for line in complaints if not any(word in line for word in forgiven)] == []
