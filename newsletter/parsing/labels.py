"""Where a company's label ends and the body begins."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

WORD = re.compile(r"\S+")
JOINS = {"&", "/", "+"}
QUOTES = str.maketrans("’‘ʼ`´", "'''''")
# A guess takes two to four capitalised words that recur, else one.
MOST_GUESSED_WORDS = 4
# No label has more words than this; the catalogue's longest has nine.
MOST_LABEL_WORDS = 16
# Labels come before the body, so words further on do not matter for the boundary.
OPENING_LENGTH = 1000
# A label on a line of its own: real ones have up to 35 characters.
LONGEST_LABEL_LINE = 60
# Words that names of companies go on with, seldom the first of a sentence.
NAME_ENDINGS = frozenset(
    {"ads", "ai", "bank", "brain", "capital", "cloud", "developers", "digital", "eats", "energy"}
    | {"engineering", "foundation", "freight", "games", "group", "health", "home", "inc"}
    | {"insights", "institute", "kids", "labs", "maps", "media", "motors", "music", "networks"}
    | {"next", "one", "open", "pay", "plus", "press", "reality", "research", "robotics"}
    | {"security", "services", "software", "solutions", "studio", "studios", "systems", "team"}
    | {"tech", "technologies", "university", "ventures", "voice", "web", "works"}
)
SMALL_WORDS = {"of", "the", "and", "for", "de", "van", "von", "at", "in"}
# Words that sentences begin with and names do not go on with.
OPENERS = frozenset(
    {"a", "after", "an", "as", "at", "before", "by", "despite", "for", "from", "how", "if", "in"}
    | {"instead", "it", "its", "most", "on", "once", "rather", "since", "the", "their", "these"}
    | {"they", "this", "to", "under", "unlike", "what", "when", "while", "why", "with"}
)
# Names that stay in lower case where a sentence begins with them.
LOWER_NAMES = frozenset(
    {"bash", "bcrypt", "containerd", "cron", "curl", "dbt", "deno", "esbuild", "etcd", "git"}
    | {"iptables", "kubectl", "kubelet", "llm-d", "nftables", "nginx", "npm", "pip", "pnpm"}
    | {"protobuf", "runc", "sudo", "systemd", "uv", "webpack"}
)
# “365”, “v0”, “re:Invent”: names go on with these, while “61.8%” and “80,000” are amounts.
ODD_NAME = re.compile(r"\w[\w:&-]*")
SENTENCE_ENDS = (".", "!", "?", ":", ";", ",", "…")


def fold(text: str) -> str:
    """Fold case, quotes and white space, so that two spellings of one name are equal."""
    return " ".join(text.translate(QUOTES).casefold().split())


class Word(NamedTuple):
    text: str
    start: int
    end: int

    @property
    def is_capital(self) -> bool:
        """Tell whether the word may begin a name: anything but a lower-case letter first."""
        first = self.text.lstrip("“\"'‘(")[:1]
        return bool(first) and first.isalnum() and not first.islower() and not first.isdigit()

    @property
    def is_plain(self) -> bool:
        """Tell whether this is an ordinary lower-case word of running text."""
        word = self.text.strip("“”\"'‘’(),.;:!?—–")
        return word.islower() and word.replace("-", "").replace("’", "").isalpha()

    @property
    def follows_plainly(self) -> bool:
        """Tell whether no body begins with this word: plain, and without a quote before it."""
        is_name = fold(self.text).removesuffix("'s") in LOWER_NAMES
        return self.is_plain and self.text[0].isalpha() and not is_name


@dataclass(frozen=True, slots=True)
class Boundary:
    """A label and what follows it; ``doubt`` says why an editor should look, or nothing."""

    label: str
    rest: str
    doubt: str = ""


class LabelTable:
    """Known labels, to be found at the beginning of a text."""

    def __init__(self, labels: Iterable[str]) -> None:
        self.known: set[tuple[str, ...]] = set()
        self.longest: dict[str, int] = {}
        self.spelled: set[str] = set()
        for label in labels:
            words = tuple(fold(label).split())
            if words and len(words) <= MOST_LABEL_WORDS:
                self.known.add(words)
                self.spelled.add(label.strip())
                self.longest[words[0]] = max(self.longest.get(words[0], 0), len(words))

    def match(self, words: list[Word], start: int = 0) -> int:
        """Return how many words from ``start`` make the longest known label, or 0.

        A single word in lower case must be spelled as the label is (``eBay``): else it is
        running text.
        """
        tokens = [fold(word.text) for word in words[start : start + MOST_LABEL_WORDS]]
        longest = min(len(tokens), self.longest.get(tokens[0], 0)) if tokens else 0
        for length in range(longest, 0, -1):
            if tuple(tokens[:length]) in self.known:
                word = words[start].text
                if length > 1 or not word[0].islower() or word in self.spelled:
                    return length
        return 0

    def knows(self, label: str) -> bool:
        """Tell whether a whole label is known, or a join of known ones."""
        words = words_of(label)
        length, guessed = self.joined(words)
        return bool(words) and length == len(words) and not guessed

    def joined(self, words: list[Word]) -> tuple[int, bool]:
        """Return how many words a known label takes, joins and all, and if a part is a guess."""
        length, guessed = self.match(words), False
        while length and length + 1 < len(words) and words[length].text in JOINS:
            part = self.match(words, length + 1)
            guessed = guessed or not part
            length += 1 + (part or 1)
        return length, guessed


def words_of(text: str) -> list[Word]:
    """Return the words at the beginning of a text, with their places."""
    opening = text[:OPENING_LENGTH]
    return [Word(found.group(), found.start(), found.end()) for found in WORD.finditer(opening)]


def recurs(words: list[Word], headline: str, rest: str) -> bool:
    """Tell whether these words stand together somewhere in the headline or the body."""
    phrase = re.escape(fold(" ".join(word.text for word in words)))
    found = re.compile(rf"(?<!\w){phrase}(?!\w)")
    return bool(found.search(fold(headline)) or found.search(fold(rest)))


def split_label(text: str, headline: str, table: LabelTable) -> Boundary:
    """Split ``Company Body…`` by the longest known label, else by a guess with its doubt."""
    words = words_of(text)
    if not words:
        return Boundary("", "", "there is no company")
    length, part_guessed = table.joined(words)
    if not length:
        length = guess_length(words, text, headline, table)
        doubt = "no known label begins here, so its end was guessed"
    elif part_guessed:
        doubt = "one part of the joint label is not known, so its end was guessed"
    else:
        doubt = doubt_after(words, length, text, headline) or doubt_within(words, length, table)
    label = text[: words[length - 1].end]
    return Boundary(label, text[len(label) :].strip(), doubt)


def doubt_after(words: list[Word], length: int, text: str, headline: str) -> str:
    """Say what makes a known label doubtful: the name may go on after it."""
    after = words[length : length + 2]
    if after and after[0].text.startswith("("):
        return "the known label may go on in brackets"
    if not after or not after[0].is_capital:
        return doubt_at_odd_word(after)
    if len(after) == 2 and not after[1].follows_plainly:
        return "the known label may go on: more capitalised words follow"
    if fold(after[0].text).strip(".,") in NAME_ENDINGS:
        return "the known label may go on with the next word"
    longer = words[: length + 1]
    if recurs(longer, headline, text[longer[-1].end :]):
        return "the known label may go on: it recurs with the next word"
    return ""


def doubt_at_odd_word(after: list[Word]) -> str:
    """Say what makes a known label doubtful before a word without a capital, if there is one."""
    if not after:
        return ""
    word = after[0]
    if word.is_plain:
        return "the body would begin in lower case"
    if not any(character.isalnum() for character in word.text):
        return "a sign follows the known label"
    if ODD_NAME.fullmatch(word.text) and len(after) > 1 and not after[1].follows_plainly:
        return "the known label may go on with the next word"
    return ""


def doubt_within(words: list[Word], length: int, table: LabelTable) -> str:
    """Say that a shorter label is known as well, and that the body may begin with the rest.

    “Google AI Studio lets…”: both “Google” and “Google AI” are known.
    """
    if length == len(words) or fold(words[length].text) in OPENERS:
        return ""
    last = max((at for at in range(length) if words[at].text in JOINS), default=-1) + 1
    shorter = table.match(words[: length - 1], last)
    return "a shorter label is known as well, and the body may begin earlier" if shorter else ""


def guess_length(words: list[Word], text: str, headline: str, table: LabelTable) -> int:
    """Guess how many words a label takes: 2–4 that recur, else one; joins are followed."""
    length = guess_part(words, 0, text, headline)
    while length + 1 < len(words) and words[length].text in JOINS:
        part = table.match(words, length + 1)
        length += 1 + (part or guess_part(words, length + 1, text, headline))
    return length


def guess_part(words: list[Word], start: int, text: str, headline: str) -> int:
    capitals = 0
    for word in words[start : start + MOST_GUESSED_WORDS]:
        if not word.is_capital:
            break
        capitals += 1
    follows = start + capitals
    if capitals > 1 and follows < len(words) and words[follows].text in JOINS:
        return capitals  # “Sun Finance & …”: the join ends the name
    for length in range(capitals, 1, -1):
        part = words[start : start + length]
        if recurs(part, headline, text[part[-1].end :]):
            return length
    return 1


def looks_like_label(text: str) -> bool:
    """Tell whether a whole line could be nothing but a label."""
    words = words_of(text)
    return (
        0 < len(text) <= LONGEST_LABEL_LINE
        and not text.endswith(SENTENCE_ENDS)
        and all(
            word.is_capital or word.text in JOINS or word.text in SMALL_WORDS or word.text == "|"
            for word in words
        )
        and not words[-1].text.islower()
    )
