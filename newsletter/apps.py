from django.apps import AppConfig
from django.core.checks import Tags, register


class NewsletterConfig(AppConfig):
    name = "newsletter"
    verbose_name = "Newsletter"

    def ready(self) -> None:
        """Hear of readers who confirm, choose new hours or leave for good, and of reports."""
        from newsletter.forgetting import unname
        from newsletter.mailers.checks import check_mailers
        from newsletter.rescheduling import follow
        from newsletter.tasks import welcome_soon
        from newsletter.tracking.checks import check_webhooks
        from newsletter.tracking.webhooks import listen
        from subscribers.signals import confirmed, forgotten, times_changed

        confirmed.connect(welcome_soon, dispatch_uid="newsletter.welcome")
        times_changed.connect(follow, dispatch_uid="newsletter.reschedule")
        forgotten.connect(unname, dispatch_uid="newsletter.unname")
        listen()
        register(check_webhooks, Tags.security, deploy=True)
        register(check_mailers)
