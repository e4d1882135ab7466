from django.apps import AppConfig


class NewsletterConfig(AppConfig):
    name = "newsletter"
    verbose_name = "Newsletter"

    def ready(self) -> None:
        """Hear of readers who confirm: their welcome is the latest issue."""
        from newsletter.tasks import welcome_soon
        from subscribers.signals import confirmed

        confirmed.connect(welcome_soon, dispatch_uid="newsletter.welcome")
