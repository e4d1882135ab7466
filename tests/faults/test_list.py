"""Every fault of the list has its test, and every test here its fault."""

import ast
from collections import Counter
from pathlib import Path

from tests.faults import FAULTS

HERE = Path(__file__)


def names_in(path: Path) -> list[str]:
    """Return the names of a file's tests."""
    found = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    functions = (node.name for node in found if isinstance(node, ast.FunctionDef))
    return [name for name in functions if name.startswith("test_")]


def test_every_fault_has_one_test_of_its_name_and_every_test_is_in_the_list():
    paths = [path for path in HERE.parent.glob("test_*.py") if path != HERE]
    written = Counter(name for path in paths for name in names_in(path))
    assert written == Counter(fault.test for fault in FAULTS)
    assert set(written.values()) == {1}
    assert len(FAULTS) == len({fault.happening for fault in FAULTS}) == 28


def test_no_fault_is_tested_under_the_same_name_elsewhere():
    elsewhere = (path for path in HERE.parent.parent.rglob("*.py") if path.parent != HERE.parent)
    assert not {fault.test for fault in FAULTS} & {
        name for path in elsewhere for name in names_in(path)
    }
