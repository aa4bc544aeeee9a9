from django.apps import AppConfig
from where import note


class QuotesConfig(AppConfig):
    name = "quotes"

    def ready(self):
        note()
        from . import signals  # noqa: F401
