import graphene
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from where import note


class Quote(graphene.ObjectType):
    text = graphene.String()

    def resolve_text(self, info):
        note()
        return "a"


class Query(graphene.ObjectType):
    plain = graphene.String()
    coroutine = graphene.String()
    quote = graphene.Field(Quote)

    def resolve_plain(root, info):
        note()
        return "a"

    async def resolve_coroutine(root, info):
        note()
        return "a"

    def resolve_quote(root, info):
        note()
        return Quote()


class Change(graphene.Mutation):
    done = graphene.Boolean()

    def mutate(root, info):
        note()
        return Change(done=True)


class Mutation(graphene.ObjectType):
    change = Change.Field()


schema = graphene.Schema(query=Query, mutation=Mutation)


async def answer(request):
    note()
    read = await schema.execute_async("{ plain coroutine quote { text } }")
    written = await schema.execute_async("mutation { change { done } }")
    assert not read.errors and not written.errors, (read.errors, written.errors)
    return PlainTextResponse("a")


app = Starlette(routes=[Route("/", answer, methods=["POST"])])
