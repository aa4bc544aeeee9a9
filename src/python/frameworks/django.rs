//! Django, with the REST framework and `django-ninja` on top of it.
//!
//! Under ASGI an `async` view runs on the loop and a plain one in the thread that its request shares;
//! under WSGI every view runs in the worker, an `async` one on a loop of its own. The table tells the
//! former; middleware is named in the settings. Observed with Django 5.2, `django-ninja` 1.7.

use super::Context::{Loop, Thread};
use super::{Form, HTTP_METHODS, Names, Pool, Role, Runs, START_UP, Told, at, keyword};

const RUNS: Runs = Runs { plain: Thread(Pool::Request), coroutine: Loop };

const VIEWS: Names = &[
    "django.views.*.View",
    "django.views.*.TemplateView",
    "django.views.*.RedirectView",
    "django.views.*.ListView",
    "django.views.*.DetailView",
    "django.views.*.FormView",
    "django.views.*.CreateView",
    "django.views.*.UpdateView",
    "django.views.*.DeleteView",
    "django.contrib.auth.views.*",
    "rest_framework.views.*.APIView",
    "rest_framework.generics.*",
    "adrf.views.*.APIView",
    "adrf.generics.*",
];

const VIEW_SETS: Names = &["rest_framework.viewsets.*", "adrf.viewsets.*"];

const NINJA: Names = &["ninja.*.NinjaAPI", "ninja.*.Router", "ninja_extra.*.NinjaExtraAPI", "ninja_extra.*.Router"];

/// How it is told what to call.
pub(super) const FORMS: &[Form] = &[
    RUNS.form(
        Told::Call {
            names: &["django.urls.*.path", "django.urls.*.re_path", "django.conf.urls.*.url"],
            argument: at(1, &["view"]),
        },
        Role::Route,
    ),
    RUNS.form(Told::Class { bases: VIEWS, methods: HTTP_METHODS }, Role::Route),
    RUNS.form(Told::Class { bases: VIEWS, methods: &["dispatch", "http_method_not_allowed"] }, Role::Route),
    RUNS.form(
        Told::Class {
            bases: VIEW_SETS,
            methods: &[
                "list",
                "create",
                "retrieve",
                "update",
                "partial_update",
                "destroy",
                "alist",
                "acreate",
                "aretrieve",
                "aupdate",
                "partial_aupdate",
                "adestroy",
                "dispatch",
                "http_method_not_allowed",
            ],
        },
        Role::Route,
    ),
    RUNS.form(Told::Named { names: &["rest_framework.decorators.*.action"] }, Role::Route),
    RUNS.form(Told::Decorator { on: NINJA, names: HTTP_METHODS }, Role::Route),
    RUNS.form(Told::Decorator { on: NINJA, names: &["api_operation", "operation"] }, Role::Route),
    RUNS.form(Told::Call { names: &["ninja.*.NinjaAPI", "ninja.*.Router"], argument: keyword(&["auth"]) }, Role::Guard),
    RUNS.form(Told::Method { on: NINJA, names: HTTP_METHODS, argument: keyword(&["auth"]) }, Role::Guard),
    RUNS.form(
        Told::Named {
            names: &[
                "ninja_extra.*.http_get",
                "ninja_extra.*.http_post",
                "ninja_extra.*.http_put",
                "ninja_extra.*.http_patch",
                "ninja_extra.*.http_delete",
                "ninja_extra.*.route.get",
                "ninja_extra.*.route.post",
                "ninja_extra.*.route.put",
                "ninja_extra.*.route.patch",
                "ninja_extra.*.route.delete",
            ],
        },
        Role::Route,
    ),
    RUNS.form(Told::Decorator { on: NINJA, names: &["exception_handler"] }, Role::ExceptionHandler),
    RUNS.form(Told::Method { on: NINJA, names: &["add_api_operation"], argument: at(2, &["view_func"]) }, Role::Route),
    RUNS.form(
        Told::Class {
            bases: &[
                "ninja.security.*.HttpBearer",
                "ninja.security.*.HttpBasicAuth",
                "ninja.security.*.APIKeyHeader",
                "ninja.security.*.APIKeyQuery",
                "ninja.security.*.APIKeyCookie",
            ],
            methods: &["authenticate"],
        },
        Role::Guard,
    ),
    RUNS.form(
        Told::Class {
            bases: &["rest_framework.permissions.*", "adrf.permissions.*"],
            methods: &["has_permission", "has_object_permission"],
        },
        Role::Guard,
    ),
    RUNS.form(
        Told::Class {
            bases: &["rest_framework.authentication.*"],
            methods: &["authenticate", "authenticate_credentials"],
        },
        Role::Guard,
    ),
    // The views of `adrf` await these; what it does not override, Django's asynchronous methods do.
    RUNS.form(
        Told::Class { bases: &["adrf.serializers.*"], methods: &["acreate", "aupdate", "asave", "ato_representation"] },
        Role::Validator,
    ),
    RUNS.form(
        Told::Class {
            bases: &["django.utils.deprecation.MiddlewareMixin"],
            methods: &[
                "process_request",
                "process_view",
                "process_template_response",
                "process_response",
                "process_exception",
            ],
        },
        Role::Middleware,
    ),
    RUNS.form(Told::Named { names: &["django.dispatch.*.receiver"] }, Role::Signal),
    START_UP.form(Told::Class { bases: &["django.apps.*.AppConfig"], methods: &["ready"] }, Role::LifeCycle),
    RUNS.form(Told::Call { names: &["django.*.signals.*.connect"], argument: at(0, &["receiver"]) }, Role::Signal),
    RUNS.form(
        Told::Method { on: &["django.dispatch.*.Signal"], names: &["connect"], argument: at(0, &["receiver"]) },
        Role::Signal,
    ),
    RUNS.form(
        Told::Call { names: &["django.http.*.StreamingHttpResponse"], argument: at(0, &["streaming_content"]) },
        Role::Stream,
    ),
];
