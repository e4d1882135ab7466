"""Webhook calls in the shape of every provider's, about a delivery of ours.

Written after the providers' own documentation: the least that Anymail reads.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

AT = datetime(2026, 11, 20, 11, 30, tzinfo=UTC)
SECOND = int(AT.timestamp())
READER = "ada@readers.example"
SECRET = "provider:a-long-secret"
KEY = "key-of-the-tests"
SETTINGS = {
    "WEBHOOK_SECRET": SECRET,
    "MAILGUN_WEBHOOK_SIGNING_KEY": KEY,
    "MAILERSEND_SIGNING_SECRET": KEY,
    "MANDRILL_WEBHOOK_KEY": KEY,
    "MANDRILL_WEBHOOK_URL": "https://news.example.org/anymail/mandrill/",
    "UNISENDER_GO_API_KEY": KEY,
}
HARD = "550 5.1.1 no such user"
SOFT = "452 4.2.2 mailbox full"


@dataclass(frozen=True)
class Call:
    """A POST: where to, what, and with which headers."""

    path: str
    body: bytes
    type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, client: Any, secret: str = SECRET) -> Any:
        authorization = f"Basic {base64.b64encode(secret.encode()).decode()}"
        return client.post(
            f"/anymail/{self.path}",
            self.body,
            content_type=self.type,
            headers={"Authorization": authorization, **self.headers},
        )


def as_json(path: str, data: object, **headers: str) -> Call:
    return Call(path, json.dumps(data).encode(), headers=headers)


def signed(text: bytes, digest: str = "sha256") -> str:
    return hmac.new(KEY.encode(), text, digest).hexdigest()


def postmark(uid: UUID, kind: str, number: int) -> Call:
    data: dict[str, Any] = {
        "RecordType": {"delivered": "Delivery", "complained": "SpamComplaint"}.get(kind, "Bounce"),
        "MessageID": f"m-{uid}",
        "Metadata": {"delivery": str(uid)},
        "Recipient": READER,
        "DeliveredAt": f"2026-11-20T11:{number % 60:02}:00Z",
    }
    types = {"gone": "HardBounce", "soft": "SoftBounce", "deferred": "Transient"}
    types |= {"rejected": "Blocked", "complained": "SpamComplaint"}
    if kind == "unsubscribed":
        data |= {"RecordType": "SubscriptionChange", "SuppressSending": True}
        data["SuppressionReason"] = "ManualSuppression"
    elif kind in types:
        data |= {"Type": types[kind], "ID": number, "Description": "no further words"}
    return as_json("postmark/tracking/", data)


def mailgun(uid: UUID, kind: str, number: int) -> Call:
    names = {"gone": "failed", "soft": "failed", "deferred": "failed"}
    token, timestamp = f"token-{number}", str(SECOND)
    event: dict[str, Any] = {
        "event": names.get(kind, kind),
        "timestamp": SECOND + number,
        "recipient": READER,
        "message": {"headers": {"message-id": "x@mailgun.example"}},
        "user-variables": {"delivery": str(uid)},
    }
    if kind in names:
        event["severity"] = "temporary" if kind == "deferred" else "permanent"
        event["delivery-status"] = {"message": HARD if kind == "gone" else SOFT}
    signature = {"token": token, "timestamp": timestamp}
    signature["signature"] = signed(f"{timestamp}{token}".encode())
    return as_json("mailgun/tracking/", {"signature": signature, "event-data": event})


def brevo(uid: UUID, kind: str, number: int) -> Call:
    names = {"gone": "hard_bounce", "soft": "soft_bounce", "complained": "spam"}
    names |= {"rejected": "blocked", "unsubscribed": "unsubscribe"}
    data = {
        "event": names.get(kind, kind),
        "email": READER,
        "message-id": f"<{uid}@news.example.org>",
        "ts_epoch": SECOND * 1000 + number,
    }
    return as_json("brevo/tracking/", data)


def sparkpost(uid: UUID, kind: str, number: int) -> Call:
    names = {"delivered": "delivery", "gone": "bounce", "soft": "bounce", "deferred": "delay"}
    names |= {"complained": "spam_complaint", "rejected": "policy_rejection"}
    names |= {"unsubscribed": "list_unsubscribe"}
    event = {
        "type": names[kind],
        "event_id": str(number),
        "timestamp": str(SECOND),
        "rcpt_to": READER,
        "rcpt_meta": {"delivery": str(uid)},
        "message_id": "sp",
    }
    if names[kind] == "bounce":
        event["bounce_class"] = "10" if kind == "gone" else "22"
    group = "unsubscribe_event" if kind == "unsubscribed" else "message_event"
    return as_json("sparkpost/tracking/", [{"msys": {group: event}}, {"msys": {}}])


def mailjet(uid: UUID, kind: str, number: int) -> Call:
    names = {"delivered": "sent", "gone": "bounce", "soft": "bounce", "complained": "spam"}
    names |= {"rejected": "blocked", "unsubscribed": "unsub", "deferred": "bounce"}
    data: dict[str, Any] = {
        "event": names[kind],
        "time": SECOND + number,
        "MessageID": number,
        "email": READER,
        "Payload": json.dumps({"delivery": str(uid)}),
    }
    if kind in ("gone", "soft"):
        data |= {"hard_bounce": kind == "gone", "error": "user unknown"}
    if kind == "deferred":
        data |= {"hard_bounce": False, "error": "greylisted"}
    return as_json("mailjet/tracking/", [data] if number % 2 else data)


def mandrill(uid: UUID, kind: str, number: int) -> Call:
    names = {"delivered": "send", "gone": "hard_bounce", "soft": "soft_bounce"}
    names |= {"complained": "spam", "rejected": "reject", "unsubscribed": "unsub"}
    event = {
        "event": names.get(kind, "deferral"),
        "_id": f"m{number}",
        "ts": SECOND + number,
        "msg": {"email": READER, "metadata": {"delivery": str(uid)}, "diag": ""},
    }
    posted = {"mandrill_events": json.dumps([event])}
    text = SETTINGS["MANDRILL_WEBHOOK_URL"] + "mandrill_events" + posted["mandrill_events"]
    signature = hmac.new(KEY.encode(), text.encode(), "sha1").digest()
    return Call(
        "mandrill/",
        urlencode(posted).encode(),
        "application/x-www-form-urlencoded",
        {"X-Mandrill-Signature": base64.b64encode(signature).decode()},
    )


def mailersend(uid: UUID, kind: str, number: int) -> Call:
    names = {"gone": "hard_bounced", "soft": "soft_bounced", "complained": "spam_complaint"}
    data = {
        "type": names.get(kind, kind),
        "id": f"activity-{number}",
        "created_at": "2026-11-20T11:30:00.000000Z",
        "email": {
            "message": {"id": "ms"},
            "recipient": {"email": READER},
            "tags": ["daily", str(uid)],
        },
    }
    body = json.dumps({"type": "activity.x", "data": data}).encode()
    return Call("mailersend/tracking/", body, headers={"Signature": signed(body)})


def mailtrap(uid: UUID, kind: str, number: int) -> Call:
    names = {"delivered": "delivery", "gone": "bounce", "deferred": "soft bounce"}
    names |= {"complained": "spam", "rejected": "reject", "unsubscribed": "unsubscribe"}
    event = {
        "event": names[kind],
        "message_id": "mt",
        "event_id": f"event-{number}",
        "email": READER,
        "timestamp": SECOND,
        "custom_variables": {"delivery": str(uid)},
        "response": HARD if kind == "gone" else "",
    }
    return as_json("mailtrap/tracking/", {"events": [event]})


def resend(uid: UUID, kind: str, number: int) -> Call:
    names = {"gone": "bounced", "soft": "bounced", "deferred": "delivery_delayed"}
    data: dict[str, Any] = {
        "email_id": "re",
        "to": [READER],
        "headers": [{"name": "X-Metadata", "value": json.dumps({"delivery": str(uid)})}],
    }
    if kind in ("gone", "soft"):
        type_ = "Permanent" if kind == "gone" else "Transient"
        data["bounce"] = {"type": type_, "message": "sent a bounce message"}
    event = {"type": f"email.{names.get(kind, kind)}", "created_at": AT.isoformat(), "data": data}
    return as_json("resend/tracking/", event, **{"svix-id": f"msg_{number}"})


def unisender(uid: UUID, kind: str, number: int) -> Call:
    names = {"gone": "hard_bounced", "deferred": "soft_bounced", "complained": "spam"}
    event = {
        "event_name": "transactional_email_status",
        "event_data": {
            "status": names.get(kind, kind),
            "event_time": "2026-11-20 11:30:00",
            "email": READER,
            "job_id": f"job-{number}",
            "metadata": {"delivery": str(uid)},
            "delivery_info": {"delivery_status": "err_user_unknown" if kind == "gone" else "ok"},
        },
    }
    data = {"auth": KEY, "events_by_user": [{"user_id": 1, "events": [event]}]}
    body = json.dumps(data)
    auth = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
    return Call("unisender_go/tracking/", body.replace(KEY, auth).encode())


def ses(uid: UUID, kind: str, number: int) -> Call:
    names = {"delivered": "Delivery", "gone": "Bounce", "soft": "Bounce", "rejected": "Reject"}
    names |= {"complained": "Complaint"}
    name = names[kind]
    headers = [{"name": "Message-ID", "value": f"<{uid}@news.example.org>"}]
    event: dict[str, Any] = {
        "eventType": name,
        "mail": {"messageId": "ses", "destination": [READER], "headers": headers},
        "bounce": {
            "bounceType": "Permanent" if kind == "gone" else "Transient",
            "bounceSubType": "General",
            "bouncedRecipients": [{"emailAddress": READER}],
        },
        "complaint": {"complainedRecipients": [{"emailAddress": READER}]},
        "delivery": {"recipients": [READER], "smtpResponse": "250 ok"},
        "reject": {"reason": "Bad content"},
    }
    data = {
        "Type": "Notification",
        "MessageId": f"sns-{number}",
        "Timestamp": AT.isoformat(),
        "Message": json.dumps(event),
    }
    return as_json(
        "amazon_ses/tracking/",
        data,
        **{"x-amz-sns-message-type": "Notification", "x-amz-sns-message-id": f"sns-{number}"},
    )


def sendgrid(uid: UUID, kind: str, number: int) -> Call:
    names = {"gone": "bounce", "soft": "bounce", "complained": "spamreport"}
    names |= {"rejected": "dropped", "unsubscribed": "unsubscribe"}
    event = {
        "event": names.get(kind, kind),
        "timestamp": SECOND,
        "email": READER,
        "sg_event_id": f"sg-{number}",
        "delivery": str(uid),
    }
    if kind in ("gone", "soft"):
        event |= {"type": "bounce", "reason": HARD if kind == "gone" else SOFT}
    return as_json("sendgrid/tracking/", [event])


ALL = {"delivered", "gone", "soft", "complained", "deferred", "rejected", "unsubscribed"}
# Each with the kinds that it reports; "soft" and "gone" are both bounces.
PROVIDERS: dict[str, tuple[Callable[[UUID, str, int], Call], set[str]]] = {
    "postmark": (postmark, ALL),
    "mailgun": (mailgun, ALL - {"rejected"}),
    "brevo": (brevo, ALL),
    "sparkpost": (sparkpost, ALL),
    "mailjet": (mailjet, ALL),
    "mandrill": (mandrill, ALL - {"delivered"}),
    "mailersend": (mailersend, ALL - {"deferred", "rejected"}),
    "mailtrap": (mailtrap, ALL - {"soft"}),
    "resend": (resend, ALL - {"rejected", "unsubscribed"}),
    "unisender": (unisender, ALL - {"soft", "rejected"}),
    "ses": (ses, ALL - {"unsubscribed", "deferred"}),
    "sendgrid": (sendgrid, ALL),
}
