"""What readers' browsers load stays small."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINKED = re.compile(r"""(?:\{% static '|href="/static/)([\w.]+\.css)""")
# Of which the editors' pages and the demo's mailbox are made; no reader sees them.
NOT_FOR_READERS = ("admin", "mailbox", "unfold")
MOST_BYTES = 30_000


def sheets() -> set[str]:
    """Return the style sheets that readers' pages link to."""
    templates = ROOT / "templates"
    return {
        name
        for path in templates.rglob("*.html")
        if not set(NOT_FOR_READERS) & set(path.relative_to(templates).parts)
        for name in LINKED.findall(path.read_text())
    }


def test_all_css_of_readers_pages_together_is_small():
    found = sheets()
    assert "broadsheet.css" in found
    assert sum((ROOT / "static" / name).stat().st_size for name in found) < MOST_BYTES
