"""Whether an address's domain takes mail, and which one was probably meant."""

from dataclasses import dataclass


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
    """Return what is known of the domain of a normalised address."""
    return DomainCheck(None, None)
