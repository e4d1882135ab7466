"""A mail as a chosen reader would get it, out of the form as it stands, saved or not."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.fields import DateField
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.composing import ComposedMail, Composer, Composition, PersonalLinks
from newsletter.content import IssueContent, StoryContent, ThreadContent, content_of, via
from newsletter.models import Issue
from newsletter.models.issues import slug_of, title_of
from newsletter.rendering import RenderedIssue, encoded_size, render_issue
from subscribers.audience import Choice, choice_of
from subscribers.links import absolute
from subscribers.models import Source, Subscriber

# Two editors who each try a few texts in every language; one rendered issue has some 100 kB.
REMEMBERED = 16
LANGUAGES = dict(settings.LANGUAGES)
# The largest key of a database has 19.
MAX_DIGITS = 19
DARK_QUERY = re.compile(r"@media\s*\(\s*prefers-color-scheme\s*:\s*dark\s*\)")
# MJML writes the preheader as the body's first element that is not displayed.
HIDDEN_DIV = re.compile(r"<div[^>]*display:\s*none[^>]*>(.*?)</div>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Onlooker:
    """For whom the preview is: a choice of sources, an address, and how to say whose it is.

    ``language`` is that of the words around the stories.
    """

    choice: Choice
    address: str
    name: str
    language: str


@dataclass(frozen=True, slots=True)
class Preview:
    """A mail, and what the inbox and the editor see of it."""

    content: IssueContent
    composition: Composition
    mail: ComposedMail
    onlooker: Onlooker
    encoded_bytes: int

    @property
    def preheader(self) -> str:
        """Return the grey words after the subject."""
        found = HIDDEN_DIV.search(self.mail.html)
        return html.unescape(found[1]).strip() if found else ""


@lru_cache(maxsize=REMEMBERED)
def rendered(content: IssueContent, language: str) -> RenderedIssue:
    """Render a content once for everything that a page asks about it; raises RenderError."""
    return render_issue(content, language)


def publication_language() -> str:
    """Return the language of the editors' texts, where mails can have it."""
    written = settings.PUBLICATION_LANGUAGE
    return written if written in LANGUAGES else settings.LANGUAGE_CODE


def preview_of(content: IssueContent, onlooker: Onlooker) -> Preview:
    """Compose what an onlooker would get; raises RenderError for what no mail can hold."""
    issue = rendered(content, onlooker.language)
    composition = Composer(issue).compose(onlooker.choice)
    links = PersonalLinks(
        unsubscribe_url=absolute("/"),
        choices_url=absolute("/"),
        read_url=absolute("/"),
        mute_token="preview",  # noqa: S106  opens nothing
        address=onlooker.address,
    )
    return Preview(
        content=content,
        composition=composition,
        mail=composition.mail(links),
        onlooker=onlooker,
        encoded_bytes=encoded_size(issue),
    )


def for_screen(markup: str, *, dark: bool) -> str:
    """Return a mail's HTML as a light or a dark inbox shows it, whatever this screen prefers."""
    return DARK_QUERY.sub("@media all" if dark else "@media not all", markup)


def number(text: str | None) -> int | None:
    """Return a whole number out of a form, or None for what is none or longer than any."""
    if text is None or len(text) > MAX_DIGITS or not text.isdecimal():
        return None
    return int(text)


def numbers(texts: list[str]) -> list[int]:
    """Return the whole numbers among the values of a form."""
    return [value for value in map(number, texts) if value is not None]


def onlooker_from(data: QueryDict, *, may_see_readers: bool) -> Onlooker:
    """Read for whom the preview shall be: ``view_as`` is everyone, reader or mix.

    ``language`` is one that mails can have, or else the publication's. What one reader chose
    is shown only with ``may_see_readers``.
    """
    groups = Source.objects.merge_groups()
    example = "reader@example.com"
    asked = data.get("language", "")
    language = asked if asked in LANGUAGES else publication_language()
    if data.get("view_as") == "reader" and may_see_readers:
        address = data.get("reader", "").strip().lower()
        reader = Subscriber.objects.filter(email=address).first()
        if reader:
            choice = choice_of(reader, groups, timezone.now())
            return Onlooker(choice, reader.email, reader.email, language)
        return Onlooker(Choice.everything(), example, _("everyone (no such reader)"), language)
    if data.get("view_as") == "mix":
        chosen = numbers(data.getlist("mix"))
        ids = frozenset().union(*(groups.get(pk, frozenset()) for pk in chosen))
        mix = Choice(all_sources=False, source_ids=ids)
        return Onlooker(mix, example, _("a made-up mix"), language)
    return Onlooker(Choice.everything(), example, _("a reader of everything"), language)


def content_from(issue: Issue, data: QueryDict) -> IssueContent:
    """Return an issue's content as the form on the page has it; without one, as it is stored."""
    if "stories-TOTAL_FORMS" not in data:
        return content_of(issue)
    stories = stories_from(data, {str(row.pk): row.key for row in issue.stories.all()})
    kind = data.get("kind", issue.kind)
    end = day(data, "period_end", issue.period_end)
    start = day(data, "period_start", issue.period_start)
    title = title_of(kind, start, end)
    subject = " ".join(data.get("subject", "").split())
    return IssueContent(
        kind=kind if kind in Issue.Kind.values else issue.kind,
        slug=slug_of(kind, end),
        title=title,
        subject=subject or (stories[0].headline if stories else title),
        period_start=start,
        period_end=end,
        opening=newlines(data.get("opening", "")),
        stories=stories,
        threads=threads_from(data),
        patterns=newlines(data.get("patterns", "")),
    )


def newlines(text: str) -> str:
    """Return a text with the line ends that the database has, not those that browsers send."""
    return text.replace("\r\n", "\n").strip()


def day(data: QueryDict, name: str, otherwise: date) -> date:
    try:
        return DateField().clean(data.get(name)) or otherwise
    except ValidationError:
        return otherwise


def rows_of(data: QueryDict, prefix: str) -> list[str]:
    """Return the prefixes of a formset's rows that are not marked for deletion, in order."""
    # A form of more rows than fields is nobody's.
    count = min(number(data.get(f"{prefix}-TOTAL_FORMS")) or 0, len(data))
    rows = [f"{prefix}-{number}-" for number in range(count)]
    kept = [row for row in rows if not data.get(f"{row}DELETE")]

    def position(row: str) -> int:
        place = number(data.get(f"{row}position"))
        return count if place is None else place

    return sorted(kept, key=position)


def stories_from(data: QueryDict, keys: dict[str, str]) -> tuple[StoryContent, ...]:
    """Read the stories of a form; ``keys`` maps those that are stored to their keys."""
    sources = {source.pk: source for source in Source.objects.select_related("merged_into")}
    stories = []
    for number, row in enumerate(rows_of(data, "stories")):
        chosen = numbers(data.getlist(f"{row}credited"))
        present = [sources[pk].merged_into or sources[pk] for pk in chosen if pk in sources]
        credited = list({source.pk: source for source in present}.values())
        company = data.get(f"{row}company", "").strip()
        headline = data.get(f"{row}headline", "").strip()
        body = newlines(data.get(f"{row}body", ""))
        if headline or body:
            stories.append(
                StoryContent(
                    key=keys.get(data.get(f"{row}id", ""), f"unsaved-{number}"),
                    headline=headline,
                    company=company,
                    body=body,
                    url=data.get(f"{row}url", "").strip(),
                    source_ids=tuple(source.pk for source in credited),
                    via=via(company, credited),
                )
            )
    return tuple(stories)


def threads_from(data: QueryDict) -> tuple[ThreadContent, ...]:
    """Read the threads of a form."""
    return tuple(
        ThreadContent(
            key=f"thread-{number}",
            title=data.get(f"{row}title", "").strip(),
            body=newlines(data.get(f"{row}body", "")),
        )
        for number, row in enumerate(rows_of(data, "threads"))
        if data.get(f"{row}title", "").strip() or data.get(f"{row}body", "").strip()
    )
