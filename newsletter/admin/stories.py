"""Stories and threads as rows of an issue's page."""

from config.admin_theme import StackedInline
from newsletter.models import Issue, Story, Thread


class StoryInline(StackedInline[Story, Issue]):
    model = Story
    fields = ["headline", "company", "url", "body", "position"]
    ordering_field = "position"
    hide_ordering_field = True
    collapsible = True
    extra = 0


class ThreadInline(StackedInline[Thread, Issue]):
    model = Thread
    fields = ["title", "body", "position"]
    ordering_field = "position"
    hide_ordering_field = True
    collapsible = True
    extra = 0
