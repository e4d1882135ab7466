"""Progress and books as a terminal shows them."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic

from django.core.management.base import OutputWrapper

from newsletter.auditing import Books

BAR_WIDTH = 32
# A terminal is redrawn ten times a second at most; a log gets a line every tenth of the way.
REDRAW_SECONDS = 0.1
LINES_IN_A_LOG = 10


@dataclass
class ProgressBar:
    """A bar on a terminal, a few plain lines anywhere else."""

    stream: OutputWrapper
    label: str
    total: int
    drawn_at: float = 0.0
    lines: int = 0

    def show(self, done: int, note: str = "") -> None:
        """Draw how far we are; ``note`` follows the numbers."""
        finished = done >= self.total
        if self.stream.isatty():
            if monotonic() - self.drawn_at < REDRAW_SECONDS and not finished:
                return
            self.drawn_at = monotonic()
            filled = BAR_WIDTH * done // self.total if self.total else BAR_WIDTH
            bar = "█" * filled + "░" * (BAR_WIDTH - filled)
            line = f"\r{self.label}  {bar}  {done}/{self.total}  {note}\033[K"
            self.stream.write(line, ending="\n" if finished else "")
        elif finished or done * LINES_IN_A_LOG >= self.total * (self.lines + 1):
            self.lines = done * LINES_IN_A_LOG // self.total if self.total else 0
            self.stream.write(f"{self.label}  {done}/{self.total}  {note}")
        self.stream.flush()


def books_in_words(account: Books) -> list[str]:
    """Return the books as lines: audience, what became of it, and whether that is all."""
    rows: list[tuple[str, int]] = [("sent", account.sent)]
    rows += [
        (f"skipped ({reason.replace('_', ' ')})", number)
        for reason, number in sorted(account.skipped.items())
    ]
    rows += [
        ("suppressed", account.suppressed),
        ("failed", account.failed),
        ("  of these missed", account.missed),
        ("doubtful", account.ambiguous),
        ("cancelled", account.cancelled),
        ("waiting", account.waiting),
    ]
    lines = [f"  {'audience':<26}{account.audience:>9,}"]
    lines += [f"  {name:<26}{number:>9,}" for name, number in rows if number or name == "sent"]
    lines.append(f"  {'variants':<26}{account.variants:>9,}")
    if account.seconds is not None:
        lines.append(f"  {'seconds':<26}{account.seconds:>9.1f}")
    lines.append("  The books balance." if account.balanced else "  THE BOOKS DO NOT BALANCE.")
    return lines
