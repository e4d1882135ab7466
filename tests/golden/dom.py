"""HTML as a DOM in a normal form, so that two renderers can be compared line by line."""

import re
from collections.abc import Iterator
from typing import Literal
from xml.etree.ElementTree import Element

import html5lib

View = Literal["outlook", "web"]

DOWNLEVEL_HIDDEN = re.compile(r"<!--\[if ([^\]]*)\]>(.*?)<!\[endif\]-->", re.DOTALL)
REVEALED_OPENING = re.compile(r"<!--\[if [^\]]*\]><!-->")
REVEALED_CLOSING = re.compile(r"<!--<!\[endif\]-->")
REVEALED = re.compile(r"<!--\[if !mso[^\]]*\]><!-->.*?<!--<!\[endif\]-->", re.DOTALL)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
CSS_BLANKS = re.compile(r"\s*([{};:,>])\s*")


def seen_by(html: str, view: View) -> str:
    """Return HTML with conditional comments resolved as Outlook on Windows, or others, do."""
    if view == "outlook":
        return COMMENT.sub("", DOWNLEVEL_HIDDEN.sub(r"\2", REVEALED.sub("", html)))
    html = REVEALED_CLOSING.sub("", REVEALED_OPENING.sub("", html))
    return COMMENT.sub("", html)


def canonical(html: str, view: View) -> str:
    """Return a DOM as lines: an element, its sorted attributes, its text, indented by depth."""
    tree = html5lib.parse(seen_by(html, view), namespaceHTMLElements=False)
    return "\n".join(lines_of(tree, 0)) + "\n"


def lines_of(element: Element, depth: int) -> Iterator[str]:
    indent = " " * depth
    attributes = "".join(
        f" {name}={normal_value(name, value)!r}" for name, value in sorted(named(element))
    )
    yield f"{indent}<{element.tag}{attributes}>"
    yield from text_lines(element.text, indent, style=element.tag == "style")
    for child in element:
        yield from lines_of(child, depth + 1)
        yield from text_lines(child.tail, indent)


def named(element: Element) -> Iterator[tuple[str, str]]:
    for name, value in element.attrib.items():
        yield str(name), value


def text_lines(text: str | None, indent: str, *, style: bool = False) -> Iterator[str]:
    collapsed = re.sub(r"[ \t\r\n]+", " ", text or "").strip(" ")
    if style:
        collapsed = CSS_BLANKS.sub(r"\1", collapsed).replace(";}", "}")
    if collapsed:
        yield f"{indent} | {collapsed}"


def normal_value(name: str, value: str) -> str:
    if name == "class":
        return " ".join(sorted(value.split()))
    if name == "style":
        declarations = (part.partition(":") for part in value.split(";") if part.strip())
        return ";".join(sorted(f"{key.strip()}:{rest.strip()}" for key, _, rest in declarations))
    return value.strip()
