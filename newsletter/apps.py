from django.apps import AppConfig


class NewsletterConfig(AppConfig):
    name = "newsletter"
    verbose_name = "Newsletter"

    def ready(self) -> None:
        """Hear of readers who confirm, for their welcome, and of new hours, for what waits."""
        from newsletter.rescheduling import follow
        from newsletter.tasks import welcome_soon
        from subscribers.signals import confirmed, times_changed

        confirmed.connect(welcome_soon, dispatch_uid="newsletter.welcome")
        times_changed.connect(follow, dispatch_uid="newsletter.reschedule")
