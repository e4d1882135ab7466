from django.apps import AppConfig
from django.core.checks import Tags, register


class NewsletterConfig(AppConfig):
    name = "newsletter"
    verbose_name = "Newsletter"

    def ready(self) -> None:
        """Hear of readers who confirm or choose new hours, and of what providers report."""
        from newsletter.rescheduling import follow
        from newsletter.tasks import welcome_soon
        from newsletter.tracking.checks import check_webhooks
        from newsletter.tracking.webhooks import listen
        from subscribers.signals import confirmed, times_changed

        confirmed.connect(welcome_soon, dispatch_uid="newsletter.welcome")
        times_changed.connect(follow, dispatch_uid="newsletter.reschedule")
        listen()
        register(check_webhooks, Tags.security, deploy=True)
