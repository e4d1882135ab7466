from django.apps import AppConfig
from django.core.checks import Tags, register


class NewsletterConfig(AppConfig):
    name = "newsletter"
    verbose_name = "Newsletter"

    def ready(self) -> None:
        """Hear of readers who confirm, whose welcome is the latest issue, and of providers."""
        from newsletter.tasks import welcome_soon
        from newsletter.tracking.checks import check_webhooks
        from newsletter.tracking.webhooks import listen
        from subscribers.signals import confirmed

        confirmed.connect(welcome_soon, dispatch_uid="newsletter.welcome")
        listen()
        register(check_webhooks, Tags.security, deploy=True)
