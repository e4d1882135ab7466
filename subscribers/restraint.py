"""Whether and how often an address is mailed only because somebody typed it into a form."""

from datetime import datetime, timedelta

from subscribers.addresses import mailbox_of
from subscribers.admission.quotas import DAY, mailbox_key, spend
from subscribers.models import ConsentEvent, Subscriber

Origin = ConsentEvent.Origin

# A form that mails any address on request must not become a weapon against that address.
MAIL_GAP = timedelta(minutes=10)
# Sign-ups and moves have each their own share, or somebody who asks to move to an address
# could keep its owner from signing up.
MAX_SIGN_UP_MAILS_A_DAY = 2
MAX_MOVE_MAILS_A_DAY = 1
MAX_MAILS_A_DAY = MAX_SIGN_UP_MAILS_A_DAY + MAX_MOVE_MAILS_A_DAY
# What people ask for themselves, and get a mail for; imports and samples did not ask.
ASKED_BY = (Origin.FORM, Origin.EMBED, Origin.API)


def is_left_alone(reader: Subscriber) -> bool:
    """Tell whether not even a mail that was asked for may go to a reader.

    So it is with who complained, or was stopped by hand. An address whose mail came back may
    work again by now, and asking it harms nobody.
    """
    bounced = reader.suppression == Subscriber.Suppression.BOUNCED
    return reader.state == Subscriber.State.SUPPRESSED and not bounced


def may_mail_sign_up(email: str, now: datetime) -> bool:
    """Tell whether a mail about a sign-up may go to an address; if so, it is counted.

    An address gets one in MAIL_GAP and MAX_SIGN_UP_MAILS_A_DAY within 24 hours, and all
    addresses of one mailbox together as many within a day of UTC. Mails about moves count apart.
    """
    if was_mailed_enough(email, now):
        return False
    key = "sign-up-" + mailbox_key(mailbox_of(email))
    return not spend(key, MAX_SIGN_UP_MAILS_A_DAY, now=now, window=DAY)


def may_mail_move(email: str, now: datetime) -> bool:
    """Tell whether a mail about a reader's wish to move may go to an address; if so, count it.

    All addresses of one mailbox together get MAX_MOVE_MAILS_A_DAY, a day of UTC, whoever the
    readers are and whether the address gets mail already.
    """
    key = "move-" + mailbox_key(mailbox_of(email))
    return not spend(key, MAX_MOVE_MAILS_A_DAY, now=now, window=DAY)


def was_mailed_enough(email: str, now: datetime) -> bool:
    """Tell whether another mail about a sign-up with this address would be one too many.

    Each mail has its row: a SUBSCRIBED event of somebody who asked.
    """
    asked = ConsentEvent.objects.filter(
        subscriber__email=email,
        kind=ConsentEvent.Kind.SUBSCRIBED,
        origin__in=ASKED_BY,
        at__gt=now - DAY,
    )
    mailed = list(asked.values_list("at", flat=True))
    return len(mailed) >= MAX_SIGN_UP_MAILS_A_DAY or any(at > now - MAIL_GAP for at in mailed)
