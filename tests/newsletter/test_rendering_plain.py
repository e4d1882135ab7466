"""Plain text: lines as wide as a terminal shows them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.rendering.plain import TEXT_WIDTH, underlined, width, wrapped

CHINESE = "这家公司用六周时间重写了调度系统，每一行代码都有人读过（包括测试），没有一列火车晚点。"
JAPANESE = "チェックリストを二度書き、どちらが正しいかを一年間くらべてみた結果、人々は驚きました。"
KOREAN = "우리는 캐시를 아홉 개나 지우고 나서야 무엇이 느린지 알게 되었습니다 "


@pytest.mark.parametrize(
    ("text", "columns"),
    [("abc", 3), ("äß", 2), ("漢字", 4), ("ａ", 2), ("한국", 4), ("e\u0301", 1), ("👩", 2)],
)
def test_a_width_is_counted_in_columns(text, columns):
    assert width(text) == columns


@pytest.mark.parametrize("text", [CHINESE, JAPANESE])
def test_text_without_spaces_is_wrapped_between_its_characters(text):
    lines = wrapped(text * 3)
    assert "".join(lines) == text * 3
    assert len(lines) > 3
    assert all(TEXT_WIDTH - 6 <= width(line) <= TEXT_WIDTH for line in lines[:-1])


@pytest.mark.parametrize("offset", range(40))
@pytest.mark.parametrize("text", [CHINESE, JAPANESE])
def test_no_line_begins_with_what_closes_or_ends_with_what_opens(text, offset):
    lines = wrapped("x" * offset + text * 3)
    assert len(lines) > 3
    assert not any(line[0] in "，。、）ーッャュョっ" for line in lines)
    assert not any(line[-1] in "（" for line in lines)


def test_korean_is_wrapped_at_its_spaces():
    text = (KOREAN * 4).strip()
    lines = wrapped(text)
    assert " ".join(lines) == text
    assert all(width(line) <= TEXT_WIDTH for line in lines)


def test_a_latin_name_in_chinese_text_stays_whole():
    lines = wrapped("使用Kubernetes的团队" * 12)
    assert "".join(lines).count("Kubernetes") == 12
    assert sum(line.count("Kubernetes") for line in lines) == 12


def test_an_emoji_of_several_characters_stays_whole():
    family = "👩\u200d👩\u200d👧" * 30
    assert wrapped(family) == [family]


def test_a_word_longer_than_a_line_stands_on_its_own():
    url = "https://a.example/" + "x-y" * 60
    assert wrapped(f"See {url} for more.", first="- ", rest="  ") == [
        "- See",
        f"  {url}",
        "  for more.",
    ]


@pytest.mark.parametrize(
    ("heading", "rule"),
    [
        ("Short", "-----"),
        ("漢字の話", "--------"),
        ("word " * 30, "-" * 69),
        ("x" * 160, "-" * TEXT_WIDTH),
        (CHINESE * 2, "-" * TEXT_WIDTH),
    ],
)
def test_a_rule_is_as_wide_as_its_heading_and_never_wider_than_a_line(heading, rule):
    assert underlined(heading, "-").splitlines()[-1] == rule


@given(st.text(alphabet="ab 漢字、（）한👩\u200d\u0301\t", max_size=300))
def test_wrapping_loses_nothing_but_spaces(text):
    lines = wrapped(text, first="> ", rest="> ")
    assert all(line.startswith(">") for line in lines)
    assert "".join(line.removeprefix("> ") for line in lines if line != ">").replace(
        " ", ""
    ) == text.replace(" ", "").replace("\t", "")
