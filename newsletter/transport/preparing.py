"""What single providers need of a message besides what all of them get.

**Keys against sending twice.** A provider that has them takes a message once, however often
it is handed over under the same key; ours is the delivery's uid, the same in every attempt.
Found in the providers' documentation:

- Resend: HTTP header ``Idempotency-Key``, kept for 24 hours; by SMTP the message's header
  ``Resend-Idempotency-Key`` (resend.com/docs/dashboard/emails/idempotency-keys). Anymail
  writes extra headers into the body, so the header is set on its HTTP session. The same key
  with another body is answered with 409 ``invalid_idempotent_request``.
- Brevo: ``idempotencyKey``, a UUID, among the message's headers in the body, kept for 30
  minutes (developers.brevo.com/docs/heterogenous-versions-batch-emails; its changelog says
  15); Anymail hands extra headers on. A key used before is answered with
  ``duplicate_parameter``.
- Postmark: none (postmarkapp.com/support/article/what-is-an-idempotency-key).
- Mailjet: none; its ``DeduplicateCampaign`` is by recipient and campaign, not by message.
- Amazon SES, Mailgun, MailerSend, Mailtrap, Mandrill, Postal, Scaleway, SendGrid, SparkPost,
  Unisender Go: nothing was found.

**What their webhooks hand back.** Most return our metadata. MailerSend has none and returns
tags; Postal has none either, returns one tag, and gives messages that come by HTTP a
Message-ID of its own (app/models/outgoing_message_prototype.rb). There the uid is a tag.
"""

from __future__ import annotations

from anymail.backends.base_requests import AnymailRequestsBackend
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from newsletter.transport.backend import SmtpBackend
from newsletter.transport.calling import bound
from newsletter.wire import WireMessage

RESEND = "Resend"
RESEND_SMTP_HOST = "smtp.resend.com"
RESEND_HTTP_HEADER = "Idempotency-Key"
RESEND_SMTP_HEADER = "Resend-Idempotency-Key"
# Anymail's former name for it is still a backend of its own.
BREVO = frozenset({"Brevo", "SendinBlue"})
BREVO_HEADER = "idempotencyKey"
MAILERSEND = "MailerSend"
POSTAL = "Postal"


def prepare(connection: BaseEmailBackend, message: EmailMessage | WireMessage) -> None:
    """Give a message, and the open connection, what the provider behind it needs.

    What is no delivery, such as a confirmation, has no uid and stays as it is.
    """
    cover = message.cover if isinstance(message, WireMessage) else message
    uid = uid_of(cover)
    if isinstance(connection, SmtpBackend):
        if uid and connection.host.lower() == RESEND_SMTP_HOST:
            cover.extra_headers[RESEND_SMTP_HEADER] = uid
    elif isinstance(connection, AnymailRequestsBackend):
        prepare_call(connection, cover, uid)


def prepare_call(connection: AnymailRequestsBackend, message: EmailMessage, uid: str) -> None:
    provider = connection.esp_name
    bound(connection.session)
    # Followed, a redirect would send the keys in our headers elsewhere, or turn the POST into
    # a GET whose 200 says nothing of the message.
    connection.session.max_redirects = 0
    if provider == RESEND:
        # The session outlives the message.
        connection.session.headers.pop(RESEND_HTTP_HEADER, None)
        if uid:
            connection.session.headers[RESEND_HTTP_HEADER] = uid
    elif provider in BREVO and uid:
        message.extra_headers[BREVO_HEADER] = uid
    elif provider == MAILERSEND and uid:
        message.tags = [uid, *getattr(message, "tags", [])]  # type: ignore[attr-defined]
    elif provider == POSTAL and uid:
        message.tags = [uid]  # type: ignore[attr-defined]


def uid_of(message: EmailMessage) -> str:
    """Return the delivery that a message is, as its metadata names it, or nothing."""
    return str(getattr(message, "metadata", {}).get("delivery", ""))
