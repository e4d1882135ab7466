"""Merging a source into another one: readers' filters and bylines follow it."""

from django.db import transaction

from subscribers.models import Source


class CircularMerge(Exception):
    """A source cannot be merged into itself, or into one that was merged into it."""


def runs_in_circle(source: Source, target: Source) -> bool:
    """Tell whether a source would end where it began if it were merged into ``target``."""
    return source.pk in chain_from(target.pk, parents())


def merge(source: Source, target: Source | None) -> None:
    """Merge a source into another one, or undo that with None.

    The source, and all that were merged into it before, point at the name in which the chain
    of mergers ends, so that nobody has to follow more than one step. Raises CircularMerge.
    """
    with transaction.atomic():
        found = parents(locked=True)
        if target is None:
            source.merged_into = None
            source.save(update_fields=["merged_into"])
            return
        chain = chain_from(target.pk, found)
        if source.pk in chain:
            raise CircularMerge(f"{source.slug} into {target.slug}")
        source.merged_into_id = chain[-1]
        source.save(update_fields=["merged_into"])
        followers = [pk for pk in found if pk != source.pk and source.pk in chain_from(pk, found)]
        Source.objects.filter(pk__in=followers).update(merged_into=chain[-1])


def parents(*, locked: bool = False) -> dict[int, int | None]:
    """Map every source to the one that it is merged into; ``locked`` keeps them so."""
    # Their keys stay as they are, so rows that refer to them may be written meanwhile.
    sources = Source.objects.select_for_update(no_key=True) if locked else Source.objects.all()
    return dict(sources.order_by("pk").values_list("pk", "merged_into"))


def chain_from(pk: int, found: dict[int, int | None]) -> list[int]:
    """Return a source and those that follow it, up to its present name; ends in any case."""
    chain = [pk]
    while (following := found.get(chain[-1])) is not None and following not in chain:
        chain.append(following)
    return chain
