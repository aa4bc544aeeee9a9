//! Where routers and modules of routes are registered: only where somebody sets a variable, and below which path.
//!
//! `if ENABLE_EXPORTS: app.include_router(exports, prefix="/api")`: whoever does not set it has none of their handlers. A
//! router that is registered elsewhere as well, without such a condition, is registered.

use std::collections::{BTreeMap, BTreeSet};

use super::foreign::TAKES;
use crate::python::calls::{EventKind, last_name};
use crate::python::frameworks::{Made, Prefixes, Switched, joined, made, text};
use crate::python::modules::ModuleRef;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;
use crate::python::types::{Frame, FunctionId, Switch, Types};
use crate::source::Span;

/// How many routers may lie inside each other.
const MAX_DEPTH: u8 = 6;
/// What lists routes below the path that it is given first.
const LISTS: [&str; 4] = ["Mount", "path", "re_path", "url"];
/// Methods whose first argument is the path below which they mount.
const FIRST: [&str; 3] = ["mount", "add_subapp", "add_router"];

/// Who a router, or a module of routes, is given to, and what has to be set for that.
type Mounts<K> = BTreeMap<K, Vec<(Option<Made>, Option<Switch>)>>;

/// A call that mounts something.
struct Mounting<'a> {
    frame: Frame,
    call: &'a ast::ExprCall,
    /// The application or router that it is called on.
    owner: Option<Made>,
    /// The routers that it is given.
    given: Vec<Made>,
    /// The module of routes that it names.
    module: Option<u32>,
    switch: Option<Switch>,
    part: Span,
}

/// What the loaded modules register where a switch is on, and below which paths they register anything.
pub(super) fn find(types: &Types<'_>, loaded: &[u32]) -> (Switched, Prefixes) {
    let (calls, prefixes) = calls(types, loaded);
    (switched(&calls), prefixed(types, &calls, prefixes))
}

/// The calls that mount something, and the paths that stand beside it.
fn calls<'a>(types: &Types<'a>, loaded: &[u32]) -> (Vec<Mounting<'a>>, Prefixes) {
    let (mut found, mut prefixes) = (Vec::new(), Prefixes::default());
    for &file in loaded {
        for (function, index) in types.facts_at(file).functions.iter().zip(0..) {
            let frame = types.plain(FunctionId { file, index });
            for event in &function.events {
                let EventKind::Call(call, _) = event.kind else { continue };
                let name = last_name(&call.func);
                let is_method = call.func.is_attribute_expr();
                if LISTS.contains(&name)
                    && !is_method
                    && let Some(path) = call.arguments.args.first()
                    && text(types, path, frame).is_none_or(|path| !path.is_empty())
                {
                    prefixes.parts.push((file, span_of(call), text(types, path, frame)));
                }
                if let Some(own) = keyword(call, &["prefix", "url_prefix"]).filter(|_| !takes(name)) {
                    prefixes.routers.insert((file, span_of(call).start), text(types, own, frame));
                }
                if takes(name) || name == "include" {
                    let owner = match &*call.func {
                        Expr::Attribute(method) => made(types, &method.value, frame),
                        _ => None,
                    };
                    let arguments = call.arguments.args.iter().chain(call.arguments.keywords.iter().map(|k| &k.value));
                    let given = arguments.filter_map(|given| made(types, given, frame));
                    found.push(Mounting {
                        frame,
                        call,
                        owner,
                        given: given.filter(|made| Some(*made) != owner).collect(),
                        module: included(types, call, frame),
                        switch: types.switch_at(frame, event.span),
                        part: span_of(call),
                    });
                }
            }
        }
    }
    (found, prefixes)
}

fn switched(calls: &[Mounting<'_>]) -> Switched {
    if calls.iter().all(|call| call.switch.is_none()) {
        return Switched::default();
    }
    let (mut routers, mut modules) = (Mounts::new(), Mounts::new());
    for call in calls {
        for &given in &call.given {
            routers.entry(given).or_default().push((call.owner, call.switch));
        }
        if let Some(module) = call.module {
            modules.entry(module).or_default().push((None, call.switch));
        }
    }
    let of = |mounts: &[(Option<Made>, Option<Switch>)]| least(&routers, mounts, 0);
    Switched {
        routers: routers.iter().filter_map(|(made, mounts)| Some((*made, of(mounts)?))).collect(),
        modules: modules.iter().filter_map(|(module, mounts)| Some((*module, of(mounts)?))).collect(),
    }
}

/// Puts what a router is mounted below in front of what it says itself. Of several mounts the first counts.
fn prefixed<'a>(types: &Types<'a>, calls: &[Mounting<'a>], own: Prefixes) -> Prefixes {
    let mut mounts: BTreeMap<Made, &Mounting<'a>> = BTreeMap::new();
    for call in calls {
        for &given in &call.given {
            mounts.entry(given).or_insert(call);
        }
    }
    let makers: BTreeSet<Made> = own.routers.keys().chain(mounts.keys()).copied().collect();
    let routers = makers.into_iter().map(|made| (made, below(types, &own, &mounts, made, 0))).collect();
    let mut found = Prefixes { routers, ..own };
    // What includes a module may be included itself.
    for _ in 0..MAX_DEPTH {
        for call in calls {
            if let Some(module) = call.module {
                let prefix = found.at(call.frame.function.file, call.part);
                found.modules.insert(module, prefix);
            }
        }
    }
    found
}

/// What stands in front of the routes of a router.
fn below<'a>(
    types: &Types<'a>,
    own: &Prefixes,
    mounts: &BTreeMap<Made, &Mounting<'a>>,
    made: Made,
    depth: u8,
) -> Option<String> {
    if depth > MAX_DEPTH {
        return None;
    }
    let itself = || own.routers.get(&made).cloned().unwrap_or_else(|| Some(String::new()));
    let Some(mount) = mounts.get(&made) else { return itself() };
    let around = match mount.owner {
        Some(owner) => below(types, own, mounts, owner, depth + 1)?,
        None => String::new(),
    };
    let path = |expr| text(types, expr, mount.frame);
    if let Some(instead) = keyword(mount.call, &["url_prefix"]) {
        return Some(joined(&around, &path(instead)?));
    }
    let first = mount.call.arguments.args.first().filter(|_| FIRST.contains(&last_name(&mount.call.func)));
    let given = match keyword(mount.call, &["prefix", "path"]).or(first) {
        Some(given) => path(given)?,
        None => String::new(),
    };
    Some(joined(&joined(&around, &given), &itself()?))
}

/// Whether a method of this name takes a router.
fn takes(name: &str) -> bool {
    TAKES.contains(&name) || name == "add_router"
}

fn keyword<'a>(call: &'a ast::ExprCall, names: &[&str]) -> Option<&'a Expr> {
    names.iter().find_map(|name| call.arguments.find_keyword(name)).map(|keyword| &keyword.value)
}

/// What has to be set for the likeliest of these; nothing where one of them needs nothing.
fn least(routers: &Mounts<Made>, mounts: &[(Option<Made>, Option<Switch>)], depth: u8) -> Option<Switch> {
    let needed = mounts.iter().map(|(owner, switch)| {
        let around = owner.and_then(|owner| routers.get(&owner)).filter(|_| depth < MAX_DEPTH);
        let around = around.and_then(|mounts| least(routers, mounts, depth + 1));
        switch.iter().chain(around.as_ref()).copied().max_by_key(|switch| switch.doubts)
    });
    let needed: Option<Vec<Switch>> = needed.collect();
    needed?.into_iter().min_by_key(|switch| switch.doubts)
}

/// The module of `include("shop.urls")`.
fn included<'a>(types: &Types<'a>, call: &'a ast::ExprCall, frame: Frame) -> Option<u32> {
    let Expr::StringLiteral(name) = call.arguments.args.first().filter(|_| last_name(&call.func) == "include")? else {
        return None;
    };
    let from = types.facts_at(frame.function.file).file;
    match types.modules().find(name.value.to_str(), Some(from))? {
        ModuleRef::File(file) => types.index_of(file),
        ModuleRef::Folder(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::app::{Role, analyse};
    use crate::python::syntax::parse;
    use crate::source::Files;

    /// The paths of the routes of `main:app`, those that are not known as `?`.
    fn routes(parts: &[(&str, &str)]) -> Vec<String> {
        let mut files = Files::new();
        for (path, text) in parts {
            files.add(*path, *text);
        }
        let modules = files.iter().map(|(id, file)| (id, parse(file.text()).unwrap())).collect();
        let found = analyse(&files, &modules, "main:app", "").unwrap();
        let routes = found.handlers.into_iter().filter(|handler| handler.role == Role::Route);
        let mut paths: Vec<String> = routes.map(|handler| handler.route.unwrap_or_else(|| "?".to_owned())).collect();
        paths.sort();
        paths
    }

    #[test]
    fn a_route_stands_below_what_its_router_is_mounted_on() {
        let main = "from fastapi import FastAPI, APIRouter\nfrom core import settings\nimport items\n\
                    app = FastAPI()\napi = APIRouter()\n\
                    @app.get('/')\nasync def home(): ...\n\
                    @api.get('/health')\nasync def health(): ...\n\
                    api.include_router(items.router, prefix='/items')\n\
                    def start(app):\n    app.include_router(api, prefix=settings.API)\nstart(app)\n";
        let items = "from fastapi import APIRouter\nrouter = APIRouter(prefix='/v1')\n\
                     @router.get('/{number}')\ndef one(number): ...\n\
                     def all(): ...\nrouter.add_api_route('/all', all)\n";
        let core = "from pydantic_settings import BaseSettings\nV = 'v2'\n\
                    class Settings(BaseSettings):\n    API: str = f'/api/{V}'\nsettings = Settings()\n";
        let parts = [("main.py", main), ("items.py", items), ("core.py", core)];
        assert_eq!(routes(&parts), ["/", "/api/v2/health", "/api/v2/items/v1/all", "/api/v2/items/v1/{number}"]);
        let unknown = core.replace("f'/api/{V}'", "path()");
        assert_eq!(routes(&[("main.py", main), ("items.py", items), ("core.py", &unknown)]), ["/", "?", "?", "?"]);
    }

    #[test]
    fn what_answers_no_get_is_known() {
        let main = "from fastapi import FastAPI\napp = FastAPI()\n\
                    @app.post('/a')\ndef a(): ...\n@app.api_route('/b', methods=['GET', 'POST'])\ndef b(): ...\n\
                    @app.api_route('/c', methods=['PUT'])\ndef c(): ...\n@app.get('/d')\n@app.put('/d')\ndef d(): ...\n";
        let mut files = Files::new();
        files.add("main.py", main);
        let modules = files.iter().map(|(id, file)| (id, parse(file.text()).unwrap())).collect();
        let found = analyse(&files, &modules, "main:app", "").unwrap();
        let reads: Vec<bool> = found.handlers.iter().map(|handler| handler.reads).collect();
        assert_eq!(reads, [false, true, false, true]);
    }

    #[test]
    fn what_a_blueprint_is_registered_with_counts_for_more_than_its_own() {
        let main = "from flask import Flask, Blueprint\napp = Flask(__name__)\n\
                    one = Blueprint('one', __name__, url_prefix='/one')\n\
                    two = Blueprint('two', __name__, url_prefix='/two')\n\
                    @one.route('/a')\ndef a(): ...\n@two.route('/b')\ndef b(): ...\n\
                    app.register_blueprint(one)\napp.register_blueprint(two, url_prefix='/other')\n";
        assert_eq!(routes(&[("main.py", main)]), ["/one/a", "/other/b"]);
    }

    #[test]
    fn what_is_listed_below_a_path_stands_below_it() {
        let main = "from starlette.applications import Starlette\nfrom starlette.routing import Mount, Route\n\
                    async def a(request): ...\nasync def b(request): ...\n\
                    app = Starlette(routes=[Mount('/api', routes=[Route('/a', a)]), Route('/b', b)])\n";
        assert_eq!(routes(&[("main.py", main)]), ["/api/a", "/b"]);
    }

    #[test]
    fn included_modules_of_django_stand_below_their_path() {
        let main = "import os\nfrom django.core.wsgi import get_wsgi_application\n\
                    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'settings')\napp = get_wsgi_application()\n";
        let urls = "from django.urls import include, path\nimport views\n\
                    urlpatterns = [path('api/', include('shop.urls')), path('about/', views.about)]\n";
        let shop = "from django.urls import path\nimport views\nurlpatterns = [path('items/', views.items)]\n";
        let views = "def about(request): ...\ndef items(request): ...\n";
        let parts = [
            ("main.py", main),
            ("settings.py", "ROOT_URLCONF = 'urls'\n"),
            ("urls.py", urls),
            ("shop/__init__.py", ""),
            ("shop/urls.py", shop),
            ("views.py", views),
        ];
        assert_eq!(routes(&parts), ["about/", "api/items/"]);
    }
}
