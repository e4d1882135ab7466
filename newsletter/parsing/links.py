"""Addresses in a text."""

import re
from urllib.parse import urlsplit

from newsletter.parsing.values import URL_LIMIT, Report, excerpt

# What the sites write where a link was lost.
LOST = {"", "#"}
UNSAFE = re.compile(r"[\s<>\"\\]")


def is_web_address(url: str) -> bool:
    """Tell whether this is an absolute http or https address with a host."""
    if UNSAFE.search(url):
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    del port  # read only because reading it checks it
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def story_url(url: str, line: int, report: Report) -> str:
    """Return a story's address, or an empty string (reported) where it is none."""
    url = url.strip()
    if url in LOST:
        return ""
    if len(url) > URL_LIMIT:
        report.error(
            line,
            "long-url",
            f"The address has {len(url)} characters; {URL_LIMIT} are allowed.",
            "Use the article's short address.",
        )
        return ""
    if not is_web_address(url):
        report.warning(
            line,
            "bad-url",
            f"“{excerpt(url)}” is no web address; the story gets no link.",
            "Addresses begin with https:// or http:// and hold no spaces.",
        )
        return ""
    return url
