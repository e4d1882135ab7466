from newsletter.models.archive import WebCopy, WebPassage
from newsletter.models.deliveries import Delivery, DeliveryEvent, Revision
from newsletter.models.issues import Issue, SourceAlias, Story, StorySource, Thread
from newsletter.models.operations import Heartbeat, LedgerMark

__all__ = [
    "Delivery",
    "DeliveryEvent",
    "Heartbeat",
    "Issue",
    "LedgerMark",
    "Revision",
    "SourceAlias",
    "Story",
    "StorySource",
    "Thread",
    "WebCopy",
    "WebPassage",
]
