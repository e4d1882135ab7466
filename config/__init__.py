from config import garbage

# Before anything else, in every process: what follows imports the most.
garbage.collect_rarely()

from config.celery import app as celery_app  # noqa: E402  see above

__all__ = ["celery_app"]
