from django.core.signals import request_started
from django.dispatch import Signal, receiver
from where import note

told = Signal()


@receiver(request_started)
def started(sender, **kwargs):
    note()


@receiver(told)
async def told_async(sender, **kwargs):
    note()


def told_plain(sender, **kwargs):
    note()


told.connect(told_plain)
