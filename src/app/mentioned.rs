//! Which routers and classes of handlers nothing reads: their modules are loaded, and nobody registers them.
//!
//! Decided by names, because a registration may lie in a table, a settings module or a library: whatever may mean such
//! a thing keeps it, unless that is only registered for developers. Where modules or classes are gone through, and names
//! made up as the program runs, everything is kept.

use std::collections::{BTreeMap, BTreeSet};

use super::developers;
use super::target::Target;
use crate::python::calls::last_name;
use crate::python::frameworks::{Made, Unread, is_called, is_told};
use crate::python::modules::ModuleRef;
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr, Stmt};
use crate::python::syntax::{Module, span_of, visitor};
use crate::python::types::{ClassId, Frame, FunctionId, Types, Value};
use crate::source::FileId;
use crate::values::HashSet;

/// Calls that go through modules, classes or names, or load what is named by a text.
const WALKS: [&str; 16] = [
    "__import__",
    "__subclasses__",
    "dir",
    "eval",
    "exec",
    "exec_module",
    "find_modules",
    "getmembers",
    "globals",
    "import_module",
    "import_string",
    "iter_modules",
    "load_module",
    "run_path",
    "vars",
    "walk_packages",
];

/// Those that are builtins.
const BUILTIN: [&str; 5] = ["dir", "eval", "exec", "globals", "vars"];

/// Libraries whose classes register themselves, by how the names of their bases begin.
const SELF_REGISTERING: [&str; 2] = ["blacksheep.", "django.apps."];

/// Attributes of a router that are the router in another form.
const ITSELF: [&str; 5] = ["router", "routes", "app", "asgi_app", "wsgi_app"];

/// A name that a module binds.
type Named<'a> = (u32, &'a str);

/// Finds them among what these modules make.
pub(super) fn unread<'a>(
    types: &Types<'a>,
    loaded: &[u32],
    trees: &'a BTreeMap<FileId, Module>,
    object: &Target,
    uncalled: BTreeSet<FunctionId>,
) -> Unread {
    let nothing = |functions| Unread { functions, ..Unread::default() };
    let of = |place: crate::source::Place| Some((types.index_of(place.file)?, place.span.start));
    let served: Vec<Made> = [Some(object.place), object.made].into_iter().flatten().filter_map(of).collect();
    // What the server is given is read by the server.
    let routers: Vec<_> = routers(types, loaded).into_iter().filter(|(_, made)| !served.contains(made)).collect();
    let classes = classes(types, loaded);
    if routers.is_empty() && classes.is_empty() || loaded.iter().any(|&file| walks(types, file)) {
        return nothing(uncalled);
    }
    let names = routers.iter().map(|(named, _)| named.1).chain(classes.iter().map(|(named, _)| named.1)).collect();
    let makes = routers.iter().map(|(_, made)| *made).collect();
    let skipped = uncalled.iter().map(|id| (id.file, types.function(*id).span.start)).collect();
    let mut reads = Reads { names, makes, skipped, ..Reads::new(types) };
    for &file in loaded {
        let facts = types.facts_at(file);
        let Some(module) = trees.get(&facts.file) else { return nothing(uncalled) };
        reads.file = file;
        reads.has_stars = !facts.stars.is_empty();
        visitor::Visitor::visit_body(&mut reads, &module.body);
    }
    let aside = developers::only(types, loaded, trees, classes.iter().map(|(named, _)| named.1).collect());
    let keeps = |named: &Named<'a>| reads.anywhere.contains(named.1) || reads.here.contains(named);
    let asked = |named: &Named<'a>| keeps(named) || reads.asked.contains(named);
    Unread {
        routers: routers.into_iter().filter(|(named, _)| !keeps(named)).map(|(_, made)| made).collect(),
        classes: classes
            .into_iter()
            .filter(|(named, _)| !asked(named) || aside.contains(named.1))
            .map(|(_, class)| class)
            .collect(),
        functions: uncalled,
    }
}

/// Routers that modules make and bind to one name of theirs.
fn routers<'a>(types: &Types<'a>, loaded: &[u32]) -> Vec<(Named<'a>, Made)> {
    let mut found = Vec::new();
    for &file in loaded {
        let module = types.plain(FunctionId { file, index: 0 });
        let bindings: BTreeMap<_, _> = types.function(module.function).bindings.iter().collect();
        for (&name, bindings) in bindings {
            let [binding] = bindings.as_slice() else { continue };
            let Bound::Value { value: Some(Expr::Call(call)), .. } = binding.bound else { continue };
            let makes_router = |value: &Value<'a>| matches!(value, Value::External(name) if is_router(name));
            if types.value(&call.func, module).iter().any(makes_router) {
                found.push(((file, name), (file, span_of(call).start)));
            }
        }
    }
    found
}

/// Whether a class of a library takes handlers and has to be given to an application.
fn is_router(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    // A `Router` of Starlette may be what is served.
    is_told(name)
        && !name.starts_with("starlette.")
        && matches!(last, "APIRouter" | "Blueprint" | "Router" | "RouteTableDef" | "RoutesDef")
}

/// Classes that a framework may call, and that nothing on the way registers by itself.
fn classes<'a>(types: &Types<'a>, loaded: &[u32]) -> Vec<(Named<'a>, ClassId)> {
    let mut found = Vec::new();
    for &file in loaded {
        for (class, index) in types.facts_at(file).classes.iter().zip(0..) {
            let id = ClassId { file, index };
            if class.bases.is_empty()
                || class.scope != 0
                || class.qualified != class.name
                || !class.decorators.is_empty()
            {
                continue;
            }
            let library = types.library_bases(id);
            let registers = |base: &str| SELF_REGISTERING.iter().any(|known| base.starts_with(known));
            let is_handler = library.iter().any(|base| is_called(base)) && !library.iter().any(|base| registers(base));
            if is_handler && !is_kept(types, id) {
                found.push(((file, class.name), id));
            }
        }
    }
    found
}

/// Whether a metaclass or a hook of a base may keep every class that is made.
fn is_kept(types: &Types<'_>, class: ClassId) -> bool {
    let line = types.ancestry(class);
    let all = line.iter().filter_map(|value| if let Value::Class(class) = value { Some(*class) } else { None });
    all.chain([class]).any(|class| {
        let class = types.class(class);
        class.metaclass.is_some() || class.methods.contains_key("__init_subclass__")
    })
}

/// Whether a module goes through modules, classes or names, or loads what is named by a text.
pub(super) fn walks(types: &Types<'_>, file: u32) -> bool {
    let facts = types.facts_at(file);
    facts.binds_any
        || facts.calls.iter().any(|(index, call)| {
            let name = last_name(&call.func);
            // `getattr(views, name)`
            let of_module = || {
                let frame = types.plain(FunctionId { file, index: *index });
                let [owner, wanted, ..] = &*call.arguments.args else { return false };
                !wanted.is_string_literal_expr()
                    && types.value(owner, frame).iter().any(|value| matches!(value, Value::Module(_)))
            };
            // `model.eval()` is something else.
            let is_meant = || call.func.is_name_expr() || !BUILTIN.contains(&name);
            WALKS.contains(&name) && is_meant() || name == "getattr" && of_module()
        })
}

/// What reads names that are asked about.
struct Reads<'t, 'a> {
    types: &'t Types<'a>,
    names: HashSet<&'a str>,
    /// The calls that make routers.
    makes: HashSet<Made>,
    /// Functions that nothing calls, by their names.
    skipped: HashSet<Made>,
    file: u32,
    has_stars: bool,
    /// Read where it is not known of which module.
    anywhere: HashSet<&'a str>,
    /// Read as names of a module.
    here: HashSet<Named<'a>>,
    /// Asked for an attribute only: `View.as_view()`, `router.get("/")`.
    asked: HashSet<Named<'a>>,
}

impl<'t, 'a> Reads<'t, 'a> {
    fn new(types: &'t Types<'a>) -> Self {
        Self {
            types,
            names: HashSet::default(),
            makes: HashSet::default(),
            skipped: HashSet::default(),
            file: 0,
            has_stars: false,
            anywhere: HashSet::default(),
            here: HashSet::default(),
            asked: HashSet::default(),
        }
    }

    fn module(&self) -> Frame {
        self.types.plain(FunctionId { file: self.file, index: 0 })
    }

    fn import_from(&mut self, import: &'a ast::StmtImportFrom) {
        let from = self.types.facts_at(self.file).file;
        let dotted = import.module.as_ref().map_or("", |module| module.as_str());
        for alias in import.names.iter().filter(|alias| self.names.contains(alias.name.as_str())) {
            let modules = self.types.modules();
            let module = if import.level > 0 {
                modules.relative(from, import.level, dotted)
            } else {
                modules.find(dotted, Some(from))
            };
            match module {
                Some(ModuleRef::File(file)) => {
                    let index = self.types.index_of(file);
                    self.here.extend(index.map(|index| (index, alias.name.as_str())));
                    // What it hands on comes from somewhere else.
                    let binds = index.is_some_and(|index| self.binds(index, alias.name.as_str()));
                    if !binds {
                        self.anywhere.insert(alias.name.as_str());
                    }
                }
                _ => {
                    self.anywhere.insert(alias.name.as_str());
                }
            }
        }
    }

    fn binds(&self, file: u32, name: &str) -> bool {
        let facts = self.types.facts_at(file);
        facts.functions.first().is_some_and(|module| module.bindings.contains_key(name))
    }

    fn attribute(&mut self, attribute: &'a ast::ExprAttribute) {
        let name = attribute.attr.as_str();
        if self.names.contains(name) {
            match *self.types.value(&attribute.value, self.module()) {
                [Value::Module(ModuleRef::File(file))] => {
                    self.here.extend(self.types.index_of(file).map(|index| (index, name)));
                }
                [Value::Object(_) | Value::Class(_) | Value::Instance(_)] => {}
                _ => {
                    self.anywhere.insert(name);
                }
            }
        }
        match &*attribute.value {
            Expr::Name(base) if !ITSELF.contains(&name) => {
                let set = if self.has_stars { &mut self.here } else { &mut self.asked };
                set.insert((self.file, base.id.as_str()));
                if self.has_stars && self.names.contains(base.id.as_str()) {
                    self.anywhere.insert(base.id.as_str());
                }
            }
            value => visitor::Visitor::visit_expr(self, value),
        }
    }
}

impl<'a> visitor::Visitor<'a> for Reads<'_, 'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::ImportFrom(import) => self.import_from(import),
            Stmt::FunctionDef(def) if self.skipped.contains(&(self.file, span_of(&def.name).start)) => return,
            // What is only inherited from runs as the classes below it have it.
            Stmt::ClassDef(def) => {
                let arguments = def.arguments.as_deref();
                let bases = arguments.iter().flat_map(|arguments| &arguments.args);
                let keywords = arguments.iter().flat_map(|arguments| &arguments.keywords);
                let decorators = def.decorator_list.iter().map(|decorator| &decorator.expression);
                let read = bases.filter(|base| !base.is_name_expr() && !base.is_attribute_expr());
                read.chain(keywords.map(|keyword| &keyword.value))
                    .chain(decorators)
                    .for_each(|expr| self.visit_expr(expr));
                return self.visit_body(&def.body);
            }
            _ => {}
        }
        visitor::walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Attribute(attribute) => return self.attribute(attribute),
            Expr::Name(name) if name.ctx.is_load() && self.names.contains(name.id.as_str()) => {
                self.here.insert((self.file, name.id.as_str()));
                if self.has_stars {
                    self.anywhere.insert(name.id.as_str());
                }
            }
            // `users = Blueprint("users", __name__)`
            Expr::Call(call) if self.makes.contains(&(self.file, span_of(call).start)) => return,
            Expr::Call(call) if matches!(last_name(&call.func), "getattr" | "attrgetter") => {
                for argument in &call.arguments.args {
                    if let Expr::StringLiteral(literal) = argument {
                        self.anywhere.extend(self.names.get(literal.value.to_str()));
                    }
                }
            }
            // `"shop.pages:router"`
            Expr::StringLiteral(literal) => {
                if let Some((_, last)) = literal.value.to_str().rsplit_once(['.', ':']) {
                    self.anywhere.extend(self.names.get(last));
                }
            }
            _ => {}
        }
        visitor::walk_expr(self, expr);
    }
}
