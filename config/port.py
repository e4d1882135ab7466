"""The port that the site is served on: read, and looked at before anything is done.

Also a script for ./run, which calls it before anything is installed: so it imports
nothing but the standard library, and nothing of this project.
"""

import os
import socket
import sys

HOST = "127.0.0.1"
DEFAULT_PORT = 8000
HIGHEST_PORT = 65_535


class PortError(ValueError):
    """The port cannot be served on; the message says why and what to do."""


def port_of(environment: dict[str, str]) -> int:
    """Return PORT, or 8000 where it is not set; raise PortError for what is no port."""
    value = environment.get("PORT", "").strip() or str(DEFAULT_PORT)
    if not (value.isascii() and value.isdecimal() and 1 <= int(value) <= HIGHEST_PORT):
        raise PortError(f"PORT={value} is no port. Use a number from 1 to {HIGHEST_PORT}.")
    return int(value)


def check_free(port: int) -> None:
    """Raise PortError where somebody else holds the port, or we may not."""
    with socket.socket() as probe:
        # As gunicorn does: an address just left by another run is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError as exc:
            raise PortError(f"Port {port} needs more rights. Try PORT=8001 ./run") from exc
        except OSError as exc:
            other = port + 1 if port < HIGHEST_PORT else DEFAULT_PORT
            raise PortError(f"Port {port} is in use. Try PORT={other} ./run") from exc


if __name__ == "__main__":
    try:
        check_free(port_of(dict(os.environ)))
    except PortError as error:
        sys.exit(str(error))
