"""What a reader can follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class SourceQuerySet(models.QuerySet["Source"]):
    def offered(self) -> Self:
        """Sources a reader can choose: neither retired nor merged into another."""
        return self.filter(retired_at=None, merged_into=None)

    def present_ids(self) -> dict[int, int]:
        """Map every source's id to that of the source under its present name."""
        return followed(dict(self.values_list("pk", "merged_into")))

    def merge_groups(self) -> dict[int, frozenset[int]]:
        """Map every source's id to the ids of all sources that are the same one."""
        return grouped(self.present_ids())


def followed(merged_into: Mapping[int, int | None]) -> dict[int, int]:
    """Follow merges to their end; in a ring of them, once around."""

    def present(pk: int) -> int:
        seen: set[int] = set()
        while (target := merged_into[pk]) is not None and pk not in seen:
            seen.add(pk)
            pk = target
        return pk

    return {pk: present(pk) for pk in merged_into}


def grouped(present_ids: Mapping[int, int]) -> dict[int, frozenset[int]]:
    """Map every source to all that are the same one, by what each is called at present."""
    members: dict[int, set[int]] = {}
    for pk, present in present_ids.items():
        members.setdefault(present, set()).add(pk)
    groups = (frozenset(group) for group in members.values())
    return {pk: group for group in groups for pk in group}


class Source(models.Model):
    """A feed that stories are credited to and that a reader can follow."""

    position = models.PositiveIntegerField(
        default=0, help_text=_("The order in forms; not alphabetical.")
    )
    name = models.CharField(max_length=200, unique=True)
    slug = models.SlugField(max_length=80, unique=True, help_text=_("Never changes once used."))
    company = models.CharField(max_length=200, help_text=_("Who stands behind the source."))
    homepage_url = models.URLField(
        max_length=500, help_text=_("Stories whose address begins with this are attributed to it.")
    )
    feed_url = models.URLField(max_length=500, blank=True)
    merged_into = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="merged",
        help_text=_("The same source under its present name; filters follow it."),
    )
    retired_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Since then it is off the form; old issues keep it.")
    )

    objects: ClassVar = SourceQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(merged_into=None) | ~Q(merged_into=F("pk")),
                name="source_not_merged_into_itself",
            ),
        ]

    def __str__(self) -> str:
        return self.name
