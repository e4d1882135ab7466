"""That this worker was asked to stop, told to all of its threads and children.

Celery's warm shutdown takes no new task, but waits for those under way. A drain asks here
before its next message, gives back what it has claimed, and the worker ends within the time
of one message.
"""

import mmap

STOP = 1


class StopFlag:
    """A flag in memory that the processes forked from this one share; no lock, so it may be
    raised in a signal's handler.
    """

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, 1)

    def raise_(self, **kwargs: object) -> None:
        """Say stop: a receiver of Celery's ``worker_shutting_down``."""
        self.memory[0] = STOP

    def is_raised(self) -> bool:
        return self.memory[0] == STOP


stop_flag = StopFlag()
