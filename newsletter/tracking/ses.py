"""Amazon SES's reports without boto3, of which Anymail's view needs nothing but a client.

The client confirms that Amazon may send them. Here a person does, once: by the address that
the log shows.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from anymail.webhooks.amazon_ses import AmazonSESBaseWebhookView, AmazonSESTrackingWebhookView

log = logging.getLogger(__name__)

CONFIRMATION = re.compile(r"https://sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/[!-~]{1,2000}")


class SesReports(AmazonSESTrackingWebhookView):  # type: ignore[misc]  # Anymail has no types
    """Anymail's view for Amazon SES, made without boto3."""

    def __init__(self, **kwargs: Any) -> None:
        super(AmazonSESBaseWebhookView, self).__init__(**kwargs)

    def auto_confirm_sns_subscription(self, sns_message: dict[str, Any]) -> None:
        """Log the address that confirms a subscription, if it is Amazon's."""
        address = str(sns_message.get("SubscribeURL"))
        if CONFIRMATION.fullmatch(address):
            log.warning("Amazon asks whether it may report here. If so, open %s", address)
