"""The arrows of the house: who may import whom."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# A stage may import those that stand before it, and nothing that stands after.
STAGES = [
    "states",
    "schedule",
    "models",
    "parsing",
    "bounces",
    "attributing",
    "exporting",
    "crediting",
    "drafting",
    "catalogue",
    "storing",
    "content",
    "preflight",
    "rendering",
    "words",
    "publishing",
    "searching",
    "approving",
    "rescheduling",
    "planning",
    "joining",
    "composing",
    "ledger",
    "links",
    "verp",
    "messages",
    "wire",
    "transport",
    "mailers",
    "rates",
    "steering",
    "discarding",
    "retrying",
    "refusals",
    "editions",
    "addressing",
    "deciding",
    "heeding",
    "routing",
    "sending",
    "welcoming",
    "restoring",
    "heartbeats",
    "forgetting",
    "ticking",
    "tracking",
    "settling",
    "auditing",
    "foreseeing",
    "receiving",
    "disclosing",
    "progress",
    "tasks",
]
# What people see; it calls the stages, never the other way.
OUTSIDE = {
    "admin",
    "calendars",
    "demo",
    "feed_entries",
    "feed_views",
    "feeds",
    "listing",
    "mailbox",
    "mailbox_urls",
    "mailbox_views",
    "page_cache",
    "personal_views",
    "presenting",
    "preview_views",
    "previewing",
    "proving",
    "reading_files",
    "release",
    "samples",
    "search_views",
    "site_views",
    "source_views",
    "urls",
    "views",
}
# What Django looks for by its name.
PLUMBING = {"__init__", "apps", "management", "migrations", "templatetags"}
CONFINED = {
    "mjml": {"newsletter/rendering"},
    "premailer": {"newsletter/rendering"},
    "anymail": {"newsletter/tracking", "newsletter/transport"},
    "smtplib": {"newsletter/tracking", "newsletter/transport"},
    "celery": {"config", "newsletter/tasks.py", "subscribers/tasks.py"},
}


def modules() -> list[Path]:
    return sorted(
        path
        for app in ("config", "newsletter", "subscribers")
        for path in (ROOT / app).rglob("*.py")
    )


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def stage_of(path: Path) -> str | None:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[1] if parts[0] == "newsletter" and len(parts) > 1 else None


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_imports_against_the_arrows(path):
    name = str(path.relative_to(ROOT))
    imported = set(imports_of(path))
    if name.startswith("subscribers/"):
        against = {module for module in imported if module.split(".")[0] == "newsletter"}
        assert not against, "subscribers never imports newsletter"
    for library, homes in CONFINED.items():
        if any(module.split(".")[0] == library for module in imported):
            assert any(name.startswith(home) for home in homes), f"{library} has no place here"
    stage = stage_of(path)
    if stage in STAGES:
        later = set(STAGES[STAGES.index(stage) + 1 :])
        taken = {
            module.split(".")[1]
            for module in imported
            if module.startswith("newsletter.") and len(module.split(".")) > 1
        }
        assert not taken & later, "a stage never imports a later one"
        assert not taken & OUTSIDE, "a stage knows nothing of pages, the admin or the demo"


def test_every_module_is_a_stage_or_stands_outside():
    known = {*STAGES, *OUTSIDE, *PLUMBING}
    assert {stage_of(path) for path in modules()} - {None} <= known


def test_every_stage_is_a_module():
    for stage in STAGES:
        assert (ROOT / "newsletter" / f"{stage}.py").exists() or (
            ROOT / "newsletter" / stage / "__init__.py"
        ).exists(), stage
