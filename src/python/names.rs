//! Scopes: what binds a name, and which bindings a use of it can see.

use super::syntax::ast;
use crate::source::Span;

/// What gives a name its value.
#[derive(Debug, Clone, Copy)]
pub enum Bound<'a> {
    /// `import dotted`, which binds its first part, or `import dotted as name`, which binds the whole.
    Import {
        /// The module, as written.
        dotted: &'a str,
        /// Whether the name stands for the whole of it.
        whole: bool,
    },
    /// `from module import name`, with the number of leading dots.
    From {
        /// Leading dots.
        level: u32,
        /// The module, empty for `from . import name`.
        module: &'a str,
        /// What is taken from it.
        name: &'a str,
    },
    /// A function of the same file, by its index.
    Function(u32),
    /// A class of the same file, by its index.
    Class(u32),
    /// `name = value`, with or without an annotation.
    Value {
        /// The value, absent for a bare annotation.
        value: Option<&'a ast::Expr>,
        /// The annotation.
        annotation: Option<&'a ast::Expr>,
    },
    /// `with context as name`.
    With(&'a ast::Expr),
    /// `for name in iterable`.
    Item(&'a ast::Expr),
    /// One of several targets of an assignment, by position.
    Unpacked(&'a ast::Expr, usize),
    /// One of several targets of a loop, by position.
    ItemPart(&'a ast::Expr, usize),
    /// A position inside such a position: `for i, (key, value) in enumerate(pairs)`.
    ItemPartOf(&'a ast::Expr, usize, usize),
    /// A container is given one more element.
    Held(&'a ast::Expr),
    /// A mapping is given one more value.
    Kept(&'a ast::Expr),
    /// A container that a mapping holds is given one more element.
    KeptHeld(&'a ast::Expr),
    /// A container is given all that another one holds.
    HeldAll(&'a ast::Expr),
    /// `isinstance(name, type)` holds.
    Narrowed(&'a ast::Expr),
    /// A parameter, by position.
    Parameter(u16),
    /// `type Name = annotation`.
    Alias(&'a ast::Expr),
    /// Bound to something that is not followed.
    Opaque,
}

/// One binding of a name.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'a> {
    /// What it is bound to.
    pub bound: Bound<'a>,
    /// Index of the function whose scope the right-hand side is read in.
    pub scope: u32,
    /// Offset from which on it holds.
    pub at: usize,
    /// The block it stands in; in it, and in blocks inside it, it replaces what was bound before.
    pub block: Span,
}

/// The bindings that a use at `at` in the same scope can see: those before it that no later one
/// replaces for sure. A use before every binding (inside a loop) sees them all.
pub fn visible<'b, 'a>(bindings: &'b [Binding<'a>], at: usize) -> Vec<&'b Binding<'a>> {
    let mut seen: Vec<&Binding<'a>> = Vec::new();
    for binding in bindings.iter().filter(|binding| binding.at <= at) {
        if binding.block.start <= at && at < binding.block.end {
            seen.clear();
        }
        seen.push(binding);
    }
    if seen.is_empty() { bindings.iter().collect() } else { seen }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(at: usize, block: (usize, usize)) -> Binding<'static> {
        Binding { bound: Bound::Opaque, scope: 0, at, block: Span::new(block.0, block.1) }
    }

    fn seen(bindings: &[Binding<'_>], at: usize) -> Vec<usize> {
        visible(bindings, at).iter().map(|binding| binding.at).collect()
    }

    #[test]
    fn a_later_binding_of_the_same_block_replaces_an_earlier_one() {
        let bindings = [binding(5, (0, 100)), binding(20, (0, 100))];
        assert_eq!(seen(&bindings, 10), [5]);
        assert_eq!(seen(&bindings, 30), [20]);
        assert_eq!(seen(&bindings, 1), [5, 20]);
    }

    #[test]
    fn branches_add_up_behind_them_and_stand_alone_inside() {
        let branches = [binding(5, (0, 100)), binding(20, (18, 30)), binding(40, (38, 50))];
        assert_eq!(seen(&branches, 25), [20]);
        assert_eq!(seen(&branches, 45), [40]);
        assert_eq!(seen(&branches, 60), [5, 20, 40]);
    }
}
