"""How fast a mailer is given messages: a second, a day, and a second of each mail domain.

The figures are the operator's, of mailers.Mailer; what is left of them all workers share.
"""

from newsletter.rates.buckets import Grant
from newsletter.rates.foresight import outlook
from newsletter.rates.shared import Waiting, give_back, take, turns

__all__ = ["Grant", "Waiting", "give_back", "outlook", "take", "turns"]
