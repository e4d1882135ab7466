"""What mail servers and providers write back about a message, read into values. Pure.

Nothing here believes anything: whoever uses a report has to find proof in it that it speaks
of a message of ours.
"""

from newsletter.bounces.judging import judge
from newsletter.bounces.mime import Unreadable
from newsletter.bounces.reading import read
from newsletter.bounces.values import Bounce, Happening, Report

__all__ = ["Bounce", "Happening", "Report", "Unreadable", "judge", "read"]
