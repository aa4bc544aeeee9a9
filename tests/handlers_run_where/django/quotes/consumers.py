from channels.generic.websocket import AsyncWebsocketConsumer, WebsocketConsumer
from where import note


class Channel(AsyncWebsocketConsumer):
    async def connect(self):
        note()
        await self.accept()

    async def receive(self, text_data=None, bytes_data=None):
        note()
        await self.send(text_data=text_data)

    async def disconnect(self, code):
        note()


class PlainChannel(WebsocketConsumer):
    def connect(self):
        note()
        self.accept()

    def receive(self, text_data=None, bytes_data=None):
        note()
        self.send(text_data=text_data)

    def disconnect(self, code):
        note()
