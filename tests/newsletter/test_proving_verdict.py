"""The verdict of prove_delivery: it must notice every lie."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.proving.readers import GETS, OUTSIDE
from newsletter.proving.verdict import (
    Circumstances,
    Reconciled,
    Row,
    Taken,
    judge,
    table,
    untrue_rows,
)

EXPECTED = {"a@x": GETS, "b@x": GETS, "c@x": GETS, "d@x": "paused", "e@x": OUTSIDE}
ROWS = {
    "a@x": Row("1", "a@x", "sent"),
    "b@x": Row("2", "b@x", "sent"),
    "c@x": Row("3", "c@x", "ambiguous", "the worker died"),
    "d@x": Row("4", "d@x", "skipped", "paused"),
}
TAKEN = [Taken(1.0, "1", "a@x"), Taken(1.5, "2", "b@x"), Taken(2.0, "3", "c@x")]
QUIET = Circumstances(faults=1, planned=1, allowed=1, seconds=2.0)


def verdict(*changed, taken=TAKEN, without=(), circumstances=QUIET):
    """Judge the good run with rows changed, or left out."""
    rows = {**ROWS, **{row.reader: row for row in changed}}
    rows = [row for reader, row in rows.items() if reader not in without]
    return judge(EXPECTED, rows, taken, circumstances)


def test_a_good_run_keeps_the_promise():
    good = verdict()
    assert (good.accepted, good.sent, good.ambiguous) == (3, 2, 1)
    assert good.faults_found == []
    assert good.rate == 2.0


def test_a_doubtful_message_may_have_been_taken_or_not():
    assert verdict(taken=TAKEN[:2]).faults_found == []


def test_a_reader_without_a_message_is_lost():
    lied = verdict(taken=TAKEN[1:])
    assert (lied.lost, lied.untrue) == (1, 1)
    assert "1 lost" in lied.faults_found[0]


def test_a_failed_message_that_nobody_refused_is_lost():
    lied = verdict(Row("2", "b@x", "failed", "poison"), taken=[TAKEN[0], TAKEN[2]])
    assert (lied.lost, lied.untrue) == (1, 0)


def test_a_second_copy_is_one_too_many():
    assert verdict(taken=[*TAKEN, TAKEN[0]]).twice == 1


def test_a_second_copy_under_another_name_is_one_too_many():
    lied = verdict(taken=[*TAKEN, Taken(3.0, "9", "a@x")])
    assert (lied.twice, lied.uninvited) == (1, 1)


@pytest.mark.parametrize("reader", ["d@x", "e@x", "nobody@x"])
def test_a_message_to_somebody_who_should_have_none_is_seen(reader):
    lied = verdict(taken=[*TAKEN, Taken(3.0, "4", reader)])
    assert lied.uninvited == 1
    assert not lied.kept


def test_a_message_with_another_readers_name_on_it_is_seen():
    swapped = [Taken(1.0, "2", "a@x"), Taken(1.5, "1", "b@x"), TAKEN[2]]
    assert verdict(taken=swapped).uninvited == 2


@pytest.mark.parametrize("state", ["failed", "skipped", "cancelled", "pending", "sending"])
def test_a_row_that_denies_a_taken_message_is_untrue(state):
    lied = verdict(Row("2", "b@x", state, "paused"))
    assert lied.untrue == 1
    assert not lied.kept


@pytest.mark.parametrize("state", ["sent", "delivered", "bounced", "complained"])
def test_a_row_called_sent_that_nobody_took_is_untrue(state):
    assert verdict(Row("2", "b@x", state), taken=[TAKEN[0], TAKEN[2]]).untrue == 1


@pytest.mark.parametrize("state", ["pending", "claimed", "sending"])
def test_a_row_that_waits_at_the_end_breaks_the_promise(state):
    assert verdict(Row("3", "c@x", state)).waiting == 1
    assert not verdict(Row("3", "c@x", state), taken=TAKEN[:2]).kept


def test_wrong_reasons_missing_rows_and_rows_too_many_are_misjudged():
    assert verdict(Row("4", "d@x", "skipped", "suppressed")).misjudged == 1
    assert verdict(Row("4", "d@x", "sent")).misjudged == 1
    assert verdict(Row("1", "a@x", "skipped", "paused")).misjudged == 1
    assert verdict(without=["d@x"]).misjudged == 1
    assert verdict(without=["c@x"]).misjudged == 1
    assert verdict(Row("5", "e@x", "skipped", "unsubscribed")).misjudged == 1
    assert verdict(Row("6", "stranger@x", "skipped", "paused")).misjudged == 1


def test_two_rows_of_one_reader_are_one_too_many():
    rows = [*ROWS.values(), Row("7", "a@x", "ambiguous")]
    assert judge(EXPECTED, rows, TAKEN, QUIET).misjudged == 1


def test_more_doubtful_rows_than_the_faults_explain_break_the_promise():
    none = Circumstances(faults=0, planned=0, allowed=0, seconds=1.0)
    assert "1 doubtful" in verdict(circumstances=none).faults_found[0]


def test_books_that_do_not_balance_break_the_promise():
    told = Circumstances(1, 1, 1, 1.0, imbalances=("The audience is 4, but 3 are accounted for.",))
    assert verdict(circumstances=told).faults_found == list(told.imbalances)
    assert any("balanced" in line and "NO" in line for line in table(verdict(circumstances=told)))


def test_faults_that_never_struck_prove_nothing():
    spared = Circumstances(faults=1, planned=5, allowed=1, seconds=1.0)
    assert "4 faults never struck" in verdict(circumstances=spared).faults_found[0]


def test_what_the_list_does_not_settle_breaks_the_promise():
    assert Reconciled(before=4, after=0, untrue=0).faults_found == []
    assert "1 rows still doubtful" in Reconciled(4, 1, 0).faults_found[0]
    assert "2 rows untrue" in Reconciled(4, 0, 2).faults_found[0]
    assert untrue_rows(ROWS.values(), {"1"}) == 1


@given(st.lists(st.sampled_from(["take", "answer", "commit"]), max_size=3), st.booleans())
def test_any_end_of_one_message_is_judged_by_what_the_server_knows(steps, doubted):
    took = "take" in steps
    state = "ambiguous" if doubted else ("sent" if "commit" in steps else "failed")
    rows = [Row("1", "a@x", state, "why")]
    taken = [Taken(0.0, "1", "a@x")] if took else []
    alone = judge({"a@x": GETS}, rows, taken, QUIET)
    assert alone.kept == (doubted or (took and state == "sent"))
