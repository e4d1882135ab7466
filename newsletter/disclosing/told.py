"""What is told to a reader of each table, field by field, and what is kept back and why."""

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from newsletter.models import Delivery, DeliveryEvent
from newsletter.states import DeliveryState, SkipReason
from subscribers.models import AddressChange, ConsentEvent, Mute, SignUp, Source, Subscriber

# Every table with rows about one reader, and the key of the document that holds them.
SECTIONS: dict[type[models.Model], str] = {
    Subscriber: "reader",
    Subscriber.sources.through: "sources",
    Mute: "mutes",
    ConsentEvent: "consent",
    AddressChange: "address_changes",
    SignUp: "waiting_requests",
    Delivery: "deliveries",
    DeliveryEvent: "deliveries",
}

TOLD: dict[type[models.Model], dict[str, Promise]] = {
    Subscriber: {
        "uid": _("An identifier of your row; it means nothing elsewhere."),
        "email": _("Your address, in the one form in which we compare addresses."),
        "state": _("Whether you may be sent mail."),
        "suppression": _("Why not, if your address is suppressed."),
        "soft_bounces": _("How many mails in a row came back to us for the moment."),
        "wants_daily": _("Whether you want the daily."),
        "wants_weekly": _("Whether you want the weekly."),
        "all_sources": _("Whether you want all sources, new ones too."),
        "hour": _("The hour at which mail comes, in your time zone."),
        "weekday": _("The day of the weekly; 0 is Monday."),
        "time_zone": _("Your time zone."),
        "language": _("The language of your mails and pages."),
        "paused_until": _("The last day of a pause without mail."),
        "created_at": _("When your address came to us."),
        "confirmed_at": _("When you confirmed it."),
        "left_at": _("When you left."),
        "welcome_due_at": _("Since when a first issue waits to be sent to you."),
    },
    Mute: {"until": _("The last day without this source; null means for good.")},
    ConsentEvent: {
        "at": _("When you agreed to something, changed or withdrew it."),
        "kind": _("What happened."),
        "origin": _("Where it came from: a form, a link, an editor."),
        "choices": _("Your choices after it."),
        "detail": _("Why you left, if you said so, or your address before a change."),
        "answered_at": _("When we sent the mail that you asked for with it."),
        "answer_due_at": _("When that mail was or is due."),
        "tries": _("How often we tried to send that mail."),
    },
    AddressChange: {
        "email": _("The new address that you asked for."),
        "asked_at": _("When you asked."),
        "answered_at": _("When the new address was sent its mail."),
        "answer_due_at": _("When that mail was or is due."),
        "tries": _("How often we tried to send that mail."),
        "done_at": _("When the new address was confirmed."),
    },
    SignUp: {
        "email": _("The address in a request to subscribe that was not worked on yet."),
        "choices": _("The choices in that request."),
        "origin": _("Where that request came from."),
        "asked_at": _("When it came."),
    },
    Delivery: {
        "uid": _("The mail's identifier; its Message-ID is made of it."),
        "occasion": _("Whether an issue was due, or a welcome."),
        "state": _("How far the mail came."),
        "reason": _("Why it came no further, as it was noted."),
        "due_at": _("When the mail was due."),
        "deadline": _("Until when it may be sent; null means at any time."),
        "attempts": _("How often we tried to send it."),
        "intent_at": _("When we began to send it."),
        "sent_at": _("When the mail server took it."),
        "reply": _("What the mail server answered."),
        "mailer": _("By which of our mail services it was sent."),
        "variant": _("An identifier of the set of stories in it."),
        "stories": _("How many stories stood in it."),
    },
    DeliveryEvent: {
        "key": _("The report’s identifier."),
        "kind": _("What the mail provider reported about this mail."),
        "at": _("When that happened."),
        "detail": _("What the provider said about it."),
        "bounce": _(
            "If it came back, what that says about your address: “gone” means that it is no more, "
            "“soft” that it took no mail for the moment, “policy” that it is good and our mail was "
            "refused."
        ),
        "recorded_at": _("When the report reached us."),
    },
}

# What a list of the document says besides, out of other tables.
ADDED: dict[type[models.Model], dict[str, Promise]] = {
    Source: {
        "slug": _("A source’s short name in addresses."),
        "name": _("A source’s name."),
    },
    Delivery: {
        "issue": _("The issue’s short name in addresses."),
        "title": _("The issue’s title."),
        "revision": _("The number of the version of the issue that was sent."),
        "what_happened": _("State and reason in words."),
        "headlines": _("The headlines that stood in the mail, in its order."),
        "as_you_received_it": _("A page that shows the mail’s stories again; only for you."),
        "events": _("What the mail provider reported about this mail."),
    },
}

ITS_OWN_NUMBER = "a row's own number says nothing about anybody, and nothing outside knows it"
ITS_READER = "the reader whom the document is about"
ITS_WORKER = "it names and times the process that has the row in hand, and is gone a moment later"
TOLD_IN_FULL = "the document tells what it points to instead"

# Model and field, and why it is not told.
KEPT_BACK: dict[str, str] = {
    "subscribers.Subscriber.id": ITS_OWN_NUMBER,
    "subscribers.Subscriber.link_epoch": "it counts the moves, which the consents tell in full",
    "subscribers.Subscriber_sources.id": ITS_OWN_NUMBER,
    "subscribers.Subscriber_sources.subscriber": ITS_READER,
    "subscribers.Subscriber_sources.source": TOLD_IN_FULL,
    "subscribers.Mute.id": ITS_OWN_NUMBER,
    "subscribers.Mute.subscriber": ITS_READER,
    "subscribers.Mute.source": TOLD_IN_FULL,
    "subscribers.ConsentEvent.id": ITS_OWN_NUMBER,
    "subscribers.ConsentEvent.subscriber": ITS_READER,
    "subscribers.AddressChange.id": ITS_OWN_NUMBER,
    "subscribers.AddressChange.subscriber": ITS_READER,
    "subscribers.SignUp.id": ITS_OWN_NUMBER,
    "newsletter.Delivery.id": ITS_OWN_NUMBER,
    "newsletter.Delivery.subscriber": ITS_READER,
    "newsletter.Delivery.issue": TOLD_IN_FULL,
    "newsletter.Delivery.revision": TOLD_IN_FULL,
    "newsletter.Delivery.shown": TOLD_IN_FULL,
    "newsletter.Delivery.token": ITS_WORKER,
    "newsletter.Delivery.lease_until": ITS_WORKER,
    "newsletter.Delivery.deaths": ITS_WORKER,
    "newsletter.DeliveryEvent.id": ITS_OWN_NUMBER,
    "newsletter.DeliveryEvent.delivery": "it stands with its delivery",
}

HAPPENED: dict[str, Promise] = {
    DeliveryState.PENDING: _("It waits to be sent."),
    DeliveryState.CLAIMED: _("It is being made ready."),
    DeliveryState.SENDING: _("It is being sent."),
    DeliveryState.SENT: _("The mail server took it."),
    DeliveryState.DELIVERED: _("The provider reported that it arrived."),
    DeliveryState.BOUNCED: _("It came back."),
    DeliveryState.COMPLAINED: _("It was reported as unwanted."),
    DeliveryState.FAILED: _("It could not be sent."),
    DeliveryState.AMBIGUOUS: _(
        "The connection broke while it was sent, so it may have arrived or not. "
        "It was not sent again."
    ),
    DeliveryState.CANCELLED: _("The issue was stopped or closed before it could be sent."),
}
SKIPPED: dict[str, Promise] = {
    SkipReason.FILTER_EMPTY: _("Nothing was sent: no story was from a source of your choice."),
    SkipReason.UNSUBSCRIBED: _("Nothing was sent: you had left, or did not want this edition."),
    SkipReason.SUPPRESSED: _("Nothing was sent: your address was suppressed."),
    SkipReason.PAUSED: _("Nothing was sent: you had paused."),
}


def happened(delivery: Delivery) -> str:
    """Say in a sentence what became of a delivery."""
    if delivery.state == DeliveryState.SKIPPED:
        return str(SKIPPED[delivery.reason])
    return str(HAPPENED[delivery.state])
