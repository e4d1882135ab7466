"""The breaker: a mailer that cannot be used is left alone, then tried by one worker.

Its state is a row that all workers see. Times are by the clock that is passed in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import QuerySet

from newsletter.mailers.choosing import configured
from newsletter.mailers.values import Mailer
from newsletter.models import Issue, MailerState
from subscribers.prepared import question

# By failures in a row; the last stands for all that follow.
REST_MINUTES = (1, 5, 15, 60)
# One worker has this long to find out whether a mailer works again.
PROBE = timedelta(minutes=1)
REASON_LENGTH = 300
# Asked for with every claim.
COLUMNS = [field.attname for field in MailerState._meta.concrete_fields]
STATES = question(lambda: MailerState.objects.order_by().values_list(*COLUMNS))
CLOSED = {"rests_until": None, "failures": 0, "needs_operator": False, "reason": ""}


def usable(now: datetime, *, fallbacks: bool = False) -> list[Mailer]:
    """Return the mailers with a share that do not rest, or else the fallbacks, in their order.

    Of those whose rest is over one at most is given to this worker alone, to be tried: the
    others see it rest for another PROBE. So whoever asks is to use what ``pick`` gives, and to
    report ``recovered``, ``rest`` or, where nothing was begun, ``untried``.
    """
    mailers = [mailer for mailer in configured() if bool(mailer.share) != fallbacks]
    states = states_of(mailers)
    found = [mailer for mailer in mailers if works(states.get(mailer.name))]
    for mailer in mailers:
        if not may_be_tried(states.get(mailer.name), now):
            continue
        probe_until = now + PROBE
        ended = states[mailer.name].rests_until
        if rows(mailer).filter(rests_until=ended).update(rests_until=probe_until):
            found.append(replace(mailer, probe_until=probe_until))
            break
    order = [mailer.name for mailer in mailers]
    return sorted(found, key=lambda mailer: order.index(mailer.name))


def states_of(mailers: Iterable[Mailer]) -> dict[str, MailerState]:
    names = {mailer.name for mailer in mailers}
    states = [MailerState.from_db(DEFAULT_DB_ALIAS, COLUMNS, row) for row in STATES.rows()]
    return {state.name: state for state in states if state.name in names}


def rows(mailer: Mailer) -> QuerySet[MailerState]:
    return MailerState.objects.filter(name=mailer.name)


def works(state: MailerState | None) -> bool:
    return state is None or not (state.needs_operator or state.rests_until)


def may_be_tried(state: MailerState | None, now: datetime) -> bool:
    """Tell whether a mailer's rest is over, and nobody has found out yet whether it works."""
    if state is None or state.needs_operator or state.rests_until is None:
        return False
    return state.rests_until <= now


def rest(
    mailer: Mailer,
    reason: str,
    *,
    now: datetime,
    asked: timedelta | None = None,
    needs_operator: bool = False,
) -> datetime:
    """Leave a mailer alone, and return until when.

    It rests longer with every failure in a row, and at least as long as the server ``asked``
    for. Workers who find the same fault at the same time count as one failure. One that
    ``needs_operator`` is not tried again before somebody wakes it.
    """
    MailerState.objects.bulk_create([MailerState(name=mailer.name)], ignore_conflicts=True)
    with transaction.atomic():
        state = rows(mailer).select_for_update().get()
        known = state.rests_until is not None and state.rests_until > now
        if not known or state.rests_until == mailer.probe_until:
            state.failures += 1
            state.rests_until = now + rest_after(state.failures)
        until = max(state.rests_until or now, now + (asked or timedelta(0)))
        rows(mailer).update(
            rests_until=until,
            failures=state.failures,
            needs_operator=needs_operator or state.needs_operator,
            reason=reason[:REASON_LENGTH],
        )
    return until


def rest_after(failures: int) -> timedelta:
    """Return how long a mailer is left alone after so many failures in a row."""
    return timedelta(minutes=REST_MINUTES[min(failures, len(REST_MINUTES)) - 1])


def recovered(mailer: Mailer) -> Mailer:
    """Note that a message went through, and return the mailer as it is now.

    Asks the database only where ``usable`` gave the mailer to be tried, and changes nothing
    where somebody else has found a new fault meanwhile.
    """
    if mailer.probe_until is None:
        return mailer
    tried = rows(mailer).filter(rests_until=mailer.probe_until, needs_operator=False)
    if tried.update(**CLOSED):
        end_rests()
    return replace(mailer, probe_until=None)


def untried(mailer: Mailer, *, now: datetime) -> None:
    """Let another worker try a mailer that this one was to try, and had nothing for."""
    if mailer.probe_until is not None:
        rows(mailer).filter(rests_until=mailer.probe_until).update(rests_until=now)


def wake(name: str) -> bool:
    """Forget a mailer's faults, because somebody has helped; False where it had none.

    Issues that waited for it go on with the next tick.
    """
    if not MailerState.objects.filter(name=name).exclude(**CLOSED).update(**CLOSED):
        return False
    end_rests()
    return True


def wake_all() -> None:
    """Forget the faults of all mailers, because somebody has helped.

    What waits for them goes on with ``end_rests``, after the commit.
    """
    MailerState.objects.exclude(**CLOSED).update(**CLOSED)


def end_rests() -> None:
    """Let issues that waited for a mailer go on with the next tick."""
    Issue.objects.exclude(rests_until=None).update(rests_until=None)


def earliest() -> datetime | None:
    """Return when the first of the resting mailers may be tried.

    None where none rests, and where waiting helps none of them: ``none_left``.
    """
    states = states_of(configured()).values()
    return min(
        (state.rests_until for state in states if state.rests_until and not state.needs_operator),
        default=None,
    )


def none_left() -> bool:
    """Tell whether no mailer will work before an operator has helped."""
    return len(in_need()) == len(configured())


def in_need() -> dict[str, str]:
    """Return the mailers that need an operator, each with the reason."""
    states = states_of(configured()).values()
    return {state.name: state.reason for state in states if state.needs_operator}
