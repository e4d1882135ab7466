"""Texts from files and standard input, with a reason where there is none to be had."""

from __future__ import annotations

import sys
from pathlib import Path

from django.utils.translation import gettext as _

# The largest digest seen has 21 KB; anything near this is another kind of file.
SIZE_LIMIT = 2_000_000
STANDARD_INPUT = "-"
# The longer ones first: UTF-32's begins like UTF-16's.
BYTE_ORDER_MARKS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


class Unreadable(ValueError):
    """A file that holds no text for us; the message says why and what to do."""


def read_text(name: str) -> str:
    """Return the text of a file, or of standard input for ``-``; raises Unreadable."""
    return decoded(read_bytes(name))


def read_bytes(name: str) -> bytes:
    """Return at most ``SIZE_LIMIT`` bytes; raises Unreadable for more, or for no file."""
    path = Path(name)
    try:
        if name == STANDARD_INPUT:
            data = sys.stdin.buffer.read(SIZE_LIMIT + 1)
        elif path.is_dir():
            raise Unreadable(_("This is a directory. Name the files in it."))
        elif path.exists() and not path.is_file():
            raise Unreadable(_("This is no file. Name a file, or - for standard input."))
        else:
            with path.open("rb") as file:
                data = file.read(SIZE_LIMIT + 1)
    except FileNotFoundError as exc:
        raise Unreadable(_("There is no such file. Check the name.")) from exc
    except PermissionError as exc:
        raise Unreadable(_("This file may not be read by this user. Change its rights.")) from exc
    except (OSError, ValueError) as exc:
        if isinstance(exc, Unreadable):
            raise
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else exc
        raise Unreadable(_("This file cannot be read: %(reason)s.") % {"reason": reason}) from exc
    if len(data) > SIZE_LIMIT:
        raise Unreadable(
            _("This is larger than %(limit)d bytes, so it is no digest.") % {"limit": SIZE_LIMIT}
        )
    return data


def decoded(data: bytes) -> str:
    """Return the text that the bytes hold as UTF-8; raises Unreadable for anything else."""
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            raise Unreadable(
                _(
                    "This is %(encoding)s (byte 0), not UTF-8. Save it as UTF-8: "
                    "iconv -f %(encoding)s -t UTF-8"
                )
                % {"encoding": encoding}
            )
    if b"\x00" in data:
        raise Unreadable(
            _("This is a binary file (a zero byte at %(at)d), or UTF-16. Name a UTF-8 text file.")
            % {"at": data.index(b"\x00")}
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        raise Unreadable(
            _(
                "This is not UTF-8: byte %(byte)d in line %(line)d is 0x%(value)02x. If it is "
                "Latin-1 or Windows-1252, save it as UTF-8: iconv -f WINDOWS-1252 -t UTF-8"
            )
            % {"byte": exc.start, "line": line, "value": data[exc.start]}
        ) from exc
