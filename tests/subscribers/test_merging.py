"""Merged sources: one step to the present name, and never a circle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from subscribers.merging import CircularMerge, merge, runs_in_circle
from subscribers.models import Source
from tests.factories import make_source


@pytest.mark.django_db
def test_a_merger_is_taken_back():
    source = make_source(merged_into=make_source())
    merge(source, None)
    source.refresh_from_db()
    assert source.merged_into is None


@pytest.mark.django_db
def test_a_circle_that_is_stored_already_is_left_by_a_merger_out_of_it():
    first, second, present = make_source(), make_source(), make_source()
    Source.objects.filter(pk=first.pk).update(merged_into=second)
    Source.objects.filter(pk=second.pk).update(merged_into=first)
    merge(first, present)
    assert set(Source.objects.filter(merged_into=present)) == {first, second}


class Mergers(TestCase):
    """In whatever order sources are merged."""

    @given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=8))
    def test_nobody_is_more_than_one_step_from_the_present_name(self, pairs):
        sources = [make_source() for _ in range(5)]
        for one, other in pairs:
            source, target = (Source.objects.get(pk=sources[i].pk) for i in (one, other))
            circular = runs_in_circle(source, target)
            try:
                merge(source, target)
            except CircularMerge:
                assert circular
            else:
                assert not circular
        for source in Source.objects.exclude(merged_into=None).select_related("merged_into"):
            assert source.merged_into.merged_into_id is None
