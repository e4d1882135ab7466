"""The tables of moves."""

import pytest

from newsletter.states import (
    DELIVERY_MOVES,
    ISSUE_MOVES,
    OPEN,
    DeliveryState,
    IssueState,
    deliveries_before,
    issues_before,
)


def test_every_state_has_a_line_in_its_table():
    assert set(ISSUE_MOVES) == set(IssueState)
    assert set(DELIVERY_MOVES) == set(DeliveryState)


def test_a_sent_message_never_becomes_sendable_again():
    reached, frontier = set(), {DeliveryState.SENT}
    while frontier:
        state = frontier.pop()
        reached.add(state)
        frontier |= DELIVERY_MOVES[state] - reached
    assert not reached & OPEN


def test_a_message_is_sent_only_out_of_a_recorded_intent():
    assert deliveries_before(DeliveryState.SENT) == {
        DeliveryState.SENDING,
        DeliveryState.AMBIGUOUS,
    }


@pytest.mark.parametrize("state", [IssueState.SENT, IssueState.CANCELLED])
def test_an_ended_issue_stays_ended(state):
    assert not ISSUE_MOVES[state]


def test_an_issue_moves_only_as_the_table_says():
    assert issues_before(IssueState.PAUSED) == {IssueState.SENDING}
    assert IssueState.DRAFT not in issues_before(IssueState.SENDING)
