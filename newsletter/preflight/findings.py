"""What a finding is, and those that only the rendering can tell: values in, values out."""

from dataclasses import dataclass
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

# Gmail cuts a message at about 102 kB; the budget of every variant stays below.
SIZE_WARNING_BYTES, SIZE_BUDGET_BYTES = 80_000, 95_000

Level = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: what is wrong (``message``), where, and what mends it (``hint``).

    ``code`` names the kind; ``late`` is the one that approval wants confirmed. ``key`` is
    the story's or the thread's, where the finding is about one.
    """

    level: Level
    code: str
    message: str
    where: str
    hint: str = ""
    key: str = ""


def blocks(findings: list[Finding]) -> bool:
    """Tell whether one of the findings keeps the issue from being approved."""
    return any(finding.level == "error" for finding in findings)


def size_findings(encoded_bytes: int, cut: int) -> list[Finding]:
    """Return findings about the whole issue's encoded size, and stories cut to fit it.

    ``encoded_bytes`` is the largest variant's HTML as it is sent; ``cut`` counts the
    stories that became “more on the web”.
    """
    where = _("Size")
    findings = []
    if cut:
        findings.append(
            Finding(
                "warning",
                "stories_cut",
                ngettext(
                    "%(cut)s story does not fit and is only on the web.",
                    "%(cut)s stories do not fit and are only on the web.",
                    cut,
                )
                % {"cut": cut},
                where,
                _("Shorten texts or drop stories: a mail may have %(budget)s kB.")
                % {"budget": SIZE_BUDGET_BYTES // 1000},
            )
        )
    if encoded_bytes >= SIZE_WARNING_BYTES:
        findings.append(
            Finding(
                "warning",
                "size",
                _("The mail with every story has %(size)s kB.") % {"size": encoded_bytes // 1000},
                where,
                _("Gmail cuts at about 102 kB, and Broadsheet at %(budget)s kB. Shorten texts.")
                % {"budget": SIZE_BUDGET_BYTES // 1000},
            )
        )
    return findings


def render_finding(reason: str) -> Finding:
    """Return the finding for a text that cannot be rendered; ``reason`` is for the editor."""
    return Finding(
        "error",
        "cannot_render",
        reason,
        _("Text"),
        _("Change the text that is named; it cannot be sent as it is."),
    )
