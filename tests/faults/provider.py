"""A provider that does with one call after the other what a test says, and then takes all."""

from __future__ import annotations

import json
import socket
from typing import Any

from tests.providers import PROVIDERS, Endpoint, Plan, success

NAME = "mailtrap"
USUAL = Plan(success(NAME, ""), taken=True)


class Provider(Endpoint):
    """Use as ``with Provider(*plans) as provider``."""

    def __init__(self, *plans: Plan) -> None:
        super().__init__()
        self.plans = plans

    def use(self, settings: Any) -> None:
        """Send mail through this provider, and wait half a second for its answers."""
        settings.EMAIL_BACKEND = f"anymail.backends.{NAME}.EmailBackend"
        options = {
            f"{NAME}_{name}".upper(): value for name, value in PROVIDERS[NAME].options.items()
        }
        settings.ANYMAIL = {
            **settings.ANYMAIL,
            **options,
            f"{NAME}_API_URL".upper(): f"http://127.0.0.1:{self.port}/",
            "REQUESTS_TIMEOUT": (2, 0.5),
        }

    def answered(self, sock: socket.socket) -> bool:
        self.plan = self.plan_of(len(self.calls))
        return super().answered(sock)

    def plan_of(self, number: int) -> Plan:
        return self.plans[number] if number < len(self.plans) else USUAL

    @property
    def heard(self) -> list[str]:
        """Whom the calls were to send to, in their order."""
        return [recipient_of(call) for call in self.calls]

    @property
    def taken(self) -> list[str]:
        """Those of them whom the provider sends to, whatever it answered."""
        return [to for number, to in enumerate(self.heard) if self.plan_of(number).taken]


def recipient_of(call: bytes) -> str:
    body = json.loads(call.partition(b"\r\n\r\n")[2])
    (recipient,) = body["to"]
    return str(recipient["email"])
