from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpResponse
from django.utils.decorators import sync_and_async_middleware
from django.utils.deprecation import MiddlewareMixin
from where import note


class Plain:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        note()
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        note()

    def process_exception(self, request, error):
        note()
        return HttpResponse("a", status=400)


class Both:
    sync_capable = True
    async_capable = True

    def __init__(self, get_response):
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request):
        note()
        if iscoroutinefunction(self):
            return self.later(request)
        return self.get_response(request)

    async def later(self, request):
        return await self.get_response(request)


def function(get_response):
    def middleware(request):
        note()
        return get_response(request)

    return middleware


@sync_and_async_middleware
def function_both(get_response):
    if iscoroutinefunction(get_response):

        async def middleware(request):
            note()
            return await get_response(request)

    else:

        def middleware(request):
            note()
            return get_response(request)

    return middleware


class Mixed(MiddlewareMixin):
    def process_request(self, request):
        note()

    def process_response(self, request, response):
        note()
        return response
