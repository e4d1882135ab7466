"""The plan of faults and the crowd of readers: a seed repeats them."""

from collections import Counter

import pytest

from newsletter.proving.faults import Deed, Moment, Wanted, plan
from newsletter.proving.readers import GETS, OUTSIDE, Kind, crowd, expected

WANTED = Wanted(kills=40, freezes=6, database_stops=2, broker_faults=4, trees=True, pause=True)


def test_a_seed_repeats_the_plan_and_another_one_does_not():
    assert plan(WANTED, messages=1_000, seed=5) == plan(WANTED, messages=1_000, seed=5)
    assert plan(WANTED, messages=1_000, seed=5) != plan(WANTED, messages=1_000, seed=6)


def test_every_fault_that_was_wanted_is_planned_while_there_is_something_to_lose():
    faults = plan(WANTED, messages=1_000, seed=1)
    deeds = Counter(fault.deed for fault in faults)
    assert deeds[Deed.KILL] + deeds[Deed.KILL_TREE] + deeds[Deed.KILL_ALL] == 40
    assert (deeds[Deed.KILL_TREE], deeds[Deed.KILL_ALL]) == (10, 2)
    assert deeds[Deed.FREEZE] == 6
    assert (deeds[Deed.STOP_DATABASE], deeds[Deed.PAUSE_ISSUE]) == (2, 1)
    assert (deeds[Deed.KILL_BROKER], deeds[Deed.FLUSH_BROKER]) == (2, 2)
    assert all(20 <= fault.after <= 900 for fault in faults)
    assert list(faults) == sorted(faults, key=lambda fault: fault.after)


@pytest.mark.parametrize("trees", [True, False])
def test_half_of_the_kills_strike_at_the_servers_answer(trees):
    faults = plan(Wanted(kills=40, trees=trees), messages=1_000, seed=1)
    assert Counter(fault.moment for fault in faults) == {Moment.ANSWER: 20, Moment.ANY: 20}
    at_answer = {fault.deed for fault in faults if fault.moment is Moment.ANSWER}
    assert at_answer == ({Deed.KILL, Deed.KILL_TREE} if trees else {Deed.KILL})


def test_workers_without_children_are_not_killed_as_trees():
    deeds = {fault.deed for fault in plan(Wanted(kills=40), messages=1_000, seed=1)}
    assert deeds == {Deed.KILL, Deed.KILL_ALL}


@pytest.mark.parametrize("served", [1, 50, 1_000])
def test_exactly_so_many_readers_are_to_get_the_issue(served):
    outcomes = Counter(expected(served, seed=3).values())
    assert outcomes[GETS] == served
    assert outcomes.total() == served + served // 10


def test_everybody_has_an_address_of_their_own_and_every_kind_is_there():
    readers = list(crowd(1_000, seed=1))
    assert len({reader.email for reader in readers}) == len(readers)
    assert {reader.kind for reader in readers} == set(Kind)
    assert set(expected(1_000, seed=1).values()) == {
        GETS,
        OUTSIDE,
        "filter_empty",
        "paused",
        "suppressed",
        "unsubscribed",
    }
