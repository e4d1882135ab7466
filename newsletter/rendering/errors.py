"""What an editor is told when an issue cannot be made into a mail."""


class RenderError(ValueError):
    """The issue cannot be rendered: ``reason`` says why and what to do, ``where`` in which part.

    ``where`` is a story's or thread's key, ``opening``, ``patterns``, or empty for the whole
    issue.
    """

    def __init__(self, reason: str, *, where: str = "") -> None:
        super().__init__(f"{where}: {reason}" if where else reason)
        self.reason = reason
        self.where = where
