"""Refusals: whether servers refuse so much of an issue that it is about us, not about readers.

The ledger is asked, so it does not matter how many workers met them, or over how many hours.
"""

from newsletter.models import Delivery
from newsletter.retrying import REFUSED, REFUSED_RECIPIENT
from newsletter.states import ACCEPTED, DeliveryState

# As with bounces that come back later: fewer than twenty are chance.
FEWEST = 20
SHARE = 0.05
# Of refusals that are about single recipients: an old list has some, but where a quarter is
# called gone it is the server that is wrong, or the list.
SHARE_OF_RECIPIENTS = 0.25


def is_storm(issue_id: int, *, fresh: int, of_recipients: int = 0) -> bool:
    """Tell whether an issue should wait for an operator, after so many refusals more.

    ``fresh`` were about us, ``of_recipients`` about one recipient each; all are committed. The
    share is looked at when the number reaches ``FEWEST``, its double, the double of that, and
    so on: an operator who resumes is not stopped again by the next one. Where others commit
    theirs at the same moment a look may be twice, or be left to the next double. Without fresh
    ones nothing is asked.
    """
    return are_too_many(issue_id, REFUSED, SHARE, fresh) or are_too_many(
        issue_id, REFUSED_RECIPIENT, SHARE_OF_RECIPIENTS, of_recipients
    )


def are_too_many(issue_id: int, word: str, share: float, fresh: int) -> bool:
    if not fresh:
        return False
    rows = Delivery.objects.filter(issue_id=issue_id)
    refused = rows.filter(state=DeliveryState.FAILED, reason__startswith=word).count()
    if not passes_a_mark(refused, fresh):
        return False
    accepted = rows.filter(state__in=ACCEPTED).count()
    return refused > share * (accepted + refused)


def passes_a_mark(number: int, fresh: int) -> bool:
    """Tell whether FEWEST, its double, and so on, is among the last ``fresh`` up to a number."""
    if number < FEWEST:
        return False
    doublings = (number // FEWEST).bit_length() - 1
    return FEWEST << doublings > number - fresh
