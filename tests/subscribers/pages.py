"""What tests look for on a page."""

import re
from html import unescape

IDS = re.compile(r'\bid="([^"]+)"')


def title_of(page: str) -> str:
    """Return a page's title as a browser's tab shows it."""
    found = re.search(r"<title>(.*?)</title>", page, re.DOTALL)
    assert found
    return unescape(" ".join(found[1].split()))


def heading_of(page: str) -> str:
    """Return a page's first heading as it is read."""
    found = re.search(r"<h1>(.*?)</h1>", page, re.DOTALL)
    assert found
    return unescape(" ".join(re.sub(r"<[^>]*>", "", found[1]).split()))


def ids_on(page: str) -> set[str]:
    return set(IDS.findall(page))


def wrong_fields_on(page: str) -> dict[str, str]:
    """Return what a page lists as to be mended: where its links lead, by their words."""
    listed = re.search(r'<ul class="wrong">(.*?)</ul>', page, re.DOTALL)
    if listed is None:
        return {}
    links = re.findall(r'<a href="#([^"]+)">([^<]+)</a>', listed[1])
    return {text: anchor for anchor, text in links}
