"""What an editor's page does to a story's sources."""

from collections.abc import Iterable

from django.db import transaction

from newsletter.models import Story, StorySource


def credit_story(story: Story, source_ids: Iterable[int], *, confirm: bool) -> None:
    """Make these the sources of a story.

    Those that are new were named by an editor and are confirmed. A suggestion that stays is
    still one, unless ``confirm``. Whoever credits a source takes back “none of ours”.
    """
    wanted = set(source_ids)
    with transaction.atomic():
        story.credits.exclude(source__in=wanted).delete()
        known = set(story.credits.values_list("source_id", flat=True))
        StorySource.objects.bulk_create(
            StorySource(story=story, source_id=source_id) for source_id in sorted(wanted - known)
        )
        if confirm:
            story.credits.filter(confirmed=False).update(confirmed=True)
        if wanted and story.unattributed:
            story.unattributed = False
            story.save(update_fields=["unattributed"])
