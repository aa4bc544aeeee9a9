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
        "main:create_app",
        "from fastapi import FastAPI\ndef create_app() -> FastAPI:\n    return FastAPI()",
        Interface::Asgi,
        Framework::FastApi,
    ),
    (
        "main:create_app",
        "from fastapi import FastAPI\ndef create_app(kind) -> FastAPI:\n    return FastAPI()",
        Interface::Unknown,
        Framework::Unknown,
    ),
    (
        "main:Server.create()",
        "from fastapi import FastAPI\nclass Server:\n    @classmethod\n    def create(cls):\n        return FastAPI()",
        Interface::Asgi,
        Framework::FastApi,
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
            "from django.urls import include, path\n\
             urlpatterns = [path('shop/', include(('shop.urls', 'shop'), namespace='s'))]\n",
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

const STARLETTE: &str = "import uvicorn\nfrom starlette.applications import Starlette\nfrom starlette.routing import Route\n\
     async def h(request):\n    pass\ndef create_app():\n    return Starlette(routes=[Route('/', h)])\n";

/// What a server is handed, in code behind [`STARLETTE`], and the line that makes it; `None` where nobody can tell.
/// The expression is what stands in `run(...)`.
const HANDED: &[(&str, &str, Option<&str>)] = &[
    ("def main():\n    uvicorn.run(create_app())", "create_app()", Some("main.py:7")),
    ("def main():\n    app = create_app()\n    uvicorn.run(app)", "app", Some("main.py:7")),
    ("def main():\n    app = Starlette()\n    uvicorn.run(app)", "app", Some("main.py:9")),
    (
        "async def main():\n    app = await build()\n    uvicorn.run(app)\nasync def build():\n    return create_app()",
        "app",
        Some("main.py:7"),
    ),
    ("def serve(app):\n    uvicorn.run(app)\nserve(create_app())", "app", Some("main.py:7")),
    (
        "def serve(port, app):\n    uvicorn.run(app)\nif __name__ == '__main__':\n    serve(1, app=create_app())",
        "app",
        Some("main.py:7"),
    ),
    ("class S:\n    def run(self, app):\n        uvicorn.run(app)\nS().run(create_app())", "app", Some("main.py:7")),
    (
        "class S:\n    def __init__(self):\n        self.app = Starlette()\n    def run(self):\n        uvicorn.run(self.app)\n",
        "self.app",
        Some("main.py:10"),
    ),
    (
        "class S:\n    def __init__(self, app):\n        self.app = app\n    def run(self):\n        uvicorn.run(self.app)\nS(create_app())",
        "self.app",
        Some("main.py:7"),
    ),
    ("def serve(app):\n    uvicorn.run(app)", "app", None),
    ("def main():\n    uvicorn.run(load('x'))", "load('x')", None),
    ("import flask\ndef serve(app):\n    uvicorn.run(app)\nserve(create_app())\nserve(flask.Flask('x'))", "app", None),
];

fn handed(text: &str, expression: &str, called: bool) -> Option<(Framework, String, usize)> {
    let mut files = Files::new();
    let file = files.add("main.py", text);
    let modules = [(file, parse(text).unwrap())].into();
    let start = text.rfind(&format!("run({expression})")).unwrap() + "run(".len();
    let place = Place::new(file, crate::source::Span::new(start, start + expression.len()));
    assert_eq!(files.text_at(place), expression);
    let asked = Asked {
        target: expression.to_owned(),
        handed: Some(place),
        called,
        launched_by: Vec::new(),
        start: Start::default(),
        settings: None,
        configuration: None,
    };
    let found = analyse_as_told(&Code::new(&files, &modules), &asked, &Instructions::default())?;
    Some((found.framework, files.describe(found.place), found.handlers.len()))
}

#[test]
fn an_application_needs_no_name_of_a_module() {
    let mut wrong = Vec::new();
    for (text, expression, line) in HANDED {
        let found = handed(&format!("{STARLETTE}{text}\n"), expression, false);
        let told = found.as_ref().map(|(_, line, _)| line.as_str());
        // Routes of the factory count wherever it was called from.
        let complete =
            found.as_ref().is_none_or(|(framework, _, handlers)| *framework == Framework::Starlette && *handlers == 1);
        if told != *line || !complete {
            wrong.push(format!("{text}\n  => {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let factory = format!("{STARLETTE}def main():\n    uvicorn.run(create_app)\n");
    assert_eq!(handed(&factory, "create_app", true), Some((Framework::Starlette, "main.py:7".to_owned(), 1)));
    // Uvicorn tries to call what it is given, and warns that it should have been told.
    assert_eq!(handed(&factory, "create_app", false), handed(&factory, "create_app", true));
}

#[test]
fn what_a_function_hands_its_arguments_on_to_tells_the_framework() {
    let dispatcher = |http: &str, web_socket: &str| {
        format!(
            "from django.core.asgi import get_asgi_application\nfrom starlette.applications import Starlette\n\
             first = get_asgi_application()\nsecond = Starlette()\nasync def raw(scope, receive, send):\n    pass\n\
             async def app(scope, receive, send):\n    if scope['type'] == 'http':\n        await {http}\n    \
             else:\n        await {web_socket}\n"
        )
    };
    let framework = |http: &str, web_socket: &str| {
        let text = dispatcher(http, web_socket);
        judged("main:app", &[("main.py", text.as_str())]).map(|(interface, framework, _)| (interface, framework))
    };
    let known = "first(scope, receive, send)";
    let asgi = |framework| Some((Interface::Asgi, framework));
    assert_eq!(framework(known, "raw(scope, receive, send)"), asgi(Framework::Django));
    assert_eq!(framework(known, known), asgi(Framework::Django));
    assert_eq!(framework(known, "second(scope, receive, send)"), asgi(Framework::Raw));
    assert_eq!(framework("first(other, receive, send)", "raw(scope, receive, send)"), asgi(Framework::Raw));
}

#[test]
fn whoever_loads_the_user_runs_in_requests() {
    let text = "from flask import Flask\nfrom flask_login import LoginManager\napp = Flask(__name__)\n\
                login_manager = LoginManager()\nlogin_manager.init_app(app)\n\
                @login_manager.request_loader\ndef load(request):\n    pass\n\
                def user(key):\n    pass\nlogin_manager.user_loader(user)\n\
                @login_manager.other\ndef other(request):\n    pass\n";
    let mut files = Files::new();
    let file = files.add("main.py", text);
    let modules = [(file, parse(text).unwrap())].into();
    let found = analyse(&files, &modules, "main:app", "").unwrap();
    let names: Vec<_> = found.handlers.iter().map(|handler| handler.name.as_str()).collect();
    assert_eq!(names, ["load", "user"]);
}

#[test]
fn django_is_what_its_settings_name_where_nothing_starts_it() {
    let asgi = "from django.core.asgi import get_asgi_application\napplication = get_asgi_application()\n";
    let orphans_of = |settings: &str, path: &str| {
        let mut files = Files::new();
        files.add("site/shop/asgi.py", asgi);
        files.add("site/shop/wsgi.py", asgi.replace("asgi", "wsgi"));
        files.add(path, settings);
        let modules = files.iter().map(|(id, file)| (id, parse(file.text()).unwrap())).collect();
        let found = orphans(&Code::new(&files, &modules), &[], &Instructions::default());
        found.into_iter().map(|one| (one.target, one.framework)).collect::<Vec<_>>()
    };
    let settings = "ASGI_APPLICATION = 'shop.asgi.application'\n";
    let found = [("shop.asgi:application".to_owned(), Framework::Django)];
    assert_eq!(orphans_of(settings, "site/shop/settings.py"), found);
    assert_eq!(orphans_of(settings, "site/shop/tests/settings.py"), []);
    assert_eq!(orphans_of("ASGI_APPLICATION = 'shop.other.application'\n", "site/shop/settings.py"), []);
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

#[test]
fn what_the_starting_program_imports_is_loaded_too() {
    let mut files = Files::new();
    files.add("svc/__init__.py", "");
    files.add("svc/core.py", "from fastapi import FastAPI\napp = FastAPI()\n");
    files.add(
        "svc/views.py",
        "import time\nfrom svc.core import app\n@app.get('/')\nasync def view():\n    time.sleep(1)\n",
    );
    files.add("seed.py", "from svc.core import app\nimport svc.views\n");
    let program =
        files.add("run.py", "import uvicorn\nfrom svc.core import app\nfrom svc import views\nuvicorn.run(app)\n");
    let modules = files.iter().map(|(id, file)| (id, parse(file.text()).unwrap())).collect();
    let code = Code::new(&files, &modules);
    let found = |launched_by: Vec<FileId>| {
        let asked = Asked { launched_by, ..Asked::by_name("svc.core:app", Start::default()) };
        analyse_as_told(&code, &asked, &Instructions::default()).unwrap().blocking.len()
    };
    assert_eq!(found(Vec::new()), 0);
    assert_eq!(found(vec![program]), 1);
    let alone = orphans(&code, &[], &Instructions::default());
    assert_eq!(alone.iter().map(|one| one.blocking.len()).collect::<Vec<_>>(), [1]);
}

/// Nothing starts these, and no framework's constructor gives them away.
#[test]
fn an_application_is_also_what_has_the_name_that_servers_are_told() {
    let orphans_of = |all: &[(&str, &str)]| {
        let mut files = Files::new();
        for (path, text) in all {
            files.add(*path, *text);
        }
        let modules = files.iter().map(|(id, file)| (id, parse(file.text()).unwrap())).collect();
        let found = orphans(&Code::new(&files, &modules), &[], &Instructions::default());
        found.into_iter().map(|one| (one.target, one.blocking.len())).collect::<Vec<_>>()
    };
    let sleeps = "import time\nasync def {name}(scope, receive, send):\n    time.sleep(1)\n";
    let named = |name: &str| sleeps.replace("{name}", name);
    assert_eq!(orphans_of(&[("app.py", &named("app"))]), [("app:app".to_owned(), 1)]);
    assert_eq!(orphans_of(&[("app.py", &named("middleware"))]), []);
    assert_eq!(orphans_of(&[("tests/app.py", &named("app"))]), []);
    let called = "import time\nclass App:\n    async def __call__(self, scope, receive, send):\n        \
                  time.sleep(1)\napplication = App()\n";
    assert_eq!(orphans_of(&[("svc/web.py", called)]), [("web:application".to_owned(), 1)]);
    let events = "import time\nimport socketio\nsio = socketio.AsyncServer(async_mode='asgi')\n@sio.event\n\
                  async def connect(sid, environ):\n    time.sleep(1)\napp = socketio.ASGIApp(sio)\n";
    assert_eq!(orphans_of(&[("main.py", events)]), [("main:app".to_owned(), 1)]);
    let django = "from django.core.asgi import get_asgi_application\napplication = get_asgi_application()\n";
    let only_asgi = [("shop/__init__.py", ""), ("shop/asgi.py", django)];
    assert_eq!(orphans_of(&only_asgi), [("shop.asgi:application".to_owned(), 0)]);
    let wsgi = django.replace("asgi", "wsgi");
    let both = [("shop/__init__.py", ""), ("shop/asgi.py", django), ("shop/wsgi.py", &wsgi)];
    assert_eq!(orphans_of(&both), []);
}

#[test]
fn a_program_that_loads_an_application_through_others_starts_it() {
    let app =
        "import aiohttp.web as web\nclass Server:\n    def __init__(self):\n        self.app = web.Application()\n";
    let views = "import time\nfrom svc.app import Server\nasync def view(request):\n    time.sleep(1)\n\
                 class Views(Server):\n    def __init__(self):\n        super().__init__()\n        \
                 self.app.router.add_get('/', view)\n";
    let by_import = "from aiohttp import web\nfrom svc.views import Views\nweb.run_app(Views().app)\n";
    let by_name = "from importlib import import_module\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    \
                   from svc.app import Server\ndef load(name):\n    return import_module(f'svc.{name}')\nload('views')\n";
    let blocking = |program: &str| {
        let mut files = Files::new();
        files.add("svc/__init__.py", "");
        files.add("svc/app.py", app);
        files.add("svc/views.py", views);
        files.add("run.py", program);
        let modules = files.iter().map(|(id, file)| (id, parse(file.text()).unwrap())).collect();
        let alone = orphans(&Code::new(&files, &modules), &[], &Instructions::default());
        alone.iter().map(|one| one.blocking.len()).collect::<Vec<_>>()
    };
    assert_eq!(blocking(by_import), [1]);
    assert_eq!(blocking(by_name), [1]);
    assert_eq!(blocking("import json\n"), [0]);
}

/// Several programs of a project make the application that its modules belong to, and those of its tests do not count.
#[test]
fn what_loads_the_same_is_told_once_for_each_that_makes_it() {
    let mut files = Files::new();
    let made = "from fastapi import FastAPI\nfrom shop import views\nfrom shop import {other}\n\
                def make():\n    app = FastAPI()\n    app.include_router(views.router)\n    return app\n";
    files.add("shop/__init__.py", "");
    files.add("shop/one.py", made.replace("{other}", "two"));
    files.add("shop/two.py", made.replace("{other}", "one"));
    files.add("shop/smoke_tests/three.py", made.replace("{other}", "one"));
    files.add(
        "shop/views.py",
        "import time\nfrom fastapi import APIRouter\nrouter = APIRouter()\n\
         @router.get('/')\nasync def view():\n    time.sleep(1)\n",
    );
    let modules = files.iter().map(|(id, file)| (id, parse(file.text()).unwrap())).collect();
    let found = orphans(&Code::new(&files, &modules), &[], &Instructions::default());
    let told: Vec<_> = found.iter().map(|one| (files.describe(one.place), one.blocking.len())).collect();
    assert_eq!(told, [("shop/one.py:5".to_owned(), 1), ("shop/two.py:5".to_owned(), 1)]);
}

/// The class is a package's; Sanic alone is given its blueprints this way.
#[test]
fn what_blueprints_of_sanic_are_mounted_on_is_an_application_of_it() {
    let told = |package: &str| {
        let mut files = Files::new();
        files.add(
            "app.py",
            format!(
                "import time\nfrom company.server import Server\nfrom {package} import Blueprint\n\
                 bp = Blueprint('a')\n@bp.route('/')\nasync def search(request):\n    time.sleep(1)\n\
                 class SearchApp(Server):\n    pass\ndef make():\n    app = SearchApp('x')\n    app.blueprint(bp)\n    \
                 return app\nmake().run(port=1)\n"
            ),
        );
        let modules = files.iter().map(|(id, file)| (id, parse(file.text()).unwrap())).collect();
        let alone = orphans(&Code::new(&files, &modules), &[], &Instructions::default());
        alone.iter().map(|one| (one.framework, one.blocking.len())).collect::<Vec<_>>()
    };
    assert_eq!(told("sanic"), [(Framework::Sanic, 1)]);
    assert_eq!(told("company.blueprints"), []);
}

#[test]
fn what_imports_from_the_tests_belongs_to_them() {
    let told = |path: &str, test: &str| {
        let mut files = Files::new();
        files.add(path, "from fastapi import FastAPI\nfrom tests.helpers import made\napp = FastAPI()\n");
        files.add("tests/__init__.py", "");
        files.add("tests/helpers.py", "made = 1\n");
        files.add(test, "");
        let modules = files.iter().map(|(id, file)| (id, parse(file.text()).unwrap())).collect();
        orphans(&Code::new(&files, &modules), &[], &Instructions::default()).len()
    };
    assert_eq!(told("simulator/main.py", "tests/test_main.py"), 0);
    assert_eq!(told("dev/main.py", "tests/router.py"), 0);
    // What the service is about may be called so.
    assert_eq!(told("shop/main.py", "tests/router.py"), 1);
}
