"""Asking a worker for something. Losing the request loses nothing but a minute: rows say it too."""

from django.db import transaction
from django.utils.module_loading import import_string


def after_commit(task: str, number: int) -> None:
    """Queue one of ``subscribers.tasks`` by name, once what it is about is committed.

    A broker that is down is logged and takes nothing else with it.
    """
    # No partial: Django's log of a failure asks for a function's name.
    transaction.on_commit(lambda: ask(task, number), robust=True)


def ask(task: str, number: int) -> None:
    # By name, because the tasks import the rules that queue them. Without retries: somebody
    # waits for the page.
    import_string(f"subscribers.tasks.{task}").apply_async((number,), retry=False)
