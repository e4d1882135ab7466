"""Processes as the kernel tells of them (proc(5); Linux), and what can be done to them."""

import contextlib
import ctypes
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from newsletter.proving.faults import Deed

PROC = Path("/proc")
# prctl(2): orphans below us become our children, and stay known as ours.
PR_SET_CHILD_SUBREAPER = 36
# Fields of a line of /proc/net/tcp.
LOCAL, REMOTE, INODE = 1, 2, 9


def adopt_orphans() -> None:
    """Stay the ancestor of everything that is started below this process."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def owner_of(port: int, peer: int) -> int | None:
    """Return the process that holds this machine's TCP connection from a port to a peer's."""
    inode = socket_inode(port, peer)
    if inode is None:
        return None
    wanted = f"socket:[{inode}]"
    # What was started last is most likely the one.
    for pid in sorted(numbers(), reverse=True):
        with contextlib.suppress(OSError):
            for handle in os.scandir(PROC / str(pid) / "fd"):
                with contextlib.suppress(OSError):
                    if os.readlink(handle.path) == wanted:
                        return pid
    return None


def socket_inode(port: int, peer: int) -> str | None:
    ours, theirs = f":{port:04X}", f":{peer:04X}"
    for line in (PROC / "net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[LOCAL].endswith(ours) and fields[REMOTE].endswith(theirs):
            return fields[INODE]
    return None


def numbers() -> Iterator[int]:
    return (int(entry.name) for entry in os.scandir(PROC) if entry.name.isdecimal())


def parent_of(pid: int) -> int:
    """Return a process's parent, or 0 where it has none or is gone."""
    try:
        status = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return 0
    # The name, in brackets, may hold anything.
    state, parent = status.rpartition(")")[2].split()[:2]
    return 0 if state == "Z" else int(parent)


def children_of(pid: int) -> list[int]:
    """Return the living children of a process, the eldest first."""
    return sorted(child for child in numbers() if parent_of(child) == pid)


def descends_from(pid: int, ancestor: int) -> bool:
    while pid > 1:
        if pid == ancestor:
            return True
        pid = parent_of(pid)
    return False


def do(deed: Deed, pid: int) -> None:
    """Kill a process, its whole group, or stop it; one that is gone is none the worse."""
    with contextlib.suppress(ProcessLookupError):
        match deed:
            case Deed.KILL:
                os.kill(pid, signal.SIGKILL)
            case Deed.KILL_ALL if os.getpgid(pid) != pid:
                # Forked in this moment: it has no group of its own yet.
                os.kill(pid, signal.SIGKILL)
            case Deed.KILL_TREE | Deed.KILL_ALL:
                os.killpg(os.getpgid(pid), signal.SIGKILL)
            case Deed.FREEZE:
                os.kill(pid, signal.SIGSTOP)


def thaw(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
