"""The ways by which messages leave: which there are, which of them works, which is next."""

from config.mailers import leaves_house
from newsletter.mailers.breaker import (
    earliest,
    end_rests,
    in_need,
    none_left,
    recovered,
    rest,
    untried,
    usable,
    wake,
    wake_all,
)
from newsletter.mailers.choosing import configured, connection_of, pick
from newsletter.mailers.letters import LettersBackend
from newsletter.mailers.values import Mailer, WarmUp

__all__ = [
    "LettersBackend",
    "Mailer",
    "WarmUp",
    "configured",
    "connection_of",
    "earliest",
    "end_rests",
    "in_need",
    "leaves_house",
    "none_left",
    "pick",
    "recovered",
    "rest",
    "untried",
    "usable",
    "wake",
    "wake_all",
]
