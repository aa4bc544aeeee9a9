//! What a server is told to load, in the ways people write it.

use super::*;
use crate::python::syntax::parse;

fn judged(target: &str, parts: &[(&str, &str)]) -> Option<(Interface, Framework, String)> {
    let mut files = Files::new();
    for (path, text) in parts {
        files.add(*path, *text);
    }
    let modules = files.iter().map(|(id, file)| (id, parse(file.text()).unwrap())).collect();
    let found = analyse(&files, &modules, target, "")?;
    Some((found.interface, found.framework, files.describe(found.place)))
}

/// Target, text of `main.py`, and what comes out.
const CASES: &[(&str, &str, Interface, Framework)] = &[
    ("main:app", "from fastapi import FastAPI\napp = FastAPI()", Interface::Asgi, Framework::FastApi),
    ("main:app", "import fastapi\napp: fastapi.FastAPI = fastapi.FastAPI()", Interface::Asgi, Framework::FastApi),
    (
        "main:app",
        "from starlette.applications import Starlette\napp = Starlette()",
        Interface::Asgi,
        Framework::Starlette,
    ),
    ("main:app", "from flask import Flask\napp = Flask(__name__)", Interface::Wsgi, Framework::Flask),
    ("main", "from flask import Flask\napplication = Flask(__name__)", Interface::Wsgi, Framework::Flask),
    ("main:app", "from quart import Quart\napp = Quart(__name__)", Interface::Asgi, Framework::Quart),
    (
        "main:application",
        "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()",
        Interface::Wsgi,
        Framework::Django,
    ),
    (
        "main:application",
        "from django.core.asgi import get_asgi_application\nimport channels.routing as r\n\
         application = r.ProtocolTypeRouter({'http': get_asgi_application()})",
        Interface::Asgi,
        Framework::Django,
    ),
    (
        "main:create_app()",
        "from flask import Flask\ndef create_app(name='x'):\n    app = Flask(name)\n    return app",
        Interface::Wsgi,
        Framework::Flask,
    ),
    (
        "main:create_app(\"prod\")",
        "from fastapi import FastAPI\ndef create_app(kind) -> FastAPI:\n    return build()",
        Interface::Asgi,
        Framework::FastApi,
    ),
    (
        "main:app",
        "from flask import Flask\ndef make():\n    app = Flask(__name__)\n    return app\napp = make()",
        Interface::Wsgi,
        Framework::Flask,
    ),
    (
        "main:app",
        "from fastapi import FastAPI\nfrom fastapi.middleware.cors import CORSMiddleware\n\
         app = FastAPI()\napp = CORSMiddleware(app, allow_origins=['*'])",
        Interface::Asgi,
        Framework::FastApi,
    ),
    (
        "main:wsgi",
        "from fastapi import FastAPI\nfrom a2wsgi import ASGIMiddleware\napp = FastAPI()\nwsgi = ASGIMiddleware(app)",
        Interface::Wsgi,
        Framework::FastApi,
    ),
    (
        "main:asgi",
        "from flask import Flask\nfrom asgiref.wsgi import WsgiToAsgi\napp = Flask(__name__)\nasgi = WsgiToAsgi(app)",
        Interface::Asgi,
        Framework::Flask,
    ),
    (
        "main:asgi",
        "import flask\nimport a2wsgi\nasgi = a2wsgi.WSGIMiddleware(flask.Flask(__name__))",
        Interface::Asgi,
        Framework::Flask,
    ),
    (
        "main:app",
        "from flask import Flask\nfrom werkzeug.middleware.proxy_fix import ProxyFix\n\
         app = Flask(__name__)\napp.wsgi_app = ProxyFix(app.wsgi_app)",
        Interface::Wsgi,
        Framework::Flask,
    ),
    (
        "main:app",
        "from flask import Flask\nfrom werkzeug.middleware.proxy_fix import ProxyFix\n\
         flask_app = Flask(__name__)\napp = ProxyFix(flask_app.wsgi_app)",
        Interface::Wsgi,
        Framework::Flask,
    ),
    (
        "main:app",
        "import socketio\nfrom fastapi import FastAPI\nsio = socketio.AsyncServer()\n\
         app = socketio.ASGIApp(sio, other_asgi_app=FastAPI())",
        Interface::Asgi,
        Framework::FastApi,
    ),
    (
        "main:app",
        "from sentry_sdk.integrations.asgi import SentryAsgiMiddleware\nfrom starlette.applications import Starlette\n\
         app = SentryAsgiMiddleware(Starlette())",
        Interface::Asgi,
        Framework::Starlette,
    ),
    ("main:app", "async def app(scope, receive, send):\n    pass", Interface::Asgi, Framework::Raw),
    ("main:app", "def app(environ, start_response):\n    return []", Interface::Wsgi, Framework::Raw),
    (
        "main:app",
        "class App:\n    async def __call__(self, scope, receive, send):\n        pass\napp = App()",
        Interface::Asgi,
        Framework::Raw,
    ),
    (
        "main:app",
        "class App:\n    def __call__(self, environ, start_response):\n        return []\napp = App()",
        Interface::Wsgi,
        Framework::Raw,
    ),
    (
        "main:app",
        "from fastapi import FastAPI\nclass Service(FastAPI):\n    pass\napp = Service()",
        Interface::Asgi,
        Framework::FastApi,
    ),
    (
        "main:app",
        "from fastapi import FastAPI\nclass Wrap:\n    def __init__(self, app):\n        self.app = app\n    \
         async def __call__(self, scope, receive, send):\n        await self.app(scope, receive, send)\n\
         app = Wrap(FastAPI())",
        Interface::Asgi,
        Framework::FastApi,
    ),
    (
        "main:server.app",
        "from fastapi import FastAPI\nclass Server:\n    def __init__(self):\n        self.app = FastAPI()\nserver = Server()",
        Interface::Asgi,
        Framework::FastApi,
    ),
    ("main:app", "from aiohttp import web\napp = web.Application()", Interface::Own("aiohttp"), Framework::Aiohttp),
    (
        "main:app",
        "import os\nfrom flask import Flask\nfrom fastapi import FastAPI\n\
         if os.environ.get('X'):\n    app = Flask(__name__)\nelse:\n    app = FastAPI()",
        Interface::Unknown,
        Framework::Unknown,
    ),
    ("main:app", "from somewhere import build\napp = build()", Interface::Unknown, Framework::Unknown),
    ("main:app", "import connexion\napp = connexion.App(__name__)", Interface::Unknown, Framework::Unknown),
    ("main:app", "app = make()\ndef make():\n    return make()", Interface::Unknown, Framework::Unknown),
];

#[test]
fn tells_what_a_server_has_to_speak() {
    let mut wrong = Vec::new();
    for (target, text, interface, framework) in CASES {
        let found = judged(target, &[("main.py", text)]).map(|(interface, framework, _)| (interface, framework));
        if found != Some((*interface, *framework)) {
            wrong.push(format!("{text}\n  => {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn points_at_where_the_object_is_made() {
    let parts = [
        ("wsgi.py", "from shop.app import app as application\n"),
        ("shop/__init__.py", ""),
        ("shop/app.py", "from flask import Flask\n\napp = Flask(__name__)\n"),
    ];
    let found = judged("wsgi:application", &parts);
    assert_eq!(found, Some((Interface::Wsgi, Framework::Flask, "shop/app.py:3".to_owned())));
}

#[test]
fn knows_what_is_not_in_the_project() {
    assert_eq!(judged("other:app", &[("main.py", "app = 1")]), None);
    assert_eq!(judged("main:application", &[("main.py", "app = 1")]), None);
    assert_eq!(judged("", &[("main.py", "app = 1")]), None);
    assert_eq!(judged(":::", &[("main.py", "app = 1")]), None);
}

#[test]
fn follows_django_from_its_settings_to_its_views() {
    let parts = [
        (
            "config/asgi.py",
            "import os\nfrom django.core.asgi import get_asgi_application\n\
             os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')\napplication = get_asgi_application()\n",
        ),
        ("config/settings.py", "ROOT_URLCONF = 'config.urls'\n"),
        (
            "config/urls.py",
            "from django.urls import include, path\nurlpatterns = [path('shop/', include('shop.urls'))]\n",
        ),
        (
            "shop/urls.py",
            "from django.urls import path\nfrom . import views\n\
             urlpatterns = [path('a', views.listing), path('b', views.plain), path('c', views.Detail.as_view())]\n",
        ),
        (
            "shop/views.py",
            "import requests\nfrom django.views import View\nfrom .models import Item\n\
             async def listing(request):\n    return Item.objects.filter(a=1).first()\n\
             def plain(request):\n    return Item.objects.first()\n\
             class Detail(View):\n    async def get(self, request):\n        await Item.objects.aget(pk=1)\n        \
             return requests.get('http://a')\n",
        ),
        ("shop/models.py", "from django.db import models\nclass Item(models.Model):\n    pass\n"),
    ];
    let mut files = Files::new();
    for (path, text) in parts {
        files.add(path, text);
    }
    let modules = files.iter().map(|(id, file)| (id, parse(file.text()).unwrap())).collect();
    let found = analyse(&files, &modules, "config.asgi:application", "").unwrap();
    let lines: Vec<_> = found.blocking.iter().map(|blocking| files.describe(blocking.call)).collect();
    assert_eq!(lines, ["shop/views.py:5", "shop/views.py:11"]);
    assert_eq!(found.handlers.len(), 3);
}

#[test]
fn loads_what_a_package_imports_when_it_is_asked_for() {
    let mut files = Files::new();
    files.add(
        "main.py",
        "from fastapi import FastAPI\nimport api\napp = FastAPI()\napp.include_router(api.items.router)\n",
    );
    files.add("api/__init__.py", "def __getattr__(name):\n    return load(name)\n");
    files.add(
        "api/items.py",
        "import time\nfrom fastapi import APIRouter\nrouter = APIRouter()\n\
         @router.get('/')\nasync def view():\n    time.sleep(1)\n",
    );
    let modules = files.iter().map(|(id, file)| (id, parse(file.text()).unwrap())).collect();
    let found = analyse(&files, &modules, "main:app", "").unwrap();
    let lines: Vec<_> = found.blocking.iter().map(|blocking| files.describe(blocking.call)).collect();
    assert_eq!(lines, ["api/items.py:6"]);
}
