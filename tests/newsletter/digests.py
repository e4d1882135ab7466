"""Random digests, and the forms in which sites and editors write them. No tests here."""

from __future__ import annotations

import html
from dataclasses import dataclass

from hypothesis import strategies as st

KNOWN = ["Acme", "Borealis Cloud", "Corvid & Sons", "Dunlin", "O’Hare Labs", "eGret", "Finch AI"]
UNKNOWN = ["Gannet", "Heron Systems", "Ibis Data Works", "Jackdaw.io", "Kestrel"]
LABELS = frozenset(KNOWN)
WORDS = ["cache", "query", "shard", "latency", "queue", "index", "replica", "deploy", "rollout"]
WORDS += ["trace", "budget", "quorum", "lease", "ledger", "batch", "stream", "schema", "tenant"]
OPENERS = ["The", "Engineers", "A", "When", "To", "Instead", "Teams", "Rather", "Under"]
TITLE = "Engineering @ Scale — 2026-11-20"

words = st.sampled_from(WORDS)
sentences = st.builds(
    lambda first, rest, end: f"{first} {' '.join(rest)}{end}",
    st.sampled_from(OPENERS),
    st.lists(words, min_size=5, max_size=14),
    st.sampled_from([".", ".", ".", "!", "?", ".”"]),
)
bodies = st.lists(sentences, min_size=1, max_size=4).map(" ".join)
capitalised = st.lists(words, min_size=1, max_size=7).map(
    lambda many: " ".join(word.capitalize() for word in many)
)
headlines = st.one_of(
    capitalised,
    st.builds("How {} Moved to {}".format, st.sampled_from(KNOWN + UNKNOWN), capitalised),
    st.builds("{}: {}".format, st.sampled_from(["Podcast", "Article", "Why"]), capitalised),
    st.builds("{} [{}] {}".format, capitalised, words, capitalised),
    st.builds("{} with C#".format, capitalised),
    st.builds("“{}” – {}?".format, capitalised, capitalised),
)
companies = st.one_of(
    st.sampled_from(KNOWN),
    st.sampled_from(UNKNOWN),
    st.builds("{} & {}".format, st.sampled_from(KNOWN), st.sampled_from(KNOWN + UNKNOWN)),
    st.builds("{} / {}".format, st.sampled_from(KNOWN + UNKNOWN), st.sampled_from(KNOWN)),
)


@dataclass(frozen=True)
class Told:
    """A story as it was meant."""

    headline: str
    company: str
    body: str
    url: str = ""


stories = st.builds(Told, headlines, companies, bodies)
linked_stories = st.builds(
    Told,
    headlines,
    companies,
    bodies,
    st.builds("https://example.com/{}?a=1".format, words),
)


def same_line(story: Told) -> str:
    return f"{story.headline} · {story.company} {story.body}"


def next_line(story: Told) -> str:
    return f"{story.headline} · {story.company}\n{story.body}"


def marked(story: Told) -> str:
    return f"{story.headline} · {story.company} · Source {story.body}"


def bracketed(story: Told) -> str:
    return f"[{story.headline}] · {story.company} · Source {story.body}"


def bracketed_next_line(story: Told) -> str:
    return f"[{story.headline}] · {story.company} · Source\n\n{story.body}"


def markdown(story: Told) -> str:
    link = f" · [Source]({story.url or '#'})"
    return f"**[{story.headline}]** · {story.company}{link}\n{story.body}"


def markdown_plain(story: Told) -> str:
    return f"**{story.headline}** · {story.company} · [Source]({story.url or '#'})  \n{story.body}"


def listed(story: Told) -> str:
    return (
        f"- **[{story.headline}]** · {story.company} · [Source]({story.url or '#'})\n  {story.body}"
    )


def as_html(story: Told) -> str:
    link = f'<a href="{html.escape(story.url or "#")}">Source</a>'
    return (
        f"<p><strong>[{html.escape(story.headline)}]</strong> · "
        f"{html.escape(story.company)} · {link}</p>\n<p>{html.escape(story.body)}</p>"
    )


def as_html_in_one(story: Told) -> str:
    link = f'<a href="{html.escape(story.url or "#")}" target="_blank">Source</a>'
    return (
        f"<p><strong>[{html.escape(story.headline)}]</strong> &middot;\n"
        f"  {html.escape(story.company)} &middot; {link}<br/>\n"
        f"  {html.escape(story.body)}\n</p>"
    )


# Forms that say where everything ends, and those that leave the label's end open.
CERTAIN = [marked, bracketed, bracketed_next_line, markdown, markdown_plain, listed]
WEB = [as_html, as_html_in_one]
OPEN = [same_line, next_line]


def page(blocks: list[str], *, gap: str = "\n") -> str:
    """Return a daily's pasted page."""
    return (
        f"{TITLE}#\nSignal of the Day#\nThe {WORDS[0]} is what matters today.\n"
        f"Deep Dives#\n{gap.join(blocks)}\nPatterns Across Companies#\nA pattern is seen.\n"
    )


def web_page(blocks: list[str]) -> str:
    """Return a daily as HTML, with what a site puts around it."""
    anchor = '<a class="anchor" href="#x">#</a>'
    return (
        "<!doctype html><html><head><title>Site</title><style>p{}</style></head><body>\n"
        f"<h1>{TITLE}{anchor}</h1>\n<h2>Signal of the Day{anchor}</h2>\n"
        f"<p>The {WORDS[0]} is what matters today.</p>\n<h2>Deep Dives{anchor}</h2>\n"
        + "\n".join(blocks)
        + f"\n<h2>Patterns Across Companies{anchor}</h2><p>A pattern is seen.</p></body></html>"
    )
