//! Attributes that are set from outside of their object, and the bags that applications carry around.

use std::rc::Rc;

use super::{ClassId, Frame, FunctionId, Types, Value};
use crate::python::modules::ModuleRef;
use crate::python::names::{Binding, Bound};
use crate::python::syntax::ast::Expr;

/// How many assignments to attributes of one name are looked at.
const MAX_ASSIGNMENTS: usize = 24;

/// Classes of libraries whose instances are the application, which people hang objects on.
const APPLICATIONS: [&str; 9] =
    ["FastAPI", "Starlette", "Sanic", "Quart", "Flask", "Litestar", "Application", "BlackSheep", "AsyncServer"];

impl<'a> Types<'a> {
    /// What any loaded file assigns to `app.state.name` or `request.state.name`.
    pub(super) fn state(&self, name: &str) -> Vec<Value<'a>> {
        if self.loaded.borrow().is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for (file, binding) in self.sites().state.get(name).into_iter().flatten().take(MAX_ASSIGNMENTS) {
            let frame = self.open(self.plain(FunctionId { file: *file, index: binding.scope }));
            found.extend(self.bound(binding.bound, frame, binding.scope));
        }
        found
    }

    /// What is assigned to an attribute of a class's instances from elsewhere.
    pub(super) fn set_on_object(&self, class: ClassId, name: &str) -> Vec<Value<'a>> {
        self.set_on(name, |types, owner| match owner {
            Value::Object(other) | Value::Class(other) => {
                *other == class
                    || types.ancestry(class).contains(&Value::Class(*other))
                    || types.ancestry(*other).contains(&Value::Class(class))
            }
            _ => false,
        })
    }

    /// What is assigned to a name of a module from other modules.
    pub(super) fn set_on_module(&self, module: &ModuleRef, name: &str) -> Vec<Value<'a>> {
        self.set_on(name, |_, owner| matches!(owner, Value::Module(other) if other == module))
    }

    /// What is assigned to an attribute of the application.
    pub(super) fn set_on_application(&self, name: &str) -> Vec<Value<'a>> {
        self.set_on(name, |_, owner| match owner {
            Value::Instance(ty) => is_application(ty),
            Value::Member(_, path) => matches!(&**path, "app" | "application"),
            _ => false,
        })
    }

    /// What is assigned to an attribute of an object that is there for nothing else.
    pub(super) fn put_into(&self, bag: &Value<'a>, name: &str) -> Vec<Value<'a>> {
        self.set_on(name, |_, owner| owner == bag)
    }

    fn set_on(&self, name: &str, is_meant: impl Fn(&Self, &Value<'a>) -> bool) -> Vec<Value<'a>> {
        if self.loaded.borrow().is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for &(file, outside) in self.sites().outside.get(name).into_iter().flatten().take(MAX_ASSIGNMENTS) {
            let index = outside.binding.scope;
            let frame = self.open(self.plain(FunctionId { file, index }));
            if self.value(outside.owner, frame).iter().any(|owner| is_meant(self, owner)) {
                found.extend(self.bound(outside.binding.bound, frame, index));
            }
        }
        found
    }

    /// Whether an expression is a parameter that is given the application, by its name: `async def setup(app, loop):`.
    pub(super) fn is_handed_application(&self, expr: &Expr, frame: Frame) -> bool {
        let Expr::Name(name) = expr else { return false };
        let is_parameter = |binding: &Binding<'a>| matches!(binding.bound, Bound::Parameter(_));
        let bindings = self.function(frame.function).bindings.get(name.id.as_str());
        name.id.as_str() == "app" && bindings.is_some_and(|all| all.iter().all(is_parameter))
    }

    /// An attribute of an application whose class is not known.
    pub(super) fn of_any_application(&self, name: &str) -> Vec<Value<'a>> {
        match name {
            "ctx" | "state" => vec![Value::Member("Application".into(), name.into())],
            _ => self.set_on_application(name),
        }
    }

    /// An attribute of an application or of what it hands to handlers, if people set it.
    pub(super) fn carried(&self, ty: &Rc<str>, path: &str, name: &str) -> Vec<Value<'a>> {
        if is_state(ty, path) {
            return self.state(name);
        }
        let on_application = (path.is_empty() && is_application(ty))
            || (path == "app" && is_request(ty))
            || (path == "application" && is_tornado(ty));
        if !on_application {
            return Vec::new();
        }
        let set = self.set_on_application(name);
        if set.is_empty() { self.of_application(name) } else { set }
    }
}

pub(super) fn is_application(ty: &str) -> bool {
    APPLICATIONS.contains(&ty.rsplit('.').next().unwrap_or(ty))
}

/// Whether a class is called after one of those, but not the same.
pub(super) fn names_application_inside(class: &str) -> bool {
    APPLICATIONS.iter().any(|known| class.strip_suffix(known).is_some_and(|before| !before.is_empty()))
}

fn is_request(ty: &str) -> bool {
    matches!(ty.rsplit('.').next().unwrap_or(ty), "Request" | "WebSocket" | "HTTPConnection" | "ASGIConnection")
}

fn is_tornado(ty: &str) -> bool {
    matches!(
        ty,
        "tornado.web.RequestHandler"
            | "tornado.web.StaticFileHandler"
            | "tornado.websocket.WebSocketHandler"
            | "tornado.web.Application"
    )
}

/// Whether an attribute holds the settings that Tornado's application was made with.
pub(super) fn is_settings(ty: &str, path: &str) -> bool {
    matches!(path, "settings" | "application.settings") && is_tornado(ty)
}

/// Whether a value is there only to have attributes, which a library knows nothing of.
pub(super) fn is_bag(value: &Value<'_>) -> bool {
    match value {
        Value::Instance(ty) => matches!(&**ty, "threading.local" | "types.SimpleNamespace" | "asgiref.local.Local"),
        Value::External(name) => matches!(&**name, "quart.g" | "flask.g"),
        _ => false,
    }
}

/// Whether an attribute is the bag that an application or a request carries around.
pub(super) fn is_state(ty: &str, path: &str) -> bool {
    let is_bag = path.is_empty() && matches!(ty, "litestar.datastructures.State" | "starlette.datastructures.State");
    is_bag || matches!(path, "state" | "app.state" | "ctx" | "app.ctx") && (is_application(ty) || is_request(ty))
}
