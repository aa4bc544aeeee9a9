//! Which calls of libraries make an application, and which wrap one.

use super::{Framework, Interface};

/// Classes (and functions) whose result is an application; a part `*` stands for any number of parts.
pub(super) const APPLICATIONS: &[(&str, Interface, Framework)] = &[
    ("fastapi.*.FastAPI", Interface::Asgi, Framework::FastApi),
    ("starlette.*.Starlette", Interface::Asgi, Framework::Starlette),
    ("starlette.*.Router", Interface::Asgi, Framework::Starlette),
    ("flask.*.Flask", Interface::Wsgi, Framework::Flask),
    ("flask_openapi3.*.OpenAPI", Interface::Wsgi, Framework::Flask),
    ("apiflask.*.APIFlask", Interface::Wsgi, Framework::Flask),
    ("quart.*.Quart", Interface::Asgi, Framework::Quart),
    ("quart_trio.*.QuartTrio", Interface::Asgi, Framework::Quart),
    ("django.core.asgi.get_asgi_application", Interface::Asgi, Framework::Django),
    ("channels.routing.get_default_application", Interface::Asgi, Framework::Django),
    ("channels.routing.ProtocolTypeRouter", Interface::Asgi, Framework::Django),
    ("django.core.wsgi.get_wsgi_application", Interface::Wsgi, Framework::Django),
    ("django.core.handlers.asgi.ASGIHandler", Interface::Asgi, Framework::Django),
    ("django.core.handlers.wsgi.WSGIHandler", Interface::Wsgi, Framework::Django),
    ("configurations.wsgi.get_wsgi_application", Interface::Wsgi, Framework::Django),
    ("configurations.asgi.get_asgi_application", Interface::Asgi, Framework::Django),
    ("litestar.*.Litestar", Interface::Asgi, Framework::Litestar),
    ("sanic.*.Sanic", Interface::Asgi, Framework::Sanic),
    ("strawberry.asgi.*.GraphQL", Interface::Asgi, Framework::GraphQl),
    ("ariadne.asgi.*.GraphQL", Interface::Asgi, Framework::GraphQl),
    ("aiohttp.web.*.Application", Interface::Own("aiohttp"), Framework::Aiohttp),
    ("tornado.web.Application", Interface::Own("tornado"), Framework::Tornado),
    ("tornado.wsgi.WSGIContainer", Interface::Own("tornado"), Framework::Tornado),
    ("falcon.App", Interface::Wsgi, Framework::Falcon),
    ("falcon.API", Interface::Wsgi, Framework::Falcon),
    ("falcon.asgi.*.App", Interface::Asgi, Framework::Falcon),
    ("bottle.*.Bottle", Interface::Wsgi, Framework::Bottle),
    ("bottle.default_app", Interface::Wsgi, Framework::Bottle),
    ("pyramid.config.Configurator.make_wsgi_app", Interface::Wsgi, Framework::Pyramid),
    ("blacksheep.*.Application", Interface::Asgi, Framework::BlackSheep),
    ("socketio.*.AsyncServer", Interface::Unknown, Framework::SocketIo),
    ("socketio.Server", Interface::Unknown, Framework::SocketIo),
    ("dash.Dash", Interface::Unknown, Framework::Unknown),
    ("connexion.AsyncApp", Interface::Asgi, Framework::Unknown),
    ("chalice.Chalice", Interface::Unknown, Framework::Unknown),
];

/// What a wrapper makes of the application it is given.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wrapper {
    /// It turns it into this interface.
    Into(Interface),
    /// It speaks what the application speaks.
    Keeps,
}

/// Wrappers, with what they make of their application. `a2wsgi` and Starlette name theirs after what
/// goes in.
pub(super) const WRAPPERS: &[(&str, Wrapper)] = &[
    ("a2wsgi.ASGIMiddleware", Wrapper::Into(Interface::Wsgi)),
    ("a2wsgi.WSGIMiddleware", Wrapper::Into(Interface::Asgi)),
    ("asgiref.wsgi.WsgiToAsgi", Wrapper::Into(Interface::Asgi)),
    ("starlette.middleware.wsgi.WSGIMiddleware", Wrapper::Into(Interface::Asgi)),
    ("fastapi.middleware.wsgi.WSGIMiddleware", Wrapper::Into(Interface::Asgi)),
    ("uvicorn.middleware.wsgi.WSGIMiddleware", Wrapper::Into(Interface::Asgi)),
    ("hypercorn.middleware.AsyncioWSGIMiddleware", Wrapper::Into(Interface::Asgi)),
    ("hypercorn.middleware.TrioWSGIMiddleware", Wrapper::Into(Interface::Asgi)),
    ("sentry_sdk.integrations.asgi.SentryAsgiMiddleware", Wrapper::Into(Interface::Asgi)),
    ("sentry_sdk.integrations.wsgi.SentryWsgiMiddleware", Wrapper::Into(Interface::Wsgi)),
    ("uvicorn.middleware.proxy_headers.ProxyHeadersMiddleware", Wrapper::Into(Interface::Asgi)),
    ("socketio.ASGIApp", Wrapper::Into(Interface::Asgi)),
    ("engineio.ASGIApp", Wrapper::Into(Interface::Asgi)),
    ("socketio.WSGIApp", Wrapper::Into(Interface::Wsgi)),
    ("socketio.Middleware", Wrapper::Into(Interface::Wsgi)),
    ("engineio.WSGIApp", Wrapper::Into(Interface::Wsgi)),
    ("werkzeug.middleware.proxy_fix.ProxyFix", Wrapper::Into(Interface::Wsgi)),
    ("werkzeug.middleware.dispatcher.DispatcherMiddleware", Wrapper::Into(Interface::Wsgi)),
    ("werkzeug.middleware.shared_data.SharedDataMiddleware", Wrapper::Into(Interface::Wsgi)),
    ("werkzeug.middleware.profiler.ProfilerMiddleware", Wrapper::Into(Interface::Wsgi)),
    ("whitenoise.WhiteNoise", Wrapper::Into(Interface::Wsgi)),
    ("paste.translogger.TransLogger", Wrapper::Into(Interface::Wsgi)),
    ("opentelemetry.instrumentation.asgi.OpenTelemetryMiddleware", Wrapper::Into(Interface::Asgi)),
    ("opentelemetry.instrumentation.wsgi.OpenTelemetryMiddleware", Wrapper::Into(Interface::Wsgi)),
    ("newrelic.agent.WSGIApplicationWrapper", Wrapper::Into(Interface::Wsgi)),
    ("newrelic.agent.ASGIApplicationWrapper", Wrapper::Into(Interface::Asgi)),
    ("newrelic.agent.wsgi_application", Wrapper::Into(Interface::Wsgi)),
    ("django.contrib.staticfiles.handlers.StaticFilesHandler", Wrapper::Into(Interface::Wsgi)),
    ("django.contrib.staticfiles.handlers.ASGIStaticFilesHandler", Wrapper::Into(Interface::Asgi)),
    ("dj_static.Cling", Wrapper::Into(Interface::Wsgi)),
    ("connexion.ConnexionMiddleware", Wrapper::Into(Interface::Asgi)),
    ("copy.copy", Wrapper::Keeps),
];
