"""A mail in pieces, joined for each reader: all but a few are strings that all mails share."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self, TypeVar

from newsletter.rendering import Segments, Slot

# A story is three pieces in every mail: up to its slot, the slot, and the rest.
STORY_PIECES = 3
Place = tuple[int, str]
Piece = TypeVar("Piece", str, bytes)


@dataclass(frozen=True, slots=True)
class Edge:
    """What stands before and after the stories in one form, for all with the same counts.

    ``places`` says which pieces a reader's own values replace: counted from the mail's start
    in the head, and from its end in the foot.
    """

    head: tuple[str, ...]
    foot: tuple[str, ...]
    places: tuple[Place, ...]

    @classmethod
    def of(cls, head: Segments, foot: Segments, phrases: Mapping[str, str]) -> Self:
        """Fill the slots that ``phrases`` are for, and remember the places of the others."""
        before, first = filled(head, phrases)
        after, last = filled(foot, phrases)
        places = (*first, *((place - len(after), slot) for place, slot in last))
        return cls(tuple(before), tuple(after), places)


class Parts(NamedTuple):  # made in half the time of a frozen dataclass, twice a variant
    """A mail in pieces: most are the issue's own strings, which all variants share.

    The slots of its stories, so many, stand STORY_PIECES apart and take one value; those of
    the ``slotless``, by their number in the mail, stay empty.
    """

    pieces: tuple[str, ...]
    edge: Edge
    stories: int
    slotless: Collection[int]

    def join(self, values: Mapping[str, str]) -> str:
        """Return the whole mail with one reader's values."""
        return "".join(self.filled(list(self.pieces), values, ""))

    def filled(self, pieces: list[Piece], values: Mapping[str, Piece], empty: Piece) -> list[Piece]:
        """Put one reader's values into ``pieces``: these, or these in another encoding."""
        for place, slot in self.edge.places:
            pieces[place] = values[slot]
        first = len(self.edge.head) + 1
        last = first + STORY_PIECES * self.stories
        pieces[first:last:STORY_PIECES] = [values[Slot.MUTE]] * self.stories
        for number in self.slotless:
            pieces[first + STORY_PIECES * number] = empty
        return pieces


@dataclass(frozen=True, slots=True)
class Stories:
    """All stories of an issue in one form: what is before the slot of each, and after it."""

    before: tuple[str, ...]
    after: tuple[str, ...]

    @classmethod
    def of(cls, stories: Iterable[Segments]) -> Self:
        """Take stories of one slot, or of none: those stand before it."""
        pairs = [(segments[0], "".join(segments[2:])) for segments in stories]
        return cls(tuple(before for before, _ in pairs), tuple(after for _, after in pairs))

    def within(self, edge: Edge, shown: list[int], slotless: Collection[int]) -> Parts:
        """Put the ``shown`` stories, by their number in the issue, between head and foot."""
        told = [""] * (STORY_PIECES * len(shown))
        told[::STORY_PIECES] = [self.before[number] for number in shown]
        told[2::STORY_PIECES] = [self.after[number] for number in shown]
        return Parts((*edge.head, *told, *edge.foot), edge, len(shown), slotless)


def filled(segments: Segments, phrases: Mapping[str, str]) -> tuple[list[str], list[Place]]:
    """Fill the slots that ``phrases`` are for, and give the places of the others."""
    pieces = [segments[0]]
    places: list[Place] = []
    for name, literal in zip(segments[1::2], segments[2::2], strict=True):
        if name not in phrases:
            places.append((len(pieces), name))
        pieces += (phrases.get(name, ""), literal)
    return pieces, places


def melted(blocks: Iterable[Segments]) -> Segments:
    """Return the segments of blocks as those of one, without a cut between two of them."""
    pieces = [""]
    for first, *others in blocks:
        pieces[-1] += first
        pieces += others
    return tuple(pieces)
