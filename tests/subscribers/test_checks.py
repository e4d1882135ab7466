"""What ``check --deploy`` says of settings that do harm."""

import pytest
from django.core.checks import run_checks

OURS = ("subscribers.W001", "subscribers.W002")


@pytest.fixture
def warned(settings):
    def warning(base_url, *, behind_proxy):
        settings.BASE_URL = base_url
        settings.HTTPS = base_url.startswith("https://")
        settings.BEHIND_PROXY = behind_proxy
        return [found.id for found in run_checks(include_deployment_checks=True)]

    return warning


def test_a_usual_installation_is_not_warned(warned):
    assert not set(OURS) & set(warned("https://news.example.org", behind_proxy=True))
    assert not set(OURS) & set(warned("http://localhost:8000", behind_proxy=False))


def test_a_long_address_is_warned_of_because_the_header_would_be_folded(warned):
    assert OURS[0] in warned("https://newsletter.engineering.example.org", behind_proxy=True)


def test_https_without_a_proxy_is_warned_of(warned):
    assert OURS[1] in warned("https://news.example.org", behind_proxy=False)
