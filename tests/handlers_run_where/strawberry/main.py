import strawberry
from fastapi import Depends, FastAPI
from strawberry.dataloader import DataLoader
from strawberry.fastapi import GraphQLRouter
from strawberry.permission import BasePermission
from where import note


@strawberry.type
class Quote:
    @strawberry.field
    def text(self) -> str:
        note()
        return "a"


def given() -> str:
    note()
    return "a"


class Allowed(BasePermission):
    message = "no"

    def has_permission(self, source, info, **kwargs):
        note()
        return True


async def load(keys: list[int]) -> list[str]:
    note()
    return ["a" for _ in keys]


def connected():
    note()


async def context(a=Depends(connected)):
    note()
    return {"loader": DataLoader(load_fn=load)}


@strawberry.type
class Query:
    given: str = strawberry.field(resolver=given)

    @strawberry.field
    def plain(self) -> str:
        note()
        return "a"

    @strawberry.field
    async def coroutine(self) -> str:
        note()
        return "a"

    @strawberry.field(permission_classes=[Allowed])
    def allowed(self) -> str:
        note()
        return "a"

    @strawberry.field
    async def loaded(self, info: strawberry.Info) -> str:
        note()
        return await info.context["loader"].load(1)

    @strawberry.field
    def quote(self) -> Quote:
        note()
        return Quote()


@strawberry.type
class Mutation:
    @strawberry.mutation
    def change(self) -> bool:
        note()
        return True


schema = strawberry.Schema(Query, Mutation)
app = FastAPI()
app.include_router(GraphQLRouter(schema, context_getter=context), prefix="/graphql")
