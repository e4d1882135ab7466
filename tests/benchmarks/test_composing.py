"""What a composition costs: choice → variant → joined mail with a reader's own links.

Run it, alone on the machine, with

    ./run test tests/benchmarks -m benchmark -s

Without ``-m benchmark`` it is left out: other work on the machine would make it fail.
"""

import random
import time
from collections.abc import Callable

import pytest

from newsletter.composing import Composer, PersonalLinks
from newsletter.rendering import render_issue
from subscribers.audience import Choice
from tests import samples

STORIES = 31
READERS = 2_000
# The best of several rounds is what the work costs; the others measure the neighbours.
ROUNDS = 7
LIMIT_MICROSECONDS = 20.0


def best_microseconds(work: Callable[[], object], times: int) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best / times * 1e6


def readers(variants: int) -> list[tuple[Choice, PersonalLinks]]:
    """Return readers with as many different choices, each reader with links of their own."""
    chance = random.Random(2026)
    choices = [Choice.everything()] + [
        Choice(
            all_sources=False,
            source_ids=frozenset(chance.sample(range(1, 45), chance.randint(1, 30))),
        )
        for _ in range(variants - 1)
    ]
    return [
        (
            choices[number % variants],
            PersonalLinks(
                unsubscribe_url=f"https://news.example.org/u/d{number:022}",
                choices_url=f"https://news.example.org/choices/p{number:022}",
                read_url=f"https://news.example.org/read/r{number:022}",
                mute_token=f"m{number:022}",
                address=f"reader{number}@example.com",
            ),
        )
        for number in range(READERS)
    ]


@pytest.mark.benchmark
@pytest.mark.parametrize("variants", [1, 100, READERS])
def test_a_composition_costs_at_most_20_microseconds(variants):
    composer = Composer(render_issue(samples.daily(STORIES)))
    audience = readers(variants)

    def compose() -> None:
        for choice, links in audience:
            composer.compose(choice).mail(links)

    compose()  # fills the cache, as an issue's first readers do
    cost = best_microseconds(compose, READERS)
    print(f"\n{STORIES} stories, {variants} variants, cached: {cost:.1f} µs a composition")
    assert cost <= LIMIT_MICROSECONDS


@pytest.mark.benchmark
def test_the_first_reader_of_a_variant_costs_at_most_20_microseconds():
    rendered = render_issue(samples.daily(STORIES))
    audience = readers(READERS)

    def compose() -> None:
        composer = Composer(rendered)
        for choice, links in audience:
            composer.compose(choice).mail(links)

    cost = best_microseconds(compose, READERS)
    print(f"\n{STORIES} stories, every variant new: {cost:.1f} µs a composition")
    assert cost <= LIMIT_MICROSECONDS


@pytest.mark.benchmark
def test_rendering_an_issue_takes_less_than_a_second():
    content = samples.daily(STORIES)
    render_issue(content)
    cost = best_microseconds(lambda: render_issue(content), 1)
    print(f"\n{STORIES} stories: {cost / 1000:.1f} ms to render an issue once")
    assert cost <= 1_000_000
