"""Whatever stands in an issue comes out inert, or is refused with a reason."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import html5lib
import pytest

from newsletter.composing import Composer
from newsletter.content import IssueContent
from newsletter.rendering import RenderError, render_issue
from subscribers.audience import Choice
from tests import samples
from tests.golden.dom import seen_by
from tests.mails import mail_of

ROOT = Path(__file__).resolve().parent.parent.parent
PROCESS_SECONDS = 60

HOSTILE = {
    "script": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "mjml": "</mj-text><mj-raw><script>alert(1)</script></mj-raw><mj-text>",
    "whole mjml": "</mj-column></mj-section></mj-body></mjml><mjml><mj-body>",
    "include": '<mj-include path="/etc/passwd" /><mj-style>* { display: none }</mj-style>',
    "comment": "<!--[if mso]><v:rect><![endif]--> --> <!-- ]]> <![CDATA[x]]>",
    "style": "</style><style>@import url(https://evil.example/x.css)</style>",
    "entities": "&lt;script&gt; &#60;script&#62; &amp;lt; &copy=1 &nbsp &zwnj;",
    "template": "{{ settings.SECRET_KEY }} {% include 'x' %} {# x #} %recipient% *|EMAIL|*",
    "marks": "<!--mark00b1e--> mark00b1e markaddresse @@ADDRESS@@ slot.address",
    "attributes": '" onmouseover="alert(1)" style="position:fixed" \' onfocus=\'alert(1)',
    "headers": "Subject\r\nBcc: everybody@example.com\r\n\r\n<b>body</b>",
    "controls": "a\x00b\x07c\x1b[31md\x7fe\x85f\x9bg\ufffeh\ud800i",
    "bidi": "abc \u202e txt.exe \u2066 \u200f עברית",
    "emoji": "👩‍💻👨‍👩‍👧‍👦🏴\U000e0067\U000e0062\U000e007f ❤️ é\u0301\u0301\u0301",
    "doctype": "<?xml version='1.0'?><!DOCTYPE html [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>&x;",
    "backslashes": "\\u{200d} \\n \\\" \\' C:\\temp",
}
INERT = {"a", "blockquote", "body", "br", "code", "div", "em", "h1", "h2", "h3", "head", "hr"}
INERT |= {"html", "li", "meta", "ol", "p", "pre", "strong", "style", "table", "tbody", "td"}
INERT |= {"title", "tr", "ul", "b", "span"}


def everywhere(text: str) -> IssueContent:
    """Return a weekly that says a text in each of its fields."""
    content = samples.weekly()
    story = replace(content.stories[0], headline=text, company=text, via=text, body=text, url=text)
    thread = replace(content.threads[0], title=text, body=text)
    return replace(
        content,
        title=text,
        subject=text,
        opening=text,
        patterns=text,
        stories=(story, *content.stories[1:]),
        threads=(thread, *content.threads[1:]),
    )


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_adds_no_element_attribute_or_address(text):
    mail = mail_of(everywhere(text))
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parse(seen_by(mail.html, "web"))
    assert [error[1] for error in parser.errors] == []
    assert {element.tag for element in tree.iter()} <= INERT
    names = {name for element in tree.iter() for name in element.attrib}
    assert not {name for name in names if name.startswith("on")}
    for link in tree.iter("a"):
        assert link.get("href").startswith(("https://", "http://"))
        assert "evil.example" not in link.get("href")
    assert len(list(tree.iter("h1"))) == 1
    assert len(list(tree.iter("style"))) == 4


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_leaves_outlooks_markup_as_it_was(text):
    def conditions(html: str) -> list[str]:
        return re.findall(r"<!--\[if[^>]*>|<!\[endif\]-->", html)

    assert conditions(mail_of(everywhere(text)).html) == conditions(mail_of(samples.weekly()).html)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_control_character_reaches_a_mail(text):
    mail = mail_of(everywhere(text))
    for form in (mail.html, mail.text):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", form)
        assert form.encode()


def test_a_line_break_in_a_headline_becomes_a_space():
    mail = mail_of(everywhere("Subject\r\nBcc: everybody@example.com"))
    assert "Subject Bcc: everybody@example.com" in mail.text
    assert "\nBcc:" not in mail.text


def test_a_file_is_never_read_into_a_mail():
    mail = mail_of(everywhere('<mj-include path="/etc/passwd" />'))
    assert "root:" not in mail.html


@pytest.mark.parametrize("field", ["headline", "company"])
def test_a_line_of_a_million_characters_is_refused_with_a_reason(field):
    changes: dict[str, Any] = {field: "x" * 1_000_000}
    story = replace(samples.WRITTEN[0], **changes)
    with pytest.raises(RenderError, match="has 1000000 characters; 200 are allowed"):
        render_issue(samples.daily(stories=(story,)))


@pytest.mark.parametrize("field", ["opening", "patterns"])
def test_a_text_of_a_million_characters_is_refused_by_its_part(field):
    changes: dict[str, Any] = {field: "word " * 200_000}
    with pytest.raises(RenderError, match="1000000 characters") as caught:
        render_issue(samples.daily(**changes))
    assert caught.value.where == field


def test_an_address_of_a_million_characters_is_refused():
    story = replace(samples.WRITTEN[0], url="https://a.example/" + "x" * 1_000_000)
    with pytest.raises(RenderError):
        render_issue(samples.daily(stories=(story,)))


def test_two_thousand_stories_are_rendered_or_refused():
    content = samples.daily(2_000)
    composition = Composer(render_issue(content)).compose(Choice.everything())
    assert composition.shown + composition.more == 2_000


NESTED = {
    "tags as text": "<div>" * 2_000 + "x" + "</div>" * 2_000,
    "sections as text": "<mj-section><mj-column>" * 800,
    "quotes": ">" * 2_000 + " x",
    "lists": "- " * 2_000 + "x",
    "emphasis": "*a " * 2_000 + "b*" * 2_000,
    "stars": "*" * 5_000 + "a" + "*" * 5_000,
    "brackets": "[" * 9_000,
    "links": "[a](" * 4_000,
    "backticks": "`" * 3_000 + "a" + "``" * 3_000,
    "entities": "&" * 9_000,
}
PROGRAM = """
import sys
import django
django.setup()
from newsletter.rendering import RenderError, render_issue
from tests import samples
try:
    render_issue(samples.weekly(opening=sys.stdin.read(), patterns=""))
except RenderError as exc:
    print("refused:", exc.reason)
else:
    print("rendered")
"""


@pytest.mark.parametrize("markdown", NESTED.values(), ids=NESTED.keys())
def test_deep_nesting_never_kills_the_process(markdown, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=markdown,
        capture_output=True,
        text=True,
        timeout=PROCESS_SECONDS,
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "VAR_DIR": str(tmp_path),
            "PYTHONPATH": str(ROOT),
        },
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.match("rendered|refused: .*(nested|bytes|characters)", done.stdout)
