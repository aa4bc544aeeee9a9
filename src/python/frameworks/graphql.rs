//! Strawberry, Ariadne and Graphene.
//!
//! Resolvers run where the executor runs: on the loop under ASGI, plain ones as well, and in the
//! worker under WSGI; the table tells the former. Observed with Strawberry, Ariadne 1.1, Graphene 3.

use super::Context::{Loop, Thread};
use super::{Form, Names, ON_LOOP, Pool, Role, Runs, Told, at, keyword};
use crate::python::types::Types;

const FIELDS: Names = &["strawberry.*.field", "strawberry.*.mutation", "strawberry.*.subscription"];

/// Strawberry's fields for Django run plain resolvers through `sync_to_async`.
const DJANGO: Runs = Runs { plain: Thread(Pool::Request), coroutine: Loop };

const THREADS: Runs = Runs { plain: Thread(Pool::AnyIo), coroutine: Loop };

/// What serves GraphQL on the loop where the application around it need not.
const ASYNCHRONOUS: [&str; 4] =
    ["AsyncGraphQLView", "GraphQLProtocolTypeRouter", "GraphQLHTTPConsumer", "GraphQLASGIConsumer"];

/// Whether one of these modules imports a view that resolves on the loop.
pub fn resolves_async(types: &Types<'_>, modules: &[u32]) -> bool {
    let imports = modules.iter().flat_map(|&file| &types.facts_at(file).imports);
    imports.into_iter().any(|import| {
        import.name.is_some_and(|name| ASYNCHRONOUS.contains(&name))
            || import.module.split('.').next_back() == Some("asgi") && import.name == Some("GraphQL")
    })
}

/// How they are told what to call.
pub(super) const FORMS: &[Form] = &[
    DJANGO.form(
        Told::Named {
            names: &["strawberry_django.*.field", "strawberry_django.*.mutation", "strawberry.django.*.field"],
        },
        Role::Resolver,
    ),
    ON_LOOP.form(Told::Named { names: FIELDS }, Role::Resolver),
    ON_LOOP.form(Told::Call { names: FIELDS, argument: keyword(&["resolver"]) }, Role::Resolver),
    ON_LOOP.form(Told::Call { names: &["strawberry.*.DataLoader"], argument: at(0, &["load_fn"]) }, Role::Resolver),
    ON_LOOP.form(Told::Class { bases: &["strawberry.*.BasePermission"], methods: &["has_permission"] }, Role::Guard),
    ON_LOOP.form(
        Told::Class {
            bases: &["strawberry.*.SchemaExtension", "strawberry.*.Extension"],
            methods: &["on_operation", "on_validate", "on_parse", "on_execute", "resolve", "get_results"],
        },
        Role::Middleware,
    ),
    ON_LOOP.form(
        Told::Call { names: &["ariadne.asgi.*.GraphQL"], argument: keyword(&["context_value", "root_value"]) },
        Role::Dependency,
    ),
    ON_LOOP.form(
        Told::Call { names: &["ariadne.asgi.*.GraphQL"], argument: keyword(&["middleware", "error_formatter"]) },
        Role::Resolver,
    ),
    ON_LOOP.form(
        Told::Call {
            names: &["ariadne.asgi.*.GraphQLTransportWSHandler", "ariadne.asgi.*.GraphQLWSHandler"],
            argument: keyword(&["on_connect", "on_disconnect", "on_operation", "on_complete"]),
        },
        Role::WebSocket,
    ),
    ON_LOOP.form(
        Told::Call { names: &["ariadne.asgi.*.GraphQLHTTPHandler"], argument: keyword(&["middleware"]) },
        Role::Resolver,
    ),
    ON_LOOP.form(
        Told::Class {
            bases: &["ariadne.*.Extension", "ariadne.*.ExtensionSync"],
            methods: &["resolve", "request_started", "request_finished", "has_errors", "format"],
        },
        Role::Middleware,
    ),
    ON_LOOP.form(Told::Named { names: &["strawberry.*.directive"] }, Role::Resolver),
    ON_LOOP.form(
        Told::Class { bases: &["strawberry.*.FieldExtension"], methods: &["resolve", "resolve_async"] },
        Role::Resolver,
    ),
    ON_LOOP.form(
        Told::Class {
            bases: &["strawberry.fastapi.*.GraphQLRouter", "strawberry.asgi.*.GraphQL"],
            methods: &["process_result", "on_ws_connect", "get_context", "get_root_value"],
        },
        Role::Middleware,
    ),
    // These are dependencies of FastAPI.
    THREADS.form(
        Told::Call {
            names: &["strawberry.fastapi.*.GraphQLRouter"],
            argument: keyword(&["context_getter", "root_value_getter"]),
        },
        Role::Dependency,
    ),
    ON_LOOP.form(
        Told::Decorator {
            on: &[
                "ariadne.*.QueryType",
                "ariadne.*.MutationType",
                "ariadne.*.ObjectType",
                "ariadne.*.SubscriptionType",
                "ariadne.*.InterfaceType",
                "ariadne.*.UnionType",
                "ariadne.*.ScalarType",
                "ariadne.*.FederatedObjectType",
            ],
            names: &["field", "source", "reference_resolver", "type_resolver", "serializer", "value_parser"],
        },
        Role::Resolver,
    ),
    ON_LOOP.form(
        Told::Method {
            on: &["ariadne.*.QueryType", "ariadne.*.MutationType", "ariadne.*.ObjectType"],
            names: &["set_field"],
            argument: at(1, &["resolver"]),
        },
        Role::Resolver,
    ),
    ON_LOOP.form(
        Told::Class {
            bases: &["graphene.*.ObjectType", "graphene.*.Interface", "graphene_django.*.DjangoObjectType"],
            methods: &["resolve_*", "subscribe_*"],
        },
        Role::Resolver,
    ),
    ON_LOOP.form(
        Told::Class {
            bases: &["graphene.*.Mutation", "graphene.*.ClientIDMutation"],
            methods: &["mutate", "mutate_and_get_payload"],
        },
        Role::Resolver,
    ),
    ON_LOOP.form(
        Told::Class { bases: &["aiodataloader.*.DataLoader", "promise.*.DataLoader"], methods: &["batch_load_fn"] },
        Role::Resolver,
    ),
    ON_LOOP.form(
        Told::Call {
            names: &[
                "graphene.*.Field",
                "graphene.*.List",
                "graphene.*.String",
                "graphene.*.Int",
                "graphene.*.Float",
                "graphene.*.Boolean",
                "graphene.*.ID",
                "graphene.*.ConnectionField",
            ],
            argument: keyword(&["resolver"]),
        },
        Role::Resolver,
    ),
    ON_LOOP.form(
        Told::Class { bases: &["graphene.*.ObjectType", "graphene.*.Node"], methods: &["get_node"] },
        Role::Resolver,
    ),
];
