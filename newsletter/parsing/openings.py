"""Story lines: where a headline, a company, a link and a body stand on one line."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from newsletter.parsing.headlines import (
    EMPHASES,
    TARGET,
    bare_headline,
    bare_label,
    without_seams,
)
from newsletter.parsing.labels import (
    SENTENCE_ENDS,
    Boundary,
    LabelTable,
    looks_like_label,
    recurs,
    split_label,
    words_of,
)

# U+00B7, or what stands in for it after a detour through another program; those need a
# space on both sides, because they are bullets and letters elsewhere.
LOOK_ALIKES = "•∙⋅‧・･"
# Each alternative begins where no space stands before it, so long runs of spaces are
# walked through once.
SEPARATOR = rf"(?:(?<!\s)\s+·\s*|(?<!\s)\s+[{LOOK_ALIKES}]\s+|(?<!\s)·\s+|(?<=[\]*_])·)"
SEPARATOR_RE = re.compile(SEPARATOR)
MARKER = re.compile(
    SEPARATOR + rf"(?:\*\*|__)?(?:\[(?P<link>[^\[\]]{{1,80}})\]{TARGET}"
    r"|[\[(]?Sources?[\])]?(?=\*\*|__|[\s#:]|$|[A-Z“\"‘(\[`]))(?:\*\*|__)?:?",
)
LIST_MARK = re.compile(r"(?:(?:[-*+•‣◦]|\d{1,3}[.)]|#{3,6})\s+|>\s*)")
# “> - [Headline]”: deeper nesting is no list of stories.
MOST_LIST_MARKS = 3
SENTENCE_END = re.compile(r"[.!?]\s+[“\"A-Z]|[。！？｡؟۔।]")
# Between “Source” and the body: an arrow of the link, a dash of the page's.
AFTER_MARKER = re.compile(r"^(?:[\s—–:↗→⟶»]|-(?=\s))*")
HTML_MARK = re.compile(
    r"</?(?:a|b|br|code|em|i|small|span|strong|u)(?=[\s/>])[^<>]*>", re.IGNORECASE
)
# A headline has up to 200 characters; a separator that comes later is the body's.
HEADLINE_REACH = 300
# A label has up to 200; a marker that comes later belongs to another story.
LABEL_REACH = 250
# A line of so few words may be the rest of a name.
MOST_NAME_WORDS = 2
# Labels longer than this are joins of three or a mistake: seen are up to 22.
DOUBTFUL_LABEL = 60


@dataclass(frozen=True, slots=True)
class Opening:
    """A story line, taken apart. ``doubts`` say what an editor should look at."""

    headline: str
    company: str
    rest: str
    url: str = ""
    doubts: tuple[str, ...] = ()

    def doubting(self, *doubts: str) -> Opening:
        return replace(self, doubts=self.doubts + doubts)


def strong_opening(text: str) -> bool:
    """Tell whether a line is a story line by its marks: a bracketed or bold headline before
    a separator, or a ``· Source`` behind two others."""
    if marked_headline(text):
        return True
    found = source_marker(text, HEADLINE_REACH + LABEL_REACH)
    return bool(found and SEPARATOR_RE.search(text, 0, found.start()) and text[0].strip())


def weak_opening(text: str) -> bool:
    """Tell whether a line has a separator where a story line would have one."""
    found = SEPARATOR_RE.search(text[:HEADLINE_REACH])
    return bool(found and text[: found.start()].strip())


def is_story_line(text: str) -> bool:
    return bool(text) and (strong_opening(text) or weak_opening(text))


def source_marker(text: str, reach: int, start: int = 0) -> re.Match[str] | None:
    """Return the first ``· Source`` that is not itself a part of a headline."""
    for found in MARKER.finditer(text[: reach + 4 * LABEL_REACH * 2], start):
        if found.start() > reach:
            return None
        if not SEPARATOR_RE.match(text, found.end()):
            return found
    return None


def marked_headline(text: str) -> tuple[str, int] | None:
    """Return a bracketed or bold headline without its marks, and where its tail begins."""
    for mark in EMPHASES:
        if text.startswith(mark) and text[len(mark) :][:1].strip():
            end = text.find(mark, len(mark), 2 * HEADLINE_REACH)
            while end > 0:
                gap = SEPARATOR_RE.match(text, end + len(mark))
                if gap:
                    return text[len(mark) : end].strip(), gap.end()
                end = text.find(mark, end + 1, 2 * HEADLINE_REACH)
    return bracketed_headline(text) if text.startswith("[") else None


def bracketed_headline(text: str) -> tuple[str, int] | None:
    """Return a headline in brackets; brackets may stand in it, in pairs or not."""
    depth, unpaired = 0, None
    for found in re.finditer(r"[\[\]]", text[: 2 * HEADLINE_REACH]):
        depth += 1 if found.group() == "[" else -1
        if found.group() == "[":
            continue
        end = found.end()
        target = re.compile(TARGET).match(text, end)
        gap = SEPARATOR_RE.match(text, target.end() if target else end)
        if gap and depth <= 0:
            return text[: gap.start()], gap.end()
        if gap and unpaired is None:
            unpaired = text[: gap.start()], gap.end()
    return unpaired


def read_opening(text: str, following: str, table: LabelTable) -> Opening | None:
    """Take a story line apart; ``following`` is the next line of running text, if any.

    In this order: a ``· Source`` marker, a body on the next line, the longest known
    label, else a guess. Every guess comes with its doubt.
    """
    text = without_seams(without_list_marks(text.strip()), HEADLINE_REACH)
    marked = marked_headline(text)
    if marked:
        headline, start = marked
        opening: Opening | None = with_headline(headline, text[start:], following, table)
    else:
        opening = plain_opening(text, following, table)
        if opening and opening.headline.count("[") != opening.headline.count("]"):
            opening = opening.doubting("a bracket of the headline has no partner")
    if opening and HTML_MARK.search(opening.headline + opening.company):
        opening = opening.doubting("HTML stands in the headline or in the company")
    return opening


def read_by_line(line: str, table: LabelTable) -> Opening | None:
    """Read “Company · Source”, or a company alone, below a heading that is the headline."""
    text = without_list_marks(line.strip())
    if source_marker(f"[x] · {text}", LABEL_REACH):
        opening = with_headline("x", text, "", table)
        certain = not opening.rest or table.knows(opening.company)
        fits = 0 < len(opening.company) <= DOUBTFUL_LABEL
        fits = fits and not SEPARATOR_RE.search(opening.company)
        return opening if fits and (certain or looks_like_label(opening.company)) else None
    label = bare_label(text)
    if not label or weak_opening(text) or not (table.knows(label) or looks_like_label(label)):
        return None
    return Opening("x", label, "", doubts=("a line under a heading was taken for the company",))


def is_code(text: str) -> bool:
    """Tell whether a torn line looks like code: one word that is not written like one, or
    words in lower case."""
    text = text.strip()
    return not text[:1].isupper() or (" " not in text and not text.istitle())


def without_list_marks(text: str) -> str:
    """Return a line without the bullets, numbers, quote or heading marks before it."""
    for _depth in range(MOST_LIST_MARKS):
        mark = LIST_MARK.match(text)
        if mark is None:
            break
        text = text[mark.end() :]
    return text


def with_headline(headline: str, tail: str, following: str, table: LabelTable) -> Opening:
    """Read what follows a headline whose end is certain."""
    plain, url = bare_headline(headline)
    after = " · " + tail  # so that “Source” without a company is found as well
    found = source_marker(after, LABEL_REACH)
    if found:
        opening = marked_end(plain, after[len(" · ") : found.start()], after, found)
        return opening if opening.url else replace(opening, url=url)
    boundary = boundary_of(tail, plain, following, table, certain=True)
    doubts = (boundary.doubt,) if boundary.doubt else ()
    return Opening(plain, bare_label(boundary.label), boundary.rest, url, doubts)


def plain_opening(text: str, following: str, table: LabelTable) -> Opening | None:
    """Read a story line whose headline carries no marks."""
    found = source_marker(text, HEADLINE_REACH + LABEL_REACH)
    if found:
        before = list(SEPARATOR_RE.finditer(text, 0, found.start()))
        if not before:
            opening = marked_end(bare_headline(text[: found.start()])[0], "", text, found)
            return opening
        headline, url = bare_headline(text[: before[-1].start()])
        opening = marked_end(headline, text[before[-1].end() : found.start()], text, found)
        if len(before) > 1:
            opening = opening.doubting("the headline holds a separator itself")
        return opening if opening.url else replace(opening, url=url)
    gaps = list(SEPARATOR_RE.finditer(text[: HEADLINE_REACH + LABEL_REACH]))
    if not gaps or not text[: gaps[0].start()].strip():
        return None
    gap, doubts = chosen_gap(text, gaps, following, table)
    headline, url = bare_headline(text[: gap.start()])
    boundary = boundary_of(text[gap.end() :], headline, following, table, certain=False)
    doubts += (boundary.doubt,) if boundary.doubt else ()
    return Opening(headline, bare_label(boundary.label), boundary.rest, url, doubts)


def chosen_gap(
    text: str, gaps: list[re.Match[str]], following: str, table: LabelTable
) -> tuple[re.Match[str], tuple[str, ...]]:
    """Choose which of several separators ends the headline."""
    if len(gaps) == 1:
        return gaps[0], ()
    doubt = ("several separators stand on this line, and one was taken as the headline's end",)
    last = text[gaps[-1].end() :].strip()
    if table.knows(last) or (following and looks_like_label(last)):
        return gaps[-1], doubt
    for gap in gaps:
        if table.match(words_of(text[gap.end() :])):
            return gap, doubt
    return gaps[0], doubt


def marked_end(headline: str, company: str, text: str, found: re.Match[str]) -> Opening:
    """Make the opening of a line that has a source marker."""
    label = bare_label(company)
    rest = text[found.end() :]
    doubts: tuple[str, ...] = ()
    if len(label) > DOUBTFUL_LABEL or SENTENCE_END.search(label) or label.endswith((".", "!")):
        doubts += ("what stands before “Source” is long for a company",)
    if rest[:1].isalpha():
        doubts += ("the text follows “Source” without a space",)
    if found.group().endswith("]") and rest.startswith("["):
        doubts += ("the link of “Source” stands elsewhere and was not read",)
    if SEPARATOR_RE.search(label):
        doubts += ("the company holds a separator",)
    if not label:
        doubts += ("there is no company",)
    rest = AFTER_MARKER.sub("", rest, count=1).strip()
    return Opening(headline, label, "" if rest == "#" else rest, found["url"] or "", doubts)


def boundary_of(
    tail: str, headline: str, following: str, table: LabelTable, *, certain: bool
) -> Boundary:
    """Find where the label ends on a line without a source marker."""
    tail = tail.strip()
    label = bare_label(tail)
    if not label:
        return Boundary(label, "", "there is no company")
    if table.knows(label):
        short = len(following.split(maxsplit=MOST_NAME_WORDS)) <= MOST_NAME_WORDS
        cut = short and following[:1].isupper() and not following.endswith(SENTENCE_ENDS)
        return Boundary(label, "", "its name may go on on the next line" if cut else "")
    continued = broken_off(following)
    short = len(tail) <= DOUBTFUL_LABEL and not tail.endswith((".", "!", "?", ":", ";", ","))
    if following and not continued and short and (certain or looks_like_label(tail)):
        words = words_of(label)
        if looks_like_label(label) and recurs(words, headline, following):
            return Boundary(label, "")
        return Boundary(label, "", "no known label; the rest of the line was taken as one")
    boundary = split_label(tail, headline + " " + following[:LABEL_REACH], table)
    if following and continued and not boundary.rest and not boundary.doubt:
        return replace(boundary, doubt="the next line seems to go on with this one")
    return boundary


def broken_off(following: str) -> bool:
    """Tell whether a line looks like the middle of a paragraph: code, or in lower case."""
    return (
        bool(following)
        and (not following[0].isalnum() or following[0].islower() or len(following.split()) == 1)
        and not following.startswith(("“", '"', "‘", "[", "*", "`"))
    )
