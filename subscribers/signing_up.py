"""Requests to subscribe: taken at the door without a look at who it is, worked on by a worker.

The page that takes one does the same for every address, so that neither its answer nor its
time tells whether we know somebody.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction

from subscribers.addresses import BadAddress, normalised
from subscribers.answering import GRACE
from subscribers.choices import Choices
from subscribers.models import ConsentEvent, SignUp
from subscribers.queueing import after_commit
from subscribers.subscribing import subscribe

log = logging.getLogger(__name__)

Origin = ConsentEvent.Origin


def take(email: str, choices: Choices, *, now: datetime, origin: Origin) -> None:
    """Store a request for a normalised address, and ask a worker to work on it.

    One statement, whosever address it is. An earlier request for the same address that no
    worker has come to yet is replaced. Raises BadAddress for what is no normalised address.
    """
    if normalised(email) != email:
        raise BadAddress("not the normalised form of an address")
    asked = SignUp(email=email, choices=choices.to_json(), origin=origin, asked_at=now)
    with transaction.atomic():
        (kept,) = SignUp.objects.bulk_create(
            [asked],
            update_conflicts=True,
            unique_fields=["email"],
            update_fields=["choices", "origin", "asked_at"],
        )
        after_commit("work_on_sign_up", kept.pk)


def work_on(sign_up_id: int, *, now: datetime) -> bool:
    """Do what a request asks for and remove it, both or neither; False where there is none.

    It counts from now and not from when it was asked: the days for confirming begin with the
    mail, and whoever left a moment ago and asked again has asked after leaving.
    """
    with transaction.atomic():
        row = SignUp.objects.select_for_update().filter(pk=sign_up_id).first()
        if row is None:
            return False
        choices = Choices.from_json(row.choices)
        subscribe(row.email, choices, now=now, origin=Origin(row.origin))
        row.delete()
        return True


def work_on_forgotten(now: datetime, *, grace: timedelta = GRACE) -> int:
    """Work on requests whose task was lost; returns how many were done.

    One that waits for longer than ``grace`` is taken for forgotten; one that fails is logged,
    without the address, and tried again later.
    """
    forgotten = SignUp.objects.filter(asked_at__lte=now - grace).order_by("asked_at", "pk")
    done = 0
    for sign_up_id in list(forgotten.values_list("pk", flat=True)):
        try:
            done += work_on(sign_up_id, now=now)
        except Exception as exc:  # the outermost edge: one bad row must not hold up the others
            kind = type(exc).__name__
            log.error("sign-up %s could not be worked on yet: %s", sign_up_id, kind)
    return done
