"""Which network a request comes from, as far as a client cannot make it up."""

import ipaddress
import re

from django.conf import settings
from django.http import HttpRequest

UNKNOWN = "unknown"
# What one abuser commands without effort counts as one. IPv4 is handed out and blocked by
# /24. IPv6 is given to a household as /56 and to a site as /48 (RIPE-690 §4.2), tunnel
# brokers give a /48 to anybody: by /64, one of them would count as 65,536 networks. Either
# way, some 256 households share one.
PREFIXES = {4: 24, 6: 48}
# Some proxies add the port: "192.0.2.1:4711", "[2001:db8::1]:4711".
WITH_PORT = re.compile(r"\[([^\[\]]+)\](?::\d+)?|([\d.]+):\d+", re.ASCII)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def network_of(request: HttpRequest) -> str:
    """Return the network of who sent a request, as "192.0.2.0/24", or "unknown".

    Behind settings.PROXIES proxies it is that entry of X-Forwarded-For, counted from the
    right, which the outermost of them wrote; whatever stands left of it, the client may have
    made up. Where that cannot be read, it is who connected to us: with a socket of the file
    system that is nobody, and all such requests are of one network.
    """
    for text in (forwarded_for(request), request.META.get("REMOTE_ADDR", "")):
        if address := address_in(text):
            return str(ipaddress.ip_network((address, PREFIXES[address.version]), strict=False))
    return UNKNOWN


def forwarded_for(request: HttpRequest) -> str:
    entries = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    proxies: int = settings.PROXIES
    return entries[-proxies] if 0 < proxies <= len(entries) else ""


def address_in(text: str) -> Address | None:
    """Return the address, of IPv4 where it is one in IPv6's clothes (RFC 4291 §2.5.5.2)."""
    text = text.strip()
    if match := WITH_PORT.fullmatch(text):
        text = match[1] or match[2]
    try:
        # The name of an interface behind "%" means something on one machine only.
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
