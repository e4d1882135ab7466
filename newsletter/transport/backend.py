"""Django's SMTP backend over a connection that knows how far a message came."""

from __future__ import annotations

import smtplib
from functools import partial
from typing import Any

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend

from newsletter.messages import sanitised
from newsletter.transport.patience import Patience
from newsletter.transport.smtp import Phase, PhaseSMTP, PhaseSMTPOverTLS
from newsletter.wire import WireMessage


class SmtpBackend(EmailBackend):
    """Django's SMTP backend over a connection that knows its phase."""

    begun: Patience | None = None

    @property
    def connection_class(self) -> Any:
        kind = PhaseSMTPOverTLS if self.use_ssl else PhaseSMTP
        return partial(kind, patience=self.begun or self.fresh())

    @property
    def phase(self) -> Phase:
        return getattr(self.connection, "phase", Phase.CONNECT)

    @property
    def last_reply(self) -> str:
        return str(getattr(self.connection, "last_reply", ""))

    def fresh(self) -> Patience:
        """Return the time of a message that begins now, up to its final dot."""
        return Patience(settings.SECONDS_BEFORE_THE_DOT, self.timeout)

    def begin(self) -> None:
        """Begin a message, before the connection is opened for it if it is not."""
        self.begun = self.fresh()
        if isinstance(self.connection, PhaseSMTP):
            self.connection.begin(self.begun)

    def send_wire(self, message: WireMessage) -> None:
        """Send a message that is octets already, over the open connection; raises as smtplib."""
        if self.connection is None:
            raise smtplib.SMTPServerDisconnected("nobody has opened a connection")
        sender = sanitised(message.cover.from_email)
        recipients = [sanitised(address) for address in message.cover.recipients()]
        self.connection.sendmail(sender, recipients, message.as_data())

    def close(self) -> None:
        """Take leave of the server, which has PARTING_SECONDS to answer."""
        self.begun = None
        super().close()
