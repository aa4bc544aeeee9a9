from ariadne import MutationType, ObjectType, QueryType, make_executable_schema
from ariadne.asgi import GraphQL
from where import note

definitions = """
type Query { plain: String coroutine: String quote: Quote set: String }
type Mutation { change: Boolean }
type Quote { text: String }
"""

query = QueryType()
mutation = MutationType()
quote = ObjectType("Quote")


@query.field("plain")
def plain(_, info):
    note()
    return "a"


@query.field("coroutine")
async def coroutine(_, info):
    note()
    return "a"


@query.field("quote")
def quoted(_, info):
    note()
    return {}


@quote.field("text")
def text(_, info):
    note()
    return "a"


def given(_, info):
    note()
    return "a"


query.set_field("set", given)


@mutation.field("change")
async def change(_, info):
    note()
    return True


app = GraphQL(make_executable_schema(definitions, query, mutation, quote))
