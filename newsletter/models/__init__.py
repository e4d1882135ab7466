from newsletter.models.archive import WebCopy, WebPassage
from newsletter.models.deliveries import Delivery, DeliveryEvent, Revision
from newsletter.models.issues import Issue, SourceAlias, Story, StorySource, Thread
from newsletter.models.mailers import DomainTurn, MailerState
from newsletter.models.operations import Heartbeat, LedgerMark

__all__ = [
    "Delivery",
    "DeliveryEvent",
    "DomainTurn",
    "Heartbeat",
    "Issue",
    "LedgerMark",
    "MailerState",
    "Revision",
    "SourceAlias",
    "Story",
    "StorySource",
    "Thread",
    "WebCopy",
    "WebPassage",
]
