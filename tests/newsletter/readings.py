"""Digests written by hand for tests of parsing, and what was read in them."""

from newsletter.parsing import parse_issue

LABELS = frozenset({"Acme", "Borealis", "Borealis Cloud", "Corvid", "DeepLens.AI", "O'Hare Labs"})
STORY = "### A\n\nBody."


def page(*lines):
    head = [
        "Engineering @ Scale — 2026-11-20#",
        "Signal of the Day#",
        "What matters.",
        "Deep Dives#",
    ]
    return "\n".join([*head, *lines, "Patterns Across Companies#", "All did alike."])


def canonical(*lines, matter=("kind: daily", "date: 2026-11-20")):
    return "\n".join(["---", *matter, "---", *lines])


def read(text):
    return parse_issue(text, labels=LABELS)


def found(parse, code):
    return [(each.line, each.level) for each in parse.diagnostics if each.code == code]


def hint(parse, code):
    return next(each.hint for each in parse.diagnostics if each.code == code)


def only(parse):
    (story,) = parse.issue.stories
    return story.headline, story.company, story.body
