"""Pausing an issue takes effect within a second, at every worker."""

import time

from tests.installation import RUN_DELIVERY, Installation
from tests.smtp import Script, SmtpServer

WORKERS = 3
READERS = 600
EFFECT_SECONDS = 1.0
# The clock is one for all processes of a machine.
PAUSE = """
from time import monotonic
from newsletter.models import Issue
from newsletter.steering import pause
pause(Issue.objects.get())
print(monotonic())
"""


class Noting(Script):
    """Answers as usual, and writes down when each message began."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[float] = []

    def answer(self, step: str, usual: str) -> str:
        if step == "mail":
            self.begun.append(time.monotonic())
        return super().answer(step, usual)


def test_no_message_begins_later_than_a_second_after_the_pause(tmp_path):
    script = Noting()
    with SmtpServer(script) as server:
        house = Installation(tmp_path, server.port, RUN_DELIVERY)
        house.prepare(READERS)
        server.on_taken = lambda recipient: time.sleep(0.2)
        house.start(WORKERS)
        try:
            deadline = time.monotonic() + 60
            while len(script.begun) < 4 * WORKERS:
                assert time.monotonic() < deadline, "the workers do not begin"
                time.sleep(0.05)
            paused = float(house.manage("shell", "--verbosity=0", "-c", PAUSE))
            time.sleep(3 * EFFECT_SECONDS)
        finally:
            house.stop()
    late = [moment - paused for moment in script.begun if moment > paused]
    print(f"{len(late)} messages began after the pause, the last {max(late, default=0):.2f} s")
    assert len(late) <= WORKERS
    assert max(late, default=0) <= EFFECT_SECONDS
    assert len(script.begun) < READERS, "there was something left to stop"
    states = list(house.states().values())
    assert set(states) == {"sent", "pending"}
