"""Whether a page shuts anybody out: axe's rules, its width, in the light and in the dark."""

import pytest

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

SCHEMES = ("light", "dark")
# What a scheme changes, so that a page which does not follow it is noticed.
COLOUR = "getComputedStyle(document.body).color"


def shuts_nobody_out(page, width, **options):
    """Look at a page that has been loaded once, in both schemes: styles follow it at once."""
    colours = set()
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        colours.add(page.evaluate(COLOUR))
        found = axe.Axe().run(page, options={"resultTypes": ["violations"], **options})
        barriers = [(rule["id"], rule["nodes"][0]["html"]) for rule in found.response["violations"]]
        assert barriers == [], (page.url, scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (page.url, scheme)
    assert len(colours) == len(SCHEMES), f"{page.url} looks the same in the dark"
