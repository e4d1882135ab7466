"""Three issues that anybody may read, all pages that tell of them, and the pages' ETags."""

from datetime import UTC, date, datetime

from newsletter.publishing import publish_all
from newsletter.states import IssueState
from tests.factories import make_issue, make_source, make_story

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = datetime(2099, 11, 22, 12, 30, 15, tzinfo=UTC)

FERRY_DAILY = "/archive/daily-2026-11-20/"
PORT_DAILY = "/archive/daily-2026-11-19/"
OLD_DAILY = "/archive/daily-2025-03-01/"
PAGES = (
    "/archive/",
    "/archive/?kind=daily",
    "/archive/?kind=weekly",
    "/archive/2026/",
    "/archive/2026/11/",
    "/archive/2025/",
    "/archive/2025/3/",
    "/archive/sources/",
    "/archive/sources/ferry/",
    "/archive/sources/port/",
    "/archive/search/?q=ice",
    "/archive/search/?q=sail",
    "/sitemap.xml",
    "/robots.txt",
    FERRY_DAILY,
    PORT_DAILY,
    OLD_DAILY,
)


def make_archive():
    """Make three dailies of two sources, in two years; two of them are neighbours."""
    ferry, port = make_source("Ferry", slug="ferry"), make_source("Port", slug="port")
    for day, source, headline in (
        (date(2026, 11, 20), ferry, "Ice on the quay"),
        (date(2026, 11, 19), port, "Sails are set"),
        (date(2025, 3, 1), port, "Sails are torn"),
    ):
        issue = make_issue(state=IssueState.SENT.value, end=day, opening="", patterns="")
        make_story(issue, source, company="Harbour", headline=headline)
    publish_all(NOW)


def etags(client):
    return {path: client.get(path).headers["ETag"] for path in PAGES}


def changed(client, before):
    return {path for path, etag in etags(client).items() if etag != before[path]}
