from django.apps import AppConfig
from django.core.checks import Tags, register


class SubscribersConfig(AppConfig):
    name = "subscribers"
    verbose_name = "Readers"

    def ready(self) -> None:
        """Have ``check --deploy`` look at what readers' links are made of."""
        from subscribers import checks

        register(checks.one_click_address, Tags.urls, deploy=True)
        register(checks.https_without_a_proxy, Tags.security, deploy=True)
