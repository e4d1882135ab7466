"""A rendered issue: its blocks in order, each cut where a variant or a reader differs."""

from __future__ import annotations

import re
import secrets
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from django.utils.translation import gettext as _

from newsletter.rendering.errors import RenderError

# Literals and slots in turn: literal, slot, literal, … and a literal at the end.
Segments = tuple[str, ...]

# 128 bits cannot be guessed by who writes a story.
NONCE_BYTES = 16


class Kind(StrEnum):
    """What a block is; ``TOP`` and ``FOOT`` hold the frame around the others."""

    TOP = "top"
    WELCOME = "welcome"
    OPENING = "opening"
    STORIES = "stories"
    STORY = "story"
    MORE = "more"
    HIDDEN = "hidden"
    THREADS = "threads"
    THREAD = "thread"
    PATTERNS = "patterns"
    FOOT = "foot"


# Blocks that only some mails have: a reader's first, one with stories cut, one with some hidden.
NOTES = (Kind.WELCOME, Kind.MORE, Kind.HIDDEN)


class Slot(StrEnum):
    """A place that composing fills; those from the address on differ with the reader.

    The lead is what an inbox shows after the subject: the first headline, in an issue that
    has no opening. It stands in an element and in an attribute, which are escaped apart.
    """

    COUNT = "count"
    MORE = "more"
    HIDDEN = "hidden"
    LEAD = "lead"
    LEADATTRIBUTE = "leadattribute"
    ADDRESS = "address"
    CHOICES = "choices"
    READ = "read"
    UNSUBSCRIBE = "unsubscribe"
    # A token within an address: the only slot that a story has.
    MUTE = "mute"


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a mail in both forms; ``key``, ``title``, ``source_ids`` are a story's."""

    kind: str
    html: Segments
    text: Segments
    key: str = ""
    title: str = ""
    source_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RenderedIssue:
    """An issue that went through MJML and premailer once: all that composing needs.

    ``language`` is the one its words are in. Equal content gives an equal value.
    """

    kind: str
    slug: str
    title: str
    language: str
    blocks: tuple[Block, ...]

    @property
    def stories(self) -> tuple[Block, ...]:
        return tuple(block for block in self.blocks if block.kind == Kind.STORY)

    def to_json(self) -> dict[str, Any]:
        """Return values that JSON can hold; ``from_json`` gives an equal value back."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        blocks = tuple(
            Block(
                kind=block["kind"],
                html=tuple(block["html"]),
                text=tuple(block["text"]),
                key=block["key"],
                title=block["title"],
                source_ids=tuple(block["source_ids"]),
            )
            for block in values["blocks"]
        )
        return cls(**{**values, "blocks": blocks})


class Marks:
    """Marks in the source that show where to cut the output.

    A mark is made of letters and digits, so that it goes unchanged through MJML, premailer,
    an attribute and a line of text. It holds a nonce, because a headline may say anything.
    """

    def __init__(self) -> None:
        self.nonce = secrets.token_hex(NONCE_BYTES)

    def block(self, number: int) -> str:
        return f"mark{self.nonce}b{number}e"

    def slot(self, slot: Slot) -> str:
        return f"mark{self.nonce}s{slot.value}e"

    def cut(self, output: str, blocks: int) -> list[Segments]:
        """Cut an output at its marks into the segments of so many blocks.

        Whatever stands before the first mark belongs to the first block. Raises RenderError
        unless every block is there once and in order.
        """
        mark = rf"mark{self.nonce}b(\d+)e"
        parts = re.split(rf"<!--{mark}-->|{mark}", output)
        numbers = [html or text for html, text in zip(parts[1::3], parts[2::3], strict=True)]
        if numbers != [str(number) for number in range(blocks)]:
            raise RenderError(
                _("The mail could not be cut into its stories; nothing of it can be sent.")
            )
        bodies = parts[3::3]
        bodies[0] = parts[0] + bodies[0]
        slots = re.compile(rf"mark{self.nonce}s([a-z]+)e")
        return [tuple(slots.split(body)) for body in bodies]
