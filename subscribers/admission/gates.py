"""The gates in their order: stamp, work or patience, quotas."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from subscribers.admission.quotas import network_key, spend
from subscribers.admission.stamps import BadStamp, age_of, make_stamp
from subscribers.admission.work import is_solved

# Who sends no proof of work waits this long for each address instead: without scripts a
# reader presses once more after half a minute. A program pays less than the work would cost
# it, but most never come back, those that do need two visits and a memory for every address,
# and the quotas hold for them too. Nobody is shut out for having no script.
PATIENCE = timedelta(seconds=30)
OVERALL = "sign-ups"


@dataclass(frozen=True, slots=True)
class Applicant:
    """What a request to subscribe brings along.

    ``email`` is the address as it was sent, in the same spelling each time; ``stamp`` and
    ``solution`` are the form's hidden fields, "" where they lack; ``network`` is what
    ``network_of`` says.
    """

    email: str
    stamp: str
    solution: str
    network: str


class NotYet(Exception):
    """Come again in ``wait_seconds`` (whole ones, 0 at the least) and bring this ``stamp``."""

    def __init__(self, wait_seconds: int, stamp: str) -> None:
        super().__init__(f"not before {wait_seconds} s have passed")
        self.wait_seconds = wait_seconds
        self.stamp = stamp


class TooMany(Exception):
    """The hour's requests are used up; the next ones are taken in ``retry_after_seconds``."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(f"not before {retry_after_seconds} s have passed")
        self.retry_after_seconds = retry_after_seconds


def admit(applicant: Applicant, *, now: datetime) -> None:
    """Let a request to subscribe through, and count it; raise NotYet or TooMany if not.

    Readers are not looked at, so known and unknown addresses cost the same time.
    """
    check_patience(applicant, now)
    # What is refused as one too many of all is not counted against its network either.
    with transaction.atomic():
        for key, limit in (
            (network_key(applicant.network), settings.SIGN_UPS_PER_NETWORK),
            (OVERALL, settings.SIGN_UPS_PER_HOUR),
        ):
            if seconds := spend(key, limit, now=now):
                raise TooMany(seconds)


def check_patience(applicant: Applicant, now: datetime) -> None:
    """Raise NotYet unless the form was out long enough, and the work done where it is asked."""
    bits: int = settings.PROOF_OF_WORK_BITS
    typing = timedelta(seconds=settings.MIN_FORM_SECONDS)
    if not bits and not typing:
        return
    worked = not bits or is_solved(applicant.stamp, applicant.email, applicant.solution, bits=bits)
    least = typing if worked else PATIENCE
    age = age_for(applicant, now, bound=not worked)
    if age is None:
        raise NotYet(math.ceil(least.total_seconds()), make_stamp(now, applicant.email))
    if age < least:
        raise NotYet(math.ceil((least - age).total_seconds()), applicant.stamp)


def age_for(applicant: Applicant, now: datetime, *, bound: bool) -> timedelta | None:
    """Return the age of the applicant's stamp, or None where it is not good.

    One that is bound to the address is always good; one for everybody only where it need
    not be ``bound``, or waiting with one form would do for any number of addresses.
    """
    for email in (applicant.email,) if bound else (applicant.email, ""):
        try:
            return age_of(applicant.stamp, now, email)
        except BadStamp:
            continue
    return None
