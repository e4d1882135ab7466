"""How fast messages were begun, reckoned otherwise than the buckets do it."""

import math
from collections.abc import Iterable

# Times are told as floats here.
HAIR = 0.001


def assert_paced(begun: Iterable[tuple[float, int]], rate: float, *, burst: int) -> None:
    """Assert that no window holds more than its time allows, and a burst.

    ``begun`` tells at which second how many messages were begun.
    """
    total, lowest = 0, math.inf
    for second, count in sorted(begun):
        # Where the window begins that holds most for its length, of all that end here.
        lowest = min(lowest, total - second * rate)
        total += count
        assert total - second * rate - lowest <= burst + HAIR
