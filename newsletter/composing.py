"""A reader's own mail: the blocks that a choice leaves, joined. No template runs here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from itertools import compress
from typing import NamedTuple

from django.utils import translation

from newsletter.joining import Edge, Parts, Stories, melted
from newsletter.rendering import Kind, RenderedIssue, Segments, Slot
from newsletter.rendering.cleaning import LEAD_LENGTH, for_attribute, shortened
from newsletter.rendering.sizes import (
    MAIL_LIMIT_BYTES,
    fixed_length,
    story_length,
    with_soft_breaks,
)
from newsletter.rendering.wording import Counts, Phrases
from subscribers.audience import Choice

# A composition holds references to blocks that all share, some 3 KB; see the benchmark.
CACHED_VARIANTS = 2_048
# Of a SHA-256 in hexadecimal: what Delivery.variant holds.
VARIANT_LENGTH = 16
ATTRIBUTE_SLOTS = frozenset({Slot.LEADATTRIBUTE, Slot.CHOICES, Slot.READ, Slot.UNSUBSCRIBE})


@dataclass(frozen=True, slots=True)
class PersonalLinks:
    """What stands in one reader's mail alone. The addresses are absolute and in ASCII.

    ``read_url`` is that of the mail on the web; ``mute_token`` opens the pages on which a
    story's sources are muted.
    """

    unsubscribe_url: str
    choices_url: str
    read_url: str
    mute_token: str
    address: str


@dataclass(frozen=True, slots=True)
class ComposedMail:
    """A whole mail in both forms."""

    html: str
    text: str


class Composition(NamedTuple):  # made in half the time of a frozen dataclass, once a variant
    """What one choice leaves of an issue, ready for any reader who chose so.

    ``story_keys`` are the stories shown, in order, and ``places`` their numbers in the issue;
    ``hidden`` counts those that the choice left out and ``more`` those that did not fit;
    ``variant`` names the set that was left.
    ``is_empty`` is a daily with nothing left; a weekly still has its editorial parts.
    """

    story_keys: tuple[str, ...]
    places: tuple[int, ...]
    total: int
    hidden: int
    more: int
    variant: str
    is_empty: bool
    html: Parts
    text: Parts

    @property
    def shown(self) -> int:
        return len(self.story_keys)

    @property
    def shown_mask(self) -> str:
        """Return in hexadecimal a number of which bit n says that the issue's story n is shown."""
        return f"{sum(1 << place for place in self.places):x}"

    def mail(self, links: PersonalLinks) -> ComposedMail:
        """Return one reader's mail."""
        html, text = self.values(links)
        return ComposedMail(html=self.html.join(html), text=self.text.join(text))

    def values(self, links: PersonalLinks) -> tuple[dict[str, str], dict[str, str]]:
        """Return what one reader's links put into the slots, of the HTML and of the text."""
        plain: dict[str, str] = {
            Slot.ADDRESS: links.address,
            Slot.CHOICES: links.choices_url,
            Slot.READ: links.read_url,
            Slot.UNSUBSCRIBE: links.unsubscribe_url,
        }
        marked = {slot: escaped_for(slot, value) for slot, value in plain.items()}
        # Letters and digits, the same in both.
        marked[Slot.MUTE] = plain[Slot.MUTE] = links.mute_token
        return marked, plain


@dataclass(frozen=True, slots=True)
class Frame:
    """The segments before and after the stories, in both forms."""

    head_html: Segments
    foot_html: Segments
    head_text: Segments
    foot_text: Segments


@dataclass(frozen=True, slots=True)
class Edges:
    """What stands around the stories of all variants with the same counts, in both forms."""

    html: Edge
    text: Edge


class Composer:
    """Composes one issue for any number of readers; threads may share it."""

    def __init__(self, rendered: RenderedIssue) -> None:
        self.rendered = rendered
        self.stories = rendered.stories
        self.keys = tuple(story.key for story in self.stories)
        sets = [frozenset(story.source_ids) for story in self.stories]
        # Many stories have the same sources, and a choice answers once for each set.
        self.source_sets = tuple(dict.fromkeys(sets))
        self.set_numbers = tuple(self.source_sets.index(sources) for sources in sets)
        self.lengths = tuple(map(story_length, self.stories))
        whole = sum(self.lengths)
        # Of an ordinary mail and of a welcome.
        self.fixed_lengths = [fixed_length(rendered, welcome=kind) for kind in (False, True)]
        self.all_fit = [
            with_soft_breaks(fixed + whole) <= MAIL_LIMIT_BYTES for fixed in self.fixed_lengths
        ]
        with translation.override(rendered.language):
            self.wording = Phrases(len(self.stories))
        self.stories_html = Stories.of(story.html for story in self.stories)
        self.stories_text = Stories.of(story.text for story in self.stories)
        self.slotless = {n for n, story in enumerate(self.stories) if len(story.html) == 1}
        # The first headline stands above an issue that has no opening of its own.
        self.has_lead = any(
            Slot.LEAD in segments[1::2]
            for block in rendered.blocks
            for segments in (block.html, block.text)
        )
        # What many variants share is made once.
        self.frame_of = lru_cache(maxsize=None)(self.frame)
        self.edges_of = lru_cache(maxsize=CACHED_VARIANTS)(self.edges)
        self.variant_of = lru_cache(maxsize=CACHED_VARIANTS)(self.build)

    def compose(self, choice: Choice, *, welcome: bool = False) -> Composition:
        """Return what a choice leaves of the issue; a ``welcome`` says a few words before it."""
        return self.variant_of(tuple(map(choice.takes, self.source_sets)), welcome)

    def build(self, taken: tuple[bool, ...], welcome: bool) -> Composition:
        """Compose the variant of which these sets of sources are taken."""
        kept = [place for place, number in enumerate(self.set_numbers) if taken[number]]
        fitting = kept if self.all_fit[welcome] else self.fitting(kept, welcome)
        counts = Counts(
            shown=len(fitting),
            total=len(self.stories),
            hidden=len(self.stories) - len(kept),
            more=len(kept) - len(fitting),
        )
        keys = tuple([self.keys[place] for place in kept])
        slotless = self.slotless and [
            n for n, place in enumerate(fitting) if place in self.slotless
        ]
        lead = fitting[0] if self.has_lead and fitting else None
        edges = self.edges_of(counts, lead, welcome)
        return Composition(
            story_keys=keys[: counts.shown],
            places=tuple(fitting),
            total=counts.total,
            hidden=counts.hidden,
            more=counts.more,
            variant=variant_name(self.rendered.slug, keys),
            is_empty=self.rendered.kind == "daily" and not kept,
            html=self.stories_html.within(edges.html, fitting, slotless),
            text=self.stories_text.within(edges.text, fitting, slotless),
        )

    def fitting(self, kept: list[int], welcome: bool) -> list[int]:
        """Return the first of the kept stories, as many as the mail can hold."""
        length = self.fixed_lengths[welcome]
        for number, place in enumerate(kept):
            length += self.lengths[place]
            if with_soft_breaks(length) > MAIL_LIMIT_BYTES:
                return kept[:number]
        return kept

    def edges(self, counts: Counts, first: int | None, welcome: bool) -> Edges:
        """Return what stands around the stories, in the issue's language; ``first`` leads it."""
        lead = self.rendered.title if first is None else self.stories[first].title
        lead = shortened(lead, LEAD_LENGTH)
        plain: dict[str, str] = {
            **self.wording.of(counts),
            Slot.LEAD: lead,
            Slot.LEADATTRIBUTE: for_attribute(lead),
        }
        escaped = {slot: escaped_for(slot, phrase) for slot, phrase in plain.items()}
        frame = self.frame_of(counts.shown > 0, counts.more > 0, counts.hidden > 0, welcome)
        return Edges(
            html=Edge.of(frame.head_html, frame.foot_html, escaped),
            text=Edge.of(frame.head_text, frame.foot_text, plain),
        )

    def frame(self, has_stories: bool, has_more: bool, has_hidden: bool, welcome: bool) -> Frame:
        """Return what stands before and after the stories, of blocks that not all mails have."""
        stands: dict[str, bool] = {
            Kind.STORIES: has_stories,
            Kind.MORE: has_more,
            Kind.HIDDEN: has_hidden,
            Kind.WELCOME: welcome,
        }
        kinds = [block.kind for block in self.rendered.blocks]
        start = kinds.index(Kind.STORY) if Kind.STORY in kinds else len(kinds)
        standing = [stands.get(kind, kind != Kind.STORY) for kind in kinds]
        head = list(compress(self.rendered.blocks[:start], standing[:start]))
        foot = list(compress(self.rendered.blocks[start:], standing[start:]))
        return Frame(
            head_html=melted(block.html for block in head),
            foot_html=melted(block.html for block in foot),
            head_text=melted(block.text for block in head),
            foot_text=melted(block.text for block in foot),
        )


def escaped_for(slot: str, phrase: str) -> str:
    """Return a phrase as premailer writes it, so that joining and rendering give equal bytes."""
    text = escape(phrase, quote=False)
    return text.replace('"', "&quot;") if slot in ATTRIBUTE_SLOTS else text


def variant_name(slug: str, keys: tuple[str, ...]) -> str:
    """Return the name of a set of stories: 16 hexadecimal digits, the same on every machine."""
    return hashlib.sha256("\n".join((slug, *keys)).encode()).hexdigest()[:VARIANT_LENGTH]
