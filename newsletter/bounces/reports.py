"""Reports that machines write for machines: RFC 3464 about delivery, RFC 5965 about complaints."""

from __future__ import annotations

from newsletter.bounces.judging import judge
from newsletter.bounces.mime import Mail, groups
from newsletter.bounces.values import Bounce, Happening, Outcome

STATUS_PARTS = ("text/x-delivery-status", "text/x-global-delivery-status")
FEEDBACK_PART = "text/x-feedback-report"
RECEIPT_PART = "text/x-disposition-notification"

# RFC 3464 §2.3.3. After "relayed" and "expanded" nothing more is heard, unless it fails.
ACTIONS = {
    "failed": Happening.FAILED,
    "delayed": Happening.DELAYED,
    "delivered": Happening.DELIVERED,
    "relayed": Happening.DELIVERED,
    "expanded": Happening.DELIVERED,
}
# RFC 5965 §7.3 and RFC 6430 ("not-spam"); what people never said is no complaint.
FEEDBACK = {
    "abuse": Happening.COMPLAINED,
    "fraud": Happening.COMPLAINED,
    "opt-out": Happening.UNSUBSCRIBED,
    "opt-out-list": Happening.UNSUBSCRIBED,
    "not-spam": Happening.NOTHING,
    "virus": Happening.NOTHING,
    "other": Happening.NOTHING,
}
# Of several recipients that one address stood for, the one that fared best speaks for it.
MILDEST = (Happening.DELIVERED, Happening.DELAYED, Happening.FAILED)
MILDEST_BOUNCE = (Bounce.POLICY, Bounce.SOFT, Bounce.GONE)


def read_status(mail: Mail) -> Outcome | None:
    """Read a report about delivery; None where there is none, or it reports nothing."""
    outcomes = [
        outcome
        for text in mail.texts(*STATUS_PARTS)
        for fields in groups(text)
        if (outcome := outcome_of(fields)) is not None
    ]
    return min(outcomes, key=mildness, default=None)


def outcome_of(fields: dict[str, str]) -> Outcome | None:
    """Read the fields about one recipient (RFC 3464 §2.3)."""
    status = fields.get("status", "").split(" ")[0]
    action = fields.get("action", "").split(" ")[0].rstrip(";").lower()
    happening = ACTIONS.get(action) or by_class(status)
    if happening is None:
        return None
    # "smtp; 550 5.1.1 no such user": the type says only who speaks.
    said = fields.get("diagnostic-code", "").partition(";")[2].strip()
    words = " ".join(f"{'' if status in said else status} {said}".split())
    bounce = judge(said, status) if happening is Happening.FAILED else None
    return Outcome(happening, words, bounce)


def by_class(status: str) -> Happening | None:
    """Read a report without an action by the first digit of its status (RFC 3463 §3.1)."""
    return {"5": Happening.FAILED, "4": Happening.DELAYED, "2": Happening.DELIVERED}.get(status[:1])


def mildness(outcome: Outcome) -> tuple[int, int]:
    bounce = MILDEST_BOUNCE.index(outcome.bounce) if outcome.bounce else 0
    return MILDEST.index(outcome.happening), bounce


def read_feedback(mail: Mail) -> Outcome | None:
    """Read a complaint or what else a mailbox provider passes on of its people."""
    for fields in feedback_of(mail):
        kind = fields.get("feedback-type", "").split(" ")[0].rstrip(";").lower()
        if kind:
            return Outcome(FEEDBACK.get(kind, Happening.NOTHING), kind)
    return None


def feedback_of(mail: Mail) -> list[dict[str, str]]:
    return [fields for text in mail.texts(FEEDBACK_PART) for fields in groups(text)]


def read_receipt(mail: Mail) -> Outcome | None:
    """Read a notification that a message was shown or deleted (RFC 8098)."""
    return Outcome(Happening.REPLIED, "receipt") if mail.texts(RECEIPT_PART) else None
