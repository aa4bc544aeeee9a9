//! Which calls of Rust's libraries block, and what they give.
//!
//! The same shape as that of Python's libraries. A type marked `dynamic` is a trait: its methods are called on whatever
//! has it in scope.

use std::sync::OnceLock;

use crate::python::catalogue::{Call, Catalogue, Library, Type};
pub(super) use crate::python::catalogue::{Category, Weight};
use crate::values::HashMap;

/// What a blocking call does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// What it waits for.
    pub category: Category,
    /// How long.
    pub weight: Weight,
    /// What to use instead; follows "use".
    pub instead: &'static str,
    /// The package that it belongs to.
    pub library: &'static str,
}

/// The catalogue, ready to be asked.
#[derive(Debug)]
pub(super) struct Known {
    calls: HashMap<&'static str, (&'static Library, &'static Call)>,
    types: HashMap<&'static str, (&'static Library, &'static Type)>,
    made: HashMap<&'static str, &'static str>,
}

/// A function that blocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockingCall {
    /// What it does.
    pub(super) effect: Effect,
    /// Whether it blocks only as far as one of its arguments does.
    pub(super) as_arguments: bool,
    /// Whether a first argument of no length makes it return at once.
    pub(super) unless_zero: bool,
}

/// The compiled-in catalogue.
pub(super) fn known() -> &'static Known {
    static KNOWN: OnceLock<(Catalogue, OnceLock<Known>)> = OnceLock::new();
    let (catalogue, known) = KNOWN.get_or_init(|| {
        let bytes = include_bytes!(concat!(env!("OUT_DIR"), "/rust_calls.postcard"));
        // The build has written them with the same types.
        (postcard::from_bytes(bytes).unwrap_or(Catalogue { library: Vec::new() }), OnceLock::new())
    });
    known.get_or_init(|| {
        let mut found = Known { calls: HashMap::default(), types: HashMap::default(), made: HashMap::default() };
        for library in &catalogue.library {
            for call in &library.call {
                found.calls.extend(call.names.iter().map(|name| (name.as_str(), (library, call))));
            }
            for ty in &library.types {
                let names = std::iter::once(&ty.name).chain(&ty.alias);
                found.types.extend(names.map(|name| (name.as_str(), (library, ty))));
                found.made.extend(ty.from.iter().map(|name| (name.as_str(), ty.name.as_str())));
            }
        }
        found
    })
}

impl Known {
    /// What calling a function does, if it blocks.
    pub(super) fn call(&self, path: &str) -> Option<BlockingCall> {
        let (library, call) = self.calls.get(path)?;
        let effect = Effect {
            category: call.category,
            weight: call.weight,
            instead: call.instead.as_deref().unwrap_or(&library.instead),
            library: &library.distribution,
        };
        Some(BlockingCall { effect, as_arguments: call.lazy, unless_zero: !call.unless.is_empty() })
    }

    /// The type that a function makes.
    pub(super) fn made_by(&self, path: &str) -> Option<&'static str> {
        self.made.get(path).copied()
    }

    /// Whether there is such a type.
    pub(super) fn has(&self, ty: &str) -> bool {
        self.types.contains_key(ty)
    }

    /// What a method of a type does, if it blocks.
    pub(super) fn method(&self, ty: &str, name: &str) -> Option<Effect> {
        let (library, data) = self.types.get(ty)?;
        let named = data.block.iter().any(|one| one == name);
        let all = data.block.iter().any(|one| one == "*") && !data.safe.iter().any(|one| one == name);
        if !named && (!all || KEEPING.contains(&name)) {
            return None;
        }
        let is_slight = data.slight.iter().any(|one| one == name);
        Some(Effect {
            category: data.category,
            weight: if is_slight { Weight::Slight } else { data.weight },
            instead: data.instead.as_deref().unwrap_or(&library.instead),
            library: &library.distribution,
        })
    }

    /// The type of what a method of a type gives, if that is another one.
    pub(super) fn gives(&self, ty: &str, name: &str) -> Option<&'static str> {
        self.types.get(ty)?.1.gives.get(name).map(String::as_str)
    }

    /// The category of all that a type's methods wait for.
    pub(super) fn category(&self, ty: &str) -> Option<Category> {
        Some(self.types.get(ty)?.1.category)
    }

    /// What a method that a trait brings does, and whether it needs a connection among its arguments.
    pub(super) fn of_trait(&self, path: &str, name: &str) -> Option<(Effect, bool)> {
        let (_, data) = self.types.get(path).filter(|(_, data)| data.dynamic)?;
        Some((self.method(path, name)?, !data.construct_needs.is_empty()))
    }
}

/// Methods that give what they are called on, whatever that is.
pub(super) const KEEPING: [&str; 46] = [
    "unwrap",
    "expect",
    "unwrap_or_default",
    "unwrap_or_else",
    "unwrap_or",
    "as_ref",
    "as_mut",
    "as_deref",
    "as_deref_mut",
    "clone",
    "cloned",
    "copied",
    "borrow",
    "borrow_mut",
    "lock",
    "lock_owned",
    "read",
    "write",
    "to_owned",
    "deref",
    "deref_mut",
    "into_inner",
    "get_ref",
    "get_mut",
    "ok",
    "ok_or",
    "ok_or_else",
    "map_err",
    "context",
    "with_context",
    "by_ref",
    "as_mut_slice",
    "take",
    "replace",
    "inspect",
    "inspect_err",
    "or_else",
    "or",
    "into_owned",
    "try_lock",
    "blocking_lock",
    "upgrade",
    "downgrade",
    "get_or_init",
    "load",
    "load_full",
];
