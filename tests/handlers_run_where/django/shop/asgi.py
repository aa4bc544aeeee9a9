import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
django = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import path
from quotes.consumers import Channel, PlainChannel

application = ProtocolTypeRouter(
    {
        "http": django,
        "websocket": URLRouter([path("socket", Channel.as_asgi()), path("socket-plain", PlainChannel.as_asgi())]),
    }
)
