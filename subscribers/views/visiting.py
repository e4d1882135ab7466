"""What the buttons of the choices page do.

Each returns what to tell about it, or "" where the page is to come again with the form as it
was sent: it needs mending. The page has one form
for what comes and when, whose button writes that and nothing else; pauses, muted sources and
the address are changed by forms of their own.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.forms.boundfield import BoundField
from django.http import QueryDict
from django.utils import timezone

from subscribers import moving, muting, subscribing
from subscribers.audience import today_of
from subscribers.choices import choices_of
from subscribers.forms.choices import wrong_fields
from subscribers.forms.rooms import AddressForm, PauseForm, PreferencesForm, reason_in
from subscribers.leaving import give_reason
from subscribers.models import ConsentEvent, Subscriber
from subscribers.muted import MutedSource, ids_in, muted_by
from subscribers.saving import with_changes

Origin = ConsentEvent.Origin
State = Subscriber.State

# What stands for an active reader who gets no mail for now.
PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Visit:
    """A reader on the page, at a time, with its forms; the one that was sent is filled in."""

    reader: Subscriber
    now: datetime
    today: date
    sent: QueryDict
    muted: list[MutedSource]
    form: PreferencesForm
    pause: PauseForm
    move: AddressForm

    @property
    def wrong(self) -> list[BoundField]:
        """The fields that need mending, in the page's order."""
        return [
            field for form in (self.form, self.pause, self.move) for field in wrong_fields(form)
        ]

    @property
    def standing(self) -> str:
        """The reader's state, or PAUSED."""
        paused = self.reader.state == State.ACTIVE and is_paused(self.reader, self.today)
        return PAUSED if paused else self.reader.state


def is_paused(reader: Subscriber, today: date) -> bool:
    return reader.paused_until is not None and reader.paused_until >= today


def visit_of(reader: Subscriber, action: str = "", sent: QueryDict | None = None) -> Visit:
    """Fill what was sent into the form that the pressed button belongs to."""
    now = timezone.now()
    today = today_of(reader, now)
    muted = muted_by(reader, today)
    pause_now = reader.paused_until if is_paused(reader, today) else None
    return Visit(
        reader=reader,
        now=now,
        today=today,
        sent=sent or QueryDict(),
        muted=muted,
        form=PreferencesForm(
            None if action in OWN_FORM else sent,
            kept=choices_of(reader),
            muted_slugs={one.source.slug for one in muted},
        ),
        pause=PauseForm(
            sent if action == "pause" else None, today=today, initial={"paused_until": pause_now}
        ),
        move=AddressForm(sent if action == "move" else None, own=reader.email),
    )


def save(visit: Visit) -> str:
    """Write what the person changed of editions, sources, hours, zone and language."""
    if not visit.form.is_valid():
        return ""
    shown, wished = visit.form.shown_choices(), visit.form.choices()
    changed = subscribing.change(
        visit.reader.pk,
        lambda current: with_changes(current, shown=shown, wished=wished),
        now=visit.now,
    )
    return "saved" if changed else "same"


def preview(visit: Visit) -> str:
    """Show the page with the form as it was sent, and what it would bring; nothing is saved."""
    return ""


def come_back(visit: Visit) -> str:
    """Subscribe again, with the form as it was sent."""
    if not visit.form.is_valid():
        return ""
    wished = visit.form.choices()
    came = subscribing.come_back(
        visit.reader.pk,
        lambda current: with_changes(current, shown=None, wished=wished),
        now=visit.now,
    )
    return "back" if came else "same"


def undo(visit: Visit) -> str:
    """Take back having left, with all as it was before."""
    return "back" if subscribing.come_back(visit.reader.pk, now=visit.now) else "same"


def leave(visit: Visit) -> str:
    subscribing.unsubscribe(visit.reader.pk, now=visit.now, origin=Origin.PAGE)
    return "left"


def tell_why(visit: Visit) -> str:
    """Keep why somebody left; saying nothing is fine too."""
    told = give_reason(visit.reader.pk, reason_in(visit.sent), now=visit.now)
    return "told" if told else "untold"


def pause(visit: Visit) -> str:
    if not visit.pause.is_valid():
        return ""
    day = visit.pause.cleaned_data["paused_until"]
    changed = subscribing.change(
        visit.reader.pk,
        lambda current: replace(current, paused_until=day),
        now=visit.now,
    )
    return "paused" if changed else "same"


def resume(visit: Visit) -> str:
    return "resumed" if subscribing.resume(visit.reader.pk, now=visit.now) else "same"


def hear(visit: Visit) -> str:
    """Hear a muted source again, whichever of its names was muted."""
    ids = ids_in(visit.sent.get("source", ""))
    return "heard" if muting.unmute(visit.reader.pk, ids, now=visit.now) else "same"


def move(visit: Visit) -> str:
    """Ask a new address whether it is the reader's; what is told is the same for every one."""
    if not visit.move.is_valid():
        return ""
    moving.ask(visit.reader.pk, visit.move.cleaned_data["email"], now=visit.now)
    return "asked"


BUTTONS: dict[str, Callable[[Visit], str]] = {
    "save": save,
    "preview": preview,
    "back": come_back,
    "undo": undo,
    "leave": leave,
    "reason": tell_why,
    "pause": pause,
    "resume": resume,
    "hear": hear,
    "move": move,
}
# Buttons that do not send the form of choices.
OWN_FORM = BUTTONS.keys() - {"save", "preview", "back"}
