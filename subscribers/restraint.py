"""Whether and how often an address is mailed only because somebody typed it into a form."""

from datetime import datetime, timedelta

from subscribers.models import AddressChange, ConsentEvent, Subscriber

Origin = ConsentEvent.Origin

# A form that mails any address on request must not become a weapon against that address.
MAIL_GAP = timedelta(minutes=10)
MAX_MAILS_A_DAY = 3
DAY = timedelta(days=1)
# What people ask for themselves, and get a mail for; imports and samples did not ask.
ASKED_BY = (Origin.FORM, Origin.EMBED, Origin.API)


def is_left_alone(reader: Subscriber) -> bool:
    """Tell whether not even a mail that was asked for may go to a reader.

    So it is with who complained, or was stopped by hand. An address whose mail came back may
    work again by now, and asking it harms nobody.
    """
    bounced = reader.suppression == Subscriber.Suppression.BOUNCED
    return reader.state == Subscriber.State.SUPPRESSED and not bounced


def was_mailed_enough(email: str, now: datetime) -> bool:
    """Tell whether another mail to this address would be one too many.

    Each mail has its row: a SUBSCRIBED event of somebody who asked, or a reader's wish to
    move there. They count together.
    """
    asked = ConsentEvent.objects.filter(
        subscriber__email=email,
        kind=ConsentEvent.Kind.SUBSCRIBED,
        origin__in=ASKED_BY,
        at__gt=now - DAY,
    )
    moves = AddressChange.objects.filter(email=email, asked_at__gt=now - DAY)
    mailed = [*asked.values_list("at", flat=True), *moves.values_list("asked_at", flat=True)]
    return len(mailed) >= MAX_MAILS_A_DAY or any(at > now - MAIL_GAP for at in mailed)
