//! Queries of object-relational mappers that have been put together but not sent: what their methods give, and
//! whose instances their rows are.
//!
//! Which class makes them and which methods keep them is in the catalogue: `Row` for a row, `[Row]` for several,
//! `Self` for a query of the same rows.

use std::rc::Rc;

use super::{ClassId, Query, Types, Value};
use crate::python::catalogue::{self, KnownType};
use crate::python::syntax::ast::Expr;

/// The class of the queries of Django.
pub const QUERY: &str = "django.db.models.query.QuerySet";
/// The class of the managers for the other side of a relation, which Django makes for each.
pub(super) const RELATED: &str = "django.db.models.fields.related_descriptors.create_reverse_many_to_one_manager";

/// In the catalogue, an instance of the class whose method is called.
const SELF: &str = "Self";
/// An instance of it and something else, as a tuple.
const SELF_FIRST: &str = "(Self, ...)";
/// In the catalogue, an instance of the class whose rows a query is for.
const ROW: &str = "Row";
/// Such instances, which have been fetched.
const ROWS: &str = "[Row]";

impl<'a> Types<'a> {
    /// What a method that a class of the project inherits from a library gives, where that depends on the class:
    /// its instances, or a query for them. `None` where it does not.
    pub(super) fn given_to_class(
        &self,
        ty: &str,
        method: &str,
        called: &'a Expr,
        frame: super::Frame,
    ) -> Option<Vec<Value<'a>>> {
        let Expr::Attribute(called) = called else { return None };
        let given = catalogue::known_type(ty)?.gives(method)?;
        let of = |given: fn(ClassId, &str) -> Value<'a>, name: &str| {
            let owners = self.value(&called.value, frame);
            let classes = owners.iter().filter_map(|owner| match owner {
                Value::Class(class) | Value::Object(class) => Some(*class),
                _ => None,
            });
            classes.map(|class| given(class, name)).collect::<Vec<_>>()
        };
        match given {
            SELF => Some(of(|class, _| Value::Object(class), "")),
            SELF_FIRST => {
                let made: Rc<[Value<'a>]> = of(|class, _| Value::Object(class), "").into();
                Some(Self::parts(vec![made, Rc::new([])]))
            }
            query if has_rows(query) => {
                let found = of(Value::rows, query);
                // Of a class that is not followed, the query is all that is known.
                (!found.is_empty()).then_some(found)
            }
            _ => None,
        }
    }

    /// What an attribute that a class of the project inherits from a library holds: a query for its rows.
    pub(super) fn rows_of(class: ClassId, base: &str, name: &str) -> Option<Value<'a>> {
        let query = catalogue::known_type(base)?.holds(name)?;
        has_rows(query).then(|| Value::rows(class, query))
    }

    /// What a method of a query gives.
    pub(super) fn rows_call(&self, query: &Rc<Query<'a>>, method: &str) -> Vec<Value<'a>> {
        if is_of_django(&query.class) {
            return self.rows_of_django(query, method);
        }
        match catalogue::known_type(&query.class).and_then(|known| known.gives(method)) {
            Some(ROW) => vec![query.row.clone()],
            Some(ROWS) => vec![Value::Items(Rc::new(query.row.clone()))],
            Some(SELF) => vec![Value::Rows(Rc::new(Query { fetched: false, ..(**query).clone() }))],
            Some(other) => vec![Value::Instance(other.into())],
            None => Vec::new(),
        }
    }

    fn rows_of_django(&self, query: &Rc<Query<'a>>, method: &str) -> Vec<Value<'a>> {
        let row = || query.row.clone();
        let plain = method.strip_prefix('a').filter(|rest| has_twin(rest)).unwrap_or(method);
        match plain {
            "get" | "first" | "last" | "create" | "earliest" | "latest" | "create_user" | "create_superuser"
            | "get_by_natural_key" => vec![row()],
            "get_or_create" | "update_or_create" => Self::parts(vec![Rc::new([row()]), Rc::new([])]),
            "bulk_create" => vec![Value::Items(Rc::new(row()))],
            "in_bulk" => vec![Value::Mapping(Rc::new(row()))],
            "values" | "values_list" | "dates" | "datetimes" | "raw" => vec![Value::Instance(QUERY.into())],
            "all" | "get_queryset" if query.fetched => vec![Value::Rows(Rc::clone(query))],
            "filter" | "exclude" | "all" | "order_by" | "select_related" | "prefetch_related" | "annotate"
            | "alias" | "distinct" | "only" | "defer" | "using" | "none" | "reverse" | "select_for_update"
            | "complex_filter" | "extra" | "iterator" | "union" | "intersection" | "difference" | "get_queryset" => {
                self.put_together(query)
            }
            "db_manager" => vec![Value::Rows(Rc::clone(query))],
            _ => Vec::new(),
        }
    }

    /// What a method of a library's class gives; of a query whose rows are not followed, nothing for a row.
    pub(super) fn member_call(ty: &Rc<str>, path: &str) -> Option<Value<'a>> {
        let known = catalogue::known_type(ty);
        let given = known.and_then(|known| known.gives(path)).or_else(|| catalogue::made_by(&format!("{ty}.{path}")));
        let given = match given {
            Some(SELF) => Some(&**ty),
            Some(ROW | ROWS | SELF_FIRST) => return None,
            other => other,
        };
        let any = || known.filter(|known| known.mentions(path) && known.method(path).is_none())?.gives("*");
        given.or_else(any).map(|given| Value::Instance(given.into()))
    }
}

/// Whether a class is one of queries for the instances of a class.
fn has_rows(query: &str) -> bool {
    catalogue::known_type(query).and_then(|known: KnownType| known.gives("[]")) == Some(ROW)
}

/// Whether a class is that of the queries of Django, or of its managers for the other side of a relation.
pub(super) fn is_of_django(class: &str) -> bool {
    class == QUERY || class == RELATED
}

/// Whether this is a method of a query of Django that has an asynchronous twin.
fn has_twin(method: &str) -> bool {
    matches!(
        method,
        "get"
            | "first"
            | "last"
            | "create"
            | "earliest"
            | "latest"
            | "get_or_create"
            | "update_or_create"
            | "bulk_create"
            | "in_bulk"
            | "iterator"
            | "create_user"
            | "create_superuser"
            | "get_by_natural_key"
    )
}

impl Query<'_> {
    /// Whether a method needs no more than the rows, which may have been fetched.
    pub fn answers(&self, method: &str) -> bool {
        // Others ask again.
        self.fetched
            && is_of_django(&self.class)
            && matches!(method, "count" | "exists" | "first" | "last" | "contains")
    }
}

impl Value<'_> {
    /// A query of a library's class for the instances of a class of the project.
    pub(super) fn rows(row: ClassId, class: &str) -> Self {
        Self::rows_for(Value::Object(row), class, Rc::new([]))
    }

    /// As [`rows`](Self::rows), for whatever the rows are, and with classes of the project that add to it.
    pub(super) fn rows_for(row: Self, class: &str, own: Rc<[ClassId]>) -> Self {
        Self::Rows(Rc::new(Query { row, class: class.into(), own, behind: None, fetched: false }))
    }

    /// The library's class of an instance, or of a query whose rows have not been fetched.
    pub fn library_class(&self) -> Option<&Rc<str>> {
        match self {
            Self::Instance(class) => Some(class),
            Self::Rows(query) if !query.fetched => Some(&query.class),
            _ => None,
        }
    }
}
