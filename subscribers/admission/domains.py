"""What is known of the domain of an address: whether it takes mail, whether it is mistyped."""

from dataclasses import dataclass

from django.conf import settings

from subscribers.admission.mail_servers import MailServers
from subscribers.admission.typos import PROVIDERS, likely

MAIL_SERVERS = MailServers()


@dataclass(frozen=True, slots=True)
class DomainCheck:
    """What is known of an address's domain.

    ``takes_mail`` is False where the domain does not exist or says that it takes no mail,
    None where nobody could tell; ``suggestion`` is the whole address with the domain that
    was probably meant, as "anna@gmail.com" for "anna@gmial.com".
    """

    takes_mail: bool | None
    suggestion: str | None


def check(email: str) -> DomainCheck:
    """Return what is known of the domain of a normalised address, within a second."""
    local, _, domain = email.rpartition("@")
    meant = likely(domain)
    return DomainCheck(takes_mail(domain), f"{local}@{meant}" if meant else None)


def takes_mail(domain: str) -> bool | None:
    if not settings.CHECK_MX:
        return None
    # Name servers that deny the largest providers are wrong, and most people are there.
    return True if domain in PROVIDERS else MAIL_SERVERS.take_mail_for(domain)
