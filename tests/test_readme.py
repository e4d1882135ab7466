"""What the README says of settings, commands and files is so."""

import ast
import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from config import mailers

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
# Read by ./run and by config/port.py, before there are settings.
OUTSIDE_SETTINGS = {"PORT", "PYTHON"}
# Words of ./run itself, and of Django's authentication, which asks on a terminal.
OTHER_WORDS = {"test"}


def variables_in_settings():
    """Return what settings.py reads out of the environment, by its calls, and for mailers."""
    tree = ast.parse((ROOT / "config" / "settings.py").read_text())
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called, first = ast.unparse(node.func), node.args[0]
        if isinstance(first, ast.Constant) and (
            called.startswith("environment.") or called == "os.environ.get"
        ):
            yield str(first.value)
    # In config/mailers.py, with a name of your own; the table's example is called postmark.
    yield from ("MAILERS", *(mailers.variable("postmark", word) for word in mailers.WORDS))


def variables_in_table():
    rows = re.findall(r"^\| (`[A-Z_…`, ]+) \|", README, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([A-Z_]+)…?`", row)}


def test_the_table_has_every_variable_that_is_read():
    found = set(variables_in_settings())
    assert {"VAR_DIR", "DATABASE_URL", "EMAIL_FINAL_TIMEOUT"} <= found, "the reading works"
    assert found - variables_in_table() == set()


def test_every_variable_of_the_table_is_read():
    read = {*variables_in_settings(), *OUTSIDE_SETTINGS, "ANYMAIL_"}
    assert variables_in_table() - read == set()


def test_every_command_is_there():
    words = set(re.findall(r"\./run ([a-z_]+)", README))
    assert {"import_issue", "send_issue", "run_delivery"} <= words
    assert words - set(get_commands()) - OTHER_WORDS == set()


def test_every_path_is_there():
    pictures = re.findall(r"\]\(([^)]+)\)", README)
    paths = re.findall(r"(?:tests|newsletter)/[\w./-]+", README)
    assert len(pictures) == 2
    for path in [*pictures, *paths]:
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize(
    ("variable", "default"),
    [("EMAIL_TIMEOUT", "30"), ("EMAIL_PORT", "25"), ("TICK_SECONDS", "60")],
)
def test_defaults_in_the_table_are_those_of_the_settings(variable, default):
    assert f"| `{variable}` | `{default}` |" in README
    tree = ast.unparse(ast.parse((ROOT / "config" / "settings.py").read_text()))
    assert f"environment.whole_number('{variable}', default={default}," in tree
