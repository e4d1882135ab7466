"""The checks before a start say which reports of providers would not be heard."""

import pytest
from django.core.checks import run_checks

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("backend", "secret", "found"),
    [
        ("anymail.backends.postmark.EmailBackend", "", ["newsletter.W001"]),
        ("anymail.backends.postmark.EmailBackend", "user:password", []),
        ("newsletter.transport.SmtpBackend", "", []),
        ("newsletter.transport.SmtpBackend", "no-colon", ["newsletter.E001"]),
    ],
)
def test_the_check_says_that_reports_are_not_heard(backend, secret, found, settings):
    settings.EMAIL_BACKEND = backend
    settings.ANYMAIL = {"WEBHOOK_SECRET": secret} if secret else {}
    checks = run_checks(include_deployment_checks=True)
    assert [one.id for one in checks if one.id and one.id.startswith("newsletter.")] == found


@pytest.mark.parametrize(
    ("provider", "key", "value"),
    [
        ("mailersend", "MAILERSEND_SIGNING_SECRET", "made up"),
        ("mailgun", "MAILGUN_WEBHOOK_SIGNING_KEY", "made up"),
        ("mandrill", "MANDRILL_WEBHOOK_KEY", "made up"),
        ("postal", "POSTAL_WEBHOOK_KEY", "made up"),
        ("unisender_go", "UNISENDER_GO_API_KEY", "made up"),
        ("postmark", "", ""),
        ("resend", "", ""),
        ("sendgrid", "", ""),
        ("brevo", "", ""),
    ],
)
def test_the_check_names_the_key_without_which_every_report_is_refused(
    provider, key, value, settings
):
    backend = f"anymail.backends.{provider}.EmailBackend"
    options = {"api_key": "made up", "api_token": "made up", "server_token": "made up"}
    settings.OUTGOING_MAILERS = ({"name": "one", "backend": backend, "options": options},)

    def found():
        checks = run_checks(tags=["security"], include_deployment_checks=True)
        return [one.msg for one in checks if one.id == "newsletter.W002"]

    settings.ANYMAIL = {}
    assert found() == []  # without the secret there is nothing that could be refused
    settings.ANYMAIL = {"WEBHOOK_SECRET": "user:password"}
    told = found()
    assert len(told) == bool(key)
    assert all(f"ANYMAIL_{key} is not set" in one and "made up" not in one for one in told)
    settings.ANYMAIL |= {key: value}
    assert found() == []
