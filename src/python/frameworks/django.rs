//! Django, with the REST framework on top of it.
//!
//! Under ASGI an `async` view runs on the loop and a plain one in a thread; under WSGI every view
//! runs in the worker, an `async` one on a loop of its own. The table tells the former; observed
//! with Django 5.2.

use super::Context::{Loop, Pool};
use super::{Form, Role, Told};

const VIEWS: &[&str] = &[
    "django.views.View",
    "django.views.generic.View",
    "django.views.generic.base.View",
    "django.views.generic.TemplateView",
    "django.views.generic.ListView",
    "django.views.generic.DetailView",
    "django.views.generic.FormView",
    "django.views.generic.CreateView",
    "django.views.generic.UpdateView",
    "django.views.generic.DeleteView",
    "rest_framework.views.APIView",
    "rest_framework.generics.GenericAPIView",
    "adrf.views.APIView",
];

const fn form(told: Told, role: Role) -> Form {
    Form { told, role, plain: Pool, coroutine: Loop }
}

/// How it is told what to call.
pub(super) const FORMS: &[Form] = &[
    form(
        Told::Call {
            names: &["django.urls.path", "django.urls.re_path", "django.conf.urls.url"],
            argument: (1, "view"),
        },
        Role::Route,
    ),
    form(
        Told::Class {
            bases: VIEWS,
            methods: &["get", "post", "put", "patch", "delete", "head", "options", "dispatch"],
        },
        Role::Route,
    ),
    form(
        Told::Class {
            bases: &[
                "rest_framework.viewsets.ViewSet",
                "rest_framework.viewsets.GenericViewSet",
                "rest_framework.viewsets.ModelViewSet",
                "rest_framework.viewsets.ReadOnlyModelViewSet",
            ],
            methods: &["list", "create", "retrieve", "update", "partial_update", "destroy"],
        },
        Role::Route,
    ),
    form(
        Told::Decorator {
            on: &["ninja.NinjaAPI", "ninja.Router", "ninja.router.Router"],
            names: &["get", "post", "put", "patch", "delete", "api_operation"],
        },
        Role::Route,
    ),
    form(
        Told::Class {
            bases: &[
                "channels.generic.websocket.AsyncWebsocketConsumer",
                "channels.generic.websocket.AsyncJsonWebsocketConsumer",
                "channels.consumer.AsyncConsumer",
            ],
            methods: &["connect", "receive", "receive_json", "disconnect"],
        },
        Role::WebSocket,
    ),
];
