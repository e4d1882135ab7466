"""What mjml-python makes of our mails equals what the official MJML makes of them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from newsletter.content import IssueContent
from newsletter.rendering import Slot
from newsletter.rendering.blocks import blocks_of
from newsletter.rendering.mjml import Fill, context_of, html_of, mjml_source
from newsletter.rendering.segments import NOTES
from newsletter.rendering.wording import Counts, Phrases
from tests import samples
from tests.golden.dom import View, canonical

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
NODE_MODULES = Path(os.environ.get("MJML_NODE_MODULES") or GOLDEN / "node_modules")
NODE = shutil.which("node")
REGENERATE = os.environ.get("REGENERATE_GOLDEN", "") not in {"", "0"}
NODE_SECONDS = 60

ISSUES = {"daily": samples.daily(), "weekly": samples.weekly(), "foreign": samples.daily(2)}
VIEWS: list[View] = ["outlook", "web"]


@pytest.fixture(autouse=True)
def publication(settings, request):
    """Hold what the golden files say against what a machine's environment says."""
    # The frame is in English everywhere; one publication is not.
    callspec = getattr(request.node, "callspec", None)
    is_foreign = callspec is not None and callspec.params.get("name") == "foreign"
    settings.PUBLICATION_LANGUAGE = "pt-br" if is_foreign else "en"
    settings.BASE_URL = "https://news.example.org"
    settings.PUBLICATION_NAME = "Engineering @ Scale"
    settings.POSTAL_ADDRESS = "Broadsheet, 12 Printer’s Yard, London"


def source_of(content: IssueContent) -> str:
    """Return the MJML of a mail with every note in it."""
    counts = Counts(shown=len(content.stories), total=40, hidden=20, more=8)
    slots = {
        **Phrases(counts.total).of(counts),
        Slot.ADDRESS: "reader@example.com",
        Slot.CHOICES: "https://news.example.org/choices/token",
        Slot.READ: "https://news.example.org/read/token",
        Slot.UNSUBSCRIBE: "https://news.example.org/u/token",
        Slot.MUTE: "token",
    }
    fill = Fill(slots, NOTES)
    return mjml_source(context_of(content, blocks_of(content, with_notes=fill.notes), fill))


def official_html(source: str) -> str:
    """Return what the official MJML makes of a source; skip where it is not installed."""
    if NODE is None or not (NODE_MODULES / "mjml").is_dir():
        pytest.skip("Node or npm's mjml is not here; see tests/golden/README.md")
    done = subprocess.run(
        [NODE, str(GOLDEN / "official.cjs")],
        input=source,
        capture_output=True,
        text=True,
        timeout=NODE_SECONDS,
        env={**os.environ, "NODE_PATH": str(NODE_MODULES)},
        check=False,
    )
    assert done.returncode == 0, f"the official MJML refuses our source:\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", list(ISSUES))
def test_the_golden_file_is_what_the_official_mjml_makes(name, view):
    official = canonical(official_html(source_of(ISSUES[name])), view)
    golden = GOLDEN / f"{name}.{view}.dom"
    if REGENERATE:
        golden.write_text(official, encoding="utf-8")
    assert golden.read_text(encoding="utf-8").splitlines() == official.splitlines()


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", list(ISSUES))
def test_our_output_equals_the_golden_file(name, view):
    golden = (GOLDEN / f"{name}.{view}.dom").read_text(encoding="utf-8")
    assert canonical(html_of(source_of(ISSUES[name])), view).splitlines() == golden.splitlines()


def test_the_comparison_sees_a_changed_style_and_a_lost_element():
    html = html_of(source_of(ISSUES["daily"]))
    whole = canonical(html, "web")
    assert canonical(html.replace("font-size:17px", "font-size:16px", 1), "web") != whole
    assert canonical(html.replace("<h1>", "<p>", 1), "web") != whole
    assert canonical(html.replace('width="640"', 'width="600"', 1), "outlook") != canonical(
        html, "outlook"
    )
