"""./run prove_delivery: what it says at the end, and its exit codes."""

import signal
from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import call_command

from config.serving import STOP_SIGNALS
from newsletter.proving.proof import Proof, Proven
from newsletter.proving.servers import CannotStart
from newsletter.proving.soak import Pause
from newsletter.proving.verdict import Circumstances, Reconciled, Verdict

GOOD = Verdict(
    accepted=10,
    sent=9,
    lost=0,
    twice=0,
    uninvited=0,
    untrue=0,
    misjudged=0,
    ambiguous=1,
    waiting=0,
    rate=100.0,
    circumstances=Circumstances(faults=1, planned=1, allowed=1, seconds=2.0),
)
SETTLED = Reconciled(before=1, after=0, untrue=0)


@pytest.fixture(autouse=True)
def signals():
    """Give back what the command does to signals."""
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def prove(monkeypatch):
    """Run the command over a house that found this; returns the exit code and what was said."""

    def run(verdict=GOOD, reconciled=SETTLED, pause=None, options=()):
        proven = Proven(verdict, reconciled, pause, pause_allows=2)
        monkeypatch.setattr(Proof, "run", lambda self, on_progress: proven)
        out, err = StringIO(), StringIO()
        code = 0
        try:
            call_command("prove_delivery", *options, stdout=out, stderr=err)
        except SystemExit as exc:
            code = exc.code
        return code, out.getvalue() + err.getvalue()

    return run


def test_a_kept_promise_ends_well_and_is_told_as_a_table(prove):
    code, said = prove(pause=Pause(messages=2, seconds=0.01))
    assert code == 0
    assert "Nobody was lost, nobody got it twice, and the books balance." in said
    for name in ("accepted by the server", "lost", "twice", "ambiguous", "faults", "messages/s"):
        assert name in said


@pytest.mark.parametrize(
    "lie",
    [
        {"lost": 1},
        {"twice": 1},
        {"uninvited": 1},
        {"untrue": 1},
        {"misjudged": 1},
        {"ambiguous": 2},
        {"waiting": 1},
        {"circumstances": Circumstances(1, 1, 1, 2.0, imbalances=("Books.",))},
        {"circumstances": Circumstances(0, 1, 1, 2.0)},
    ],
    ids=str,
)
def test_a_promise_that_was_not_kept_ends_with_one(prove, lie):
    code, said = prove(replace(GOOD, **lie))
    assert code == 1
    assert "NOT KEPT" in said
    assert "Nobody was lost" not in said


def test_doubts_that_stay_after_the_servers_list_end_with_one(prove):
    assert prove(reconciled=Reconciled(before=1, after=1, untrue=0))[0] == 1
    assert prove(reconciled=Reconciled(before=1, after=0, untrue=1))[0] == 1


def test_a_pause_that_is_not_heeded_ends_with_one(prove):
    assert prove(pause=Pause(messages=3, seconds=0.5))[0] == 1


@pytest.mark.parametrize(("seconds", "code"), [(1.0, 0), (1.001, 1)])
def test_a_pause_is_to_be_heeded_within_a_second(prove, seconds, code):
    ended, said = prove(pause=Pause(messages=1, seconds=seconds))
    assert ended == code
    assert (f"NOT KEPT: A message left {seconds:.3f} seconds" in said) is bool(code)


@pytest.mark.parametrize(
    "options",
    [
        ["--database-stops", "1"],
        ["--engine", "postgres", "--database-url", "postgres://x@h/d", "--database-stops", "1"],
        ["--broker-kills", "1"],
        ["--pause-test", "--pauses", "1"],
    ],
    ids=" ".join,
)
def test_what_does_not_go_together_ends_with_two(prove, options):
    code, said = prove(options=options)
    assert code == 2
    assert "lost" not in said


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("--readers", 0),
        ("--kills", -5),
        ("--workers", 0),
        ("--workers", -1),
        ("--concurrency", 0),
        ("--pauses", -1),
        ("--database-stops", -1),
        ("--broker-kills", -1),
        ("--window", 0),
        ("--window", 21),
    ],
)
def test_a_senseless_number_is_named_and_ends_with_two(prove, name, number):
    code, said = prove(options=[f"{name}={number}"])
    assert code == 2
    assert said.startswith(f"{name} {number}: it must be ")


def test_what_is_missing_is_named_and_ends_with_two(prove, monkeypatch):
    def cannot(*args):
        raise CannotStart("sudo apt-get install postgresql")

    prove()
    monkeypatch.setattr(Proof, "run", cannot)
    err = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("prove_delivery", stdout=StringIO(), stderr=err)
    assert end.value.code == 2
    assert "apt-get install postgresql" in err.getvalue()
