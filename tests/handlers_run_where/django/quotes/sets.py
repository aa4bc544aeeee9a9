from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.viewsets import ViewSet
from where import note


class Quotes(ViewSet):
    def list(self, request):
        note()
        return Response({})

    @action(detail=False)
    def extra(self, request):
        note()
        return Response({})


router = DefaultRouter()
router.register("sets", Quotes, basename="sets")
