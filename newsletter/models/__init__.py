from newsletter.models.archive import WebCopy, WebPassage
from newsletter.models.deliveries import Delivery, DeliveryEvent, Revision
from newsletter.models.issues import Issue, SourceAlias, Story, StorySource, Thread

__all__ = [
    "Delivery",
    "DeliveryEvent",
    "Issue",
    "Revision",
    "SourceAlias",
    "Story",
    "StorySource",
    "Thread",
    "WebCopy",
    "WebPassage",
]
