//! What binds names: definitions, imports, targets of assignments.

use std::collections::BTreeMap;

use super::guards::is_placeholder;
use super::probes::answer_on_loop;
use super::{Class, Function, Import, Outside, Parameter, Reader, last_name, one};
use crate::python::names::{Binding, Bound};
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::{span_of, visitor};
use crate::source::Span;
use crate::values::HashMap;

impl<'a> Reader<'a> {
    pub(super) fn bind(&mut self, name: &'a str, bound: Bound<'a>, at: usize) {
        let block = self.blocks.last().copied().unwrap_or_default();
        let binding = Binding { bound, scope: self.function, at, block };
        if let Some(class) = self.class {
            self.facts.classes[class as usize].fields.entry(name).or_insert_with(one).push(binding);
            return;
        }
        let function = self.current();
        if function.globals.contains(name) {
            // Seen from the module, such an assignment may or may not have happened.
            let binding = Binding { block: Span::new(at, at), ..binding };
            self.facts.functions[0].bindings.entry(name).or_insert_with(one).push(binding);
        } else {
            function.bindings.entry(name).or_insert_with(one).push(binding);
        }
    }

    pub(super) fn bind_target(&mut self, target: &'a Expr, bound: Bound<'a>, at: usize) {
        match target {
            Expr::Name(name) => self.bind(name.id.as_str(), bound, at),
            Expr::Attribute(attribute) => self.bind_attribute(attribute, bound, at),
            Expr::Starred(starred) => self.bind_target(&starred.value, Bound::Opaque, at),
            Expr::Subscript(subscript) => {
                if let Bound::Value { value: Some(value), .. } = bound {
                    self.keep(subscript, bound, at);
                    self.fill(&subscript.value, Bound::Kept(value), at);
                }
            }
            Expr::Tuple(tuple) => self.bind_all(&tuple.elts, bound, at),
            Expr::List(list) => self.bind_all(&list.elts, bound, at),
            _ => {}
        }
    }

    pub(super) fn bind_all(&mut self, targets: &'a [Expr], bound: Bound<'a>, at: usize) {
        for (i, target) in targets.iter().enumerate() {
            let part = match bound {
                Bound::Value { value: Some(value), .. } => Bound::Unpacked(value, i),
                Bound::Item(iterable) => Bound::ItemPart(iterable, i),
                Bound::ItemPart(iterable, outer) => Bound::ItemPartOf(iterable, outer, i),
                _ => Bound::Opaque,
            };
            self.bind_target(target, part, at);
        }
    }

    /// `self.name = ...` in a method is a field of its class, `app.state.name = ...` is known to all.
    pub(super) fn bind_attribute(&mut self, attribute: &'a ast::ExprAttribute, bound: Bound<'a>, at: usize) {
        if let Expr::Attribute(owner) = &*attribute.value
            && matches!(owner.attr.as_str(), "state" | "ctx")
        {
            let binding = Binding { bound, scope: self.function, at, block: Span::new(at, at) };
            let known = self.facts.state.entry(attribute.attr.as_str());
            known.or_insert_with(one).push(binding);
            return;
        }
        let binding = Binding { bound, scope: self.function, at, block: Span::new(at, at) };
        if let Some(class) = self.class_of_receiver(&attribute.value) {
            let fields = &mut self.facts.classes[class as usize].fields;
            fields.entry(attribute.attr.as_str()).or_insert_with(one).push(binding);
        } else {
            let outside = Outside { owner: &attribute.value, binding };
            self.facts.outside.entry(attribute.attr.as_str()).or_insert_with(one).push(outside);
        }
    }

    /// The class whose method this is, if the expression is its first parameter.
    pub(super) fn class_of_receiver(&self, object: &Expr) -> Option<u32> {
        let object = match object {
            // `self.__class__`, `type(self)`
            Expr::Attribute(class) if class.attr.as_str() == "__class__" => &*class.value,
            Expr::Call(call) if last_name(&call.func) == "type" => call.arguments.args.first()?,
            object => object,
        };
        let Expr::Name(object) = object else { return None };
        let function = &self.facts.functions[self.function as usize];
        let first = function.parameters.first()?;
        function.class.filter(|_| first.name == object.id.as_str())
    }

    pub(super) fn qualified(&self, name: &str) -> String {
        let outer = match self.class {
            Some(class) => self.facts.classes[class as usize].qualified.as_str(),
            None => self.facts.functions[self.function as usize].qualified.as_str(),
        };
        if outer.is_empty() { name.to_owned() } else { format!("{outer}.{name}") }
    }

    pub(super) fn index(length: usize) -> u32 {
        u32::try_from(length).unwrap_or(u32::MAX)
    }

    pub(super) fn define(&mut self, def: &'a ast::StmtFunctionDef) {
        self.outside(def);
        let index = Self::index(self.facts.functions.len());
        let name = def.name.as_str();
        let mut function = Function::new(name, self.qualified(name), span_of(&def.name), self.function);
        function.is_async = def.is_async;
        function.class = self.class;
        function.decorators = &def.decorator_list;
        function.returns = def.returns.as_deref();
        function.is_abstract = is_placeholder(&def.body) || def.decorator_list.iter().any(says_abstract);
        let raises = matches!(def.body.last(), Some(ast::Stmt::Raise(_)));
        function.is_refused = function.is_abstract && (raises || def.decorator_list.iter().any(says_abstract));
        function.parameters = parameters(&def.parameters);
        function.on_loop = answer_on_loop(&def.body).filter(|_| !def.is_async);
        self.facts.functions.push(function);
        self.type_parameters(def.type_params.as_deref());
        if let Some(class) = self.class {
            self.facts.classes[class as usize].methods.entry(name).or_insert_with(one).push(index);
        } else {
            self.bind(name, Bound::Function(index), span_of(def).end);
        }
        self.inside(index, span_of(def), |reader| reader.body(&def.body));
    }

    /// `def f[T: Bound](x: T)` and `class C[T: Bound]`: the names mean what bounds them. They are bound
    /// around the definition, where its signature is read.
    fn type_parameters(&mut self, parameters: Option<&'a ast::TypeParams>) {
        for parameter in parameters.into_iter().flat_map(|parameters| &parameters.type_params) {
            if let ast::TypeParam::TypeVar(variable) = parameter
                && let Some(bound) = variable.bound.as_deref()
            {
                self.bind(variable.name.as_str(), Bound::Alias(bound), span_of(parameter).start);
            }
        }
    }

    /// Decorators and defaults run where the function is defined.
    pub(super) fn outside(&mut self, def: &'a ast::StmtFunctionDef) {
        for decorator in &def.decorator_list {
            visitor::Visitor::visit_expr(self, &decorator.expression);
        }
        for parameter in def.parameters.iter_non_variadic_params() {
            if let Some(default) = parameter.default.as_deref() {
                visitor::Visitor::visit_expr(self, default);
            }
        }
    }

    pub(super) fn lambda(&mut self, lambda: &'a ast::ExprLambda) {
        let index = Self::index(self.facts.functions.len());
        let span = span_of(lambda);
        let mut function = Function::new("<lambda>", self.qualified("<lambda>"), span, self.function);
        function.parameters = lambda.parameters.as_deref().map(parameters).unwrap_or_default();
        function.results = vec![&lambda.body];
        self.facts.functions.push(function);
        self.facts.lambdas.insert(span.start, index);
        self.inside(index, span, |reader| {
            visitor::Visitor::visit_expr(reader, &lambda.body);
        });
    }

    pub(super) fn inside(&mut self, index: u32, span: Span, walk: impl FnOnce(&mut Self)) {
        let function = std::mem::replace(&mut self.function, index);
        let class = self.class.take();
        let blocks = std::mem::replace(&mut self.blocks, vec![span]);
        let (kept, once) = (std::mem::take(&mut self.kept), std::mem::take(&mut self.once));
        let names: Vec<_> = self.current().parameters.iter().map(|parameter| parameter.name).collect();
        for (i, name) in names.into_iter().enumerate() {
            self.bind(name, Bound::Parameter(u16::try_from(i).unwrap_or(u16::MAX)), span.start);
        }
        walk(self);
        self.blocks = blocks;
        (self.kept, self.once) = (kept, once);
        self.class = class;
        self.function = function;
    }

    pub(super) fn define_class(&mut self, def: &'a ast::StmtClassDef) {
        for decorator in &def.decorator_list {
            visitor::Visitor::visit_expr(self, &decorator.expression);
        }
        self.type_parameters(def.type_params.as_deref());
        let index = Self::index(self.facts.classes.len());
        let name = def.name.as_str();
        self.facts.classes.push(Class {
            name,
            qualified: self.qualified(name),
            span: span_of(&def.name),
            scope: self.function,
            bases: def.arguments.as_deref().map(|arguments| &*arguments.args).unwrap_or_default(),
            metaclass: metaclass(def),
            decorators: &def.decorator_list,
            parameters: generic_over(def),
            methods: HashMap::default(),
            fields: BTreeMap::new(),
            nested: HashMap::default(),
        });
        match self.class {
            Some(outer) => {
                self.facts.classes[outer as usize].nested.insert(name, index);
            }
            None => self.bind(name, Bound::Class(index), span_of(def).end),
        }
        let outer = self.class.replace(index);
        self.blocks.push(span_of(def));
        self.body(&def.body);
        self.blocks.pop();
        self.class = outer;
    }

    pub(super) fn import(&mut self, import: &'a ast::StmtImport) {
        for alias in &import.names {
            let dotted = alias.name.as_str();
            let (name, whole) = match &alias.asname {
                Some(name) => (name.as_str(), true),
                None => (dotted.split('.').next().unwrap_or(dotted), false),
            };
            self.bind(name, Bound::Import { dotted, whole }, span_of(import).end);
            if self.typing_only == 0 {
                self.facts.imports.push(Import { level: 0, module: dotted, name: None });
            }
        }
    }

    pub(super) fn import_from(&mut self, import: &'a ast::StmtImportFrom) {
        let module = import.module.as_ref().map_or("", |module| module.as_str());
        let level = import.level;
        for alias in &import.names {
            let name = alias.name.as_str();
            if name == "*" {
                self.facts.stars.push((level, module));
            } else {
                let bound_as = alias.asname.as_ref().map_or(name, |asname| asname.as_str());
                self.bind(bound_as, Bound::From { level, module, name }, span_of(import).end);
            }
            if self.typing_only == 0 {
                self.facts.imports.push(Import { level, module, name: Some(name) });
            }
        }
    }
}

/// What a class gives for `metaclass`.
fn metaclass(def: &ast::StmtClassDef) -> Option<&Expr> {
    let mut keywords = def.arguments.as_deref()?.keywords.iter();
    let keyword = keywords.find(|keyword| keyword.arg.as_ref().is_some_and(|name| name.as_str() == "metaclass"))?;
    Some(&keyword.value)
}

/// `@abstractmethod`, whatever the body does for those who ask it by `super()`.
fn says_abstract(decorator: &ast::Decorator) -> bool {
    match &decorator.expression {
        Expr::Name(name) => name.id.as_str() == "abstractmethod",
        Expr::Attribute(attribute) => attribute.attr.as_str() == "abstractmethod",
        _ => false,
    }
}

/// The type parameters of a class: those in its own brackets, or those of `Generic[...]`, or whatever
/// stands in the brackets of its bases.
fn generic_over(def: &ast::StmtClassDef) -> Vec<&str> {
    if let Some(parameters) = def.type_params.as_deref() {
        return parameters.type_params.iter().map(|parameter| parameter.name().as_str()).collect();
    }
    let bases = def.arguments.as_deref().map(|arguments| &*arguments.args).unwrap_or_default();
    let subscripts =
        || bases.iter().filter_map(|base| if let Expr::Subscript(base) = base { Some(base) } else { None });
    let says_so = |base: &&ast::ExprSubscript| match &*base.value {
        Expr::Name(name) => matches!(name.id.as_str(), "Generic" | "Protocol"),
        Expr::Attribute(attribute) => matches!(attribute.attr.as_str(), "Generic" | "Protocol"),
        _ => false,
    };
    let mut found: Vec<&str> = Vec::new();
    for base in subscripts().find(says_so).into_iter().chain(subscripts()) {
        let arguments = match &*base.slice {
            Expr::Tuple(tuple) => &tuple.elts[..],
            one => std::slice::from_ref(one),
        };
        for argument in arguments {
            if let Expr::Name(name) = argument
                && !found.contains(&name.id.as_str())
            {
                found.push(name.id.as_str());
            }
        }
    }
    found
}

fn parameters(parameters: &ast::Parameters) -> Vec<Parameter<'_>> {
    let mut all = Vec::new();
    for parameter in parameters.posonlyargs.iter().chain(&parameters.args) {
        all.push(with_default(parameter, true));
    }
    all.extend(parameters.vararg.as_deref().map(|parameter| variadic(parameter, false)));
    for parameter in &parameters.kwonlyargs {
        all.push(with_default(parameter, false));
    }
    all.extend(parameters.kwarg.as_deref().map(|parameter| variadic(parameter, true)));
    all
}

fn with_default(parameter: &ast::ParameterWithDefault, positional: bool) -> Parameter<'_> {
    Parameter {
        name: parameter.parameter.name.as_str(),
        annotation: parameter.parameter.annotation.as_deref(),
        default: parameter.default.as_deref(),
        positional,
        variadic: false,
        keywords: false,
    }
}

fn variadic(parameter: &ast::Parameter, keywords: bool) -> Parameter<'_> {
    let name = parameter.name.as_str();
    Parameter { name, annotation: None, default: None, positional: false, variadic: true, keywords }
}
