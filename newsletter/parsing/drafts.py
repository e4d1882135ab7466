"""A story while it is being read."""

from __future__ import annotations

from dataclasses import dataclass, field

from newsletter.parsing.bodies import read_body
from newsletter.parsing.flowing import Flow
from newsletter.parsing.storykeys import StoryKeys


@dataclass(slots=True)
class Draft:
    """A story that is being read; ``level`` is its heading's, 0 for a story line.

    Under a heading the body is taken to the letter, else its torn lines are joined.
    """

    line: int
    headline: str
    company: str = ""
    level: int = 0
    keys: StoryKeys = field(default_factory=StoryKeys)
    flow: Flow = field(default_factory=Flow)
    verbatim: list[str] | None = None

    @property
    def body(self) -> str:
        return self.flow.text if self.verbatim is None else read_body(self.verbatim)

    @property
    def has_company(self) -> bool:
        return bool(self.company or self.keys.company)
