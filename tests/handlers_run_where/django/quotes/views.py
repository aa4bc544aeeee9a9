from adrf.views import APIView as AsyncAPIView
from django.http import HttpResponse, StreamingHttpResponse
from django.views import View
from django.views.decorators.cache import never_cache
from rest_framework.decorators import api_view
from rest_framework.response import Response
from rest_framework.views import APIView
from where import note

from .signals import told


@never_cache
def plain(request):
    note()
    return HttpResponse("a")


async def coroutine(request):
    note()
    return HttpResponse("a")


class Class(View):
    def get(self, request):
        note()
        return HttpResponse("a")


class ClassAsync(View):
    async def get(self, request):
        note()
        return HttpResponse("a")


def listed(request):
    note()
    return HttpResponse("a")


class Drf(APIView):
    def get(self, request):
        note()
        return Response({})


@api_view(["GET"])
def drf_function(request):
    note()
    return Response({})


class Adrf(AsyncAPIView):
    async def get(self, request):
        note()
        return Response({})


def fails(request):
    note()
    raise ValueError


async def tells(request):
    note()
    await told.asend(None)
    return HttpResponse("a")


def letters():
    note()
    yield "a"


async def numbers():
    note()
    yield "1"


def streams_plain(request):
    note()
    return StreamingHttpResponse(letters())


async def streams(request):
    note()
    return StreamingHttpResponse(numbers())
