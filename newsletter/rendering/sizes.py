"""How large a mail's HTML is on the wire, and how many stories fit.

Gmail shows about 102 KB of a message's source and hides the rest, the unsubscribe link
with it. Bytes are counted as quoted-printable (RFC 2045 §6.7), which is how they travel.
"""

from collections import Counter
from html import escape

from django.utils.translation import gettext as _

from newsletter.rendering.cleaning import LEAD_LENGTH, for_attribute, shortened
from newsletter.rendering.errors import RenderError
from newsletter.rendering.segments import Block, Kind, RenderedIssue, Segments, Slot

MAIL_LIMIT_BYTES = 95_000
MAIL_WARNING_BYTES = 80_000
# Room for what composing fills in: an address of 254 octets, of which 64 may be escaped to
# five (RFC 5321 §4.5.3.1), three links of 300, and some lines of words.
SLOTS_RESERVE_BYTES = 2_700
# A story's own slot takes a token: a letter, and base64url of 27 bytes at most. These are how
# often the reader moved in 3, whose mail it is in 8, and the signature in 16. The token and the
# words before and after it are encoded by themselves: each may end in a soft break.
STORY_SLOT_BYTES = 37 + 3 * 3
# A line has 76 characters with its "="; an escape of three is never broken over two lines.
LEAST_ON_A_LINE = 73
SOFT_BREAK_BYTES = 3
ESCAPE_BYTES = 3
LINE_BREAK_BYTES = 2
PLAIN = bytes(byte for byte in range(0x20, 0x7F) if byte != ord("="))


def encoded_length(text: str) -> int:
    """Return the bytes of a text in quoted-printable, without soft line breaks."""
    raw = text.encode()
    newlines = raw.count(b"\n")
    escaped = len(raw.translate(None, PLAIN)) - newlines
    plain = len(raw) - escaped - newlines
    return plain + ESCAPE_BYTES * escaped + LINE_BREAK_BYTES * newlines


def with_soft_breaks(length: int) -> int:
    """Return an upper bound of the bytes on the wire for that many encoded ones."""
    return length + SOFT_BREAK_BYTES * (length // LEAST_ON_A_LINE + 1)


def segments_length(segments: Segments) -> int:
    return sum(encoded_length(literal) for literal in segments[::2])


def story_length(story: Block) -> int:
    """Return the encoded bytes of a story, with room for its slot."""
    return segments_length(story.html) + STORY_SLOT_BYTES * (len(story.html) // 2)


def fixed_length(rendered: RenderedIssue, *, welcome: bool = False) -> int:
    """Return the encoded bytes of everything but the stories, with room for the slots.

    Only a ``welcome`` has the words for a new reader.
    """
    missing = {Kind.STORY} if welcome else {Kind.STORY, Kind.WELCOME}
    blocks = [block.html for block in rendered.blocks if block.kind not in missing]
    return SLOTS_RESERVE_BYTES + sum(map(segments_length, blocks)) + lead_length(rendered, blocks)


def lead_length(rendered: RenderedIssue, blocks: list[Segments]) -> int:
    """Return the encoded bytes of what leads an issue without an opening, at its longest.

    That is a story's headline or, in a mail without one, the issue's title, as it is escaped
    in an element and in an attribute.
    """
    slots = Counter(slot for segments in blocks for slot in segments[1::2])
    if not slots[Slot.LEAD] and not slots[Slot.LEADATTRIBUTE]:
        return 0
    titles = (rendered.title, *(story.title for story in rendered.stories))
    leads = [shortened(title, LEAD_LENGTH) for title in titles]
    return max(
        slots[Slot.LEAD] * encoded_length(escape(lead))
        + slots[Slot.LEADATTRIBUTE] * encoded_length(escape(for_attribute(lead)))
        for lead in leads
    )


def encoded_size(rendered: RenderedIssue) -> int:
    """Return the bytes of the HTML on the wire if every story stood in it.

    From MAIL_WARNING_BYTES on an editor should be told; above MAIL_LIMIT_BYTES a mail ends
    with "N more on the web" in place of its last stories.
    """
    stories = sum(map(story_length, rendered.stories))
    return with_soft_breaks(fixed_length(rendered) + stories)


def refuse_oversize(rendered: RenderedIssue) -> None:
    """Raise RenderError unless each story, alone with what a mail has at most, fits."""
    fixed = fixed_length(rendered, welcome=True)
    if with_soft_breaks(fixed) > MAIL_LIMIT_BYTES:
        raise RenderError(
            _(
                "Without any story the mail has %(size)d bytes already; %(limit)d fit. "
                "Shorten the opening, the threads or the patterns."
            )
            % {"size": with_soft_breaks(fixed), "limit": MAIL_LIMIT_BYTES}
        )
    for story in rendered.stories:
        size = with_soft_breaks(fixed + story_length(story))
        if size > MAIL_LIMIT_BYTES:
            raise RenderError(
                _("With this story alone the mail has %(size)d bytes; %(limit)d fit. Shorten it.")
                % {"size": size, "limit": MAIL_LIMIT_BYTES},
                where=story.key,
            )
