"""Benchmarks run only where they were asked for."""

import pytest


@pytest.fixture(autouse=True)
def asked_for(request):
    """Run only where benchmarks were asked for by name."""
    if "benchmark" not in request.config.getoption("markexpr"):
        pytest.skip("a benchmark: run with -m benchmark")
