"""What people may still say after they have left."""

import unicodedata
from datetime import datetime

from subscribers.models import DETAIL_MAX_LENGTH, ConsentEvent
from subscribers.subscribing import UNDO_WITHIN

# Unicode's controls and halves of characters; and marks that turn the text after them round.
UNWANTED = frozenset({"Cc", "Cs"})
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def give_reason(subscriber_id: int, reason: str, *, now: datetime) -> bool:
    """Keep why a reader left beside their newest leaving, for as long as that may be undone.

    A later reason replaces an earlier one. False where there is nothing to keep: no words, or
    nobody who left within UNDO_WITHIN.
    """
    said = plain(reason)
    leaving = (
        ConsentEvent.objects.filter(
            subscriber_id=subscriber_id,
            kind=ConsentEvent.Kind.UNSUBSCRIBED,
            at__gt=now - UNDO_WITHIN,
        )
        .order_by("at", "pk")
        .last()
    )
    if not said or leaving is None:
        return False
    # By an update, which may find that the reader was deleted meanwhile.
    return bool(ConsentEvent.objects.filter(pk=leaving.pk).update(detail=said))


def plain(text: str) -> str:
    """Return a text on one line, without control characters, no longer than is kept."""
    kept = (
        " " if unicodedata.category(character) in UNWANTED else character
        for character in text
        if character not in TURNING
    )
    return " ".join("".join(kept).split())[:DETAIL_MAX_LENGTH].rstrip()
