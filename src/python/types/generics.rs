//! What the parameters of a generic class stand for in a subclass that binds them.
//!
//! `class Users(Repository[User])`: inside of what it inherits, `T` is a `User`. Which class a method is
//! called on travels in the environment of its frame.

use super::{ClassId, Entry, Frame, FunctionId, Types, Value};
use crate::python::syntax::ast::Expr;

/// How many classes are climbed through.
const MAX_CLIMB: usize = 8;

impl<'a> Types<'a> {
    /// What says in an environment on which class the members of a generic class are read.
    pub(super) fn bound_class(&self, owner: ClassId, receiver: ClassId) -> Option<Entry<'a>> {
        let generic = owner != receiver && !self.class(owner).parameters.is_empty();
        generic.then(|| ((body_of(owner), 0), Value::Object(receiver)))
    }

    /// The values of a type parameter, where a subclass binds it.
    pub(super) fn type_parameter(&self, name: &str, frame: Frame) -> Option<Vec<Value<'a>>> {
        for ((body, _), value) in self.entries_of(frame.environment).iter() {
            let (Some(owner), Value::Object(receiver)) = (class_of(*body), value) else { continue };
            let Some(position) = self.class(owner).parameters.iter().position(|known| *known == name) else {
                continue;
            };
            if let Some((argument, class)) = self.type_argument(*receiver, owner, position, MAX_CLIMB) {
                let scope = FunctionId { file: class.file, index: self.class(class).scope };
                return Some(self.annotation(argument, self.plain(scope)));
            }
        }
        None
    }

    /// What is written for a parameter of `owner` on the way up from `class`, and the class that writes it.
    fn type_argument(
        &self,
        class: ClassId,
        owner: ClassId,
        position: usize,
        climb: usize,
    ) -> Option<(&'a Expr, ClassId)> {
        if climb == 0 {
            return None;
        }
        let frame = self.plain(FunctionId { file: class.file, index: self.class(class).scope });
        for base in self.class(class).bases {
            let (base, arguments) = match base {
                Expr::Subscript(subscript) => match &*subscript.slice {
                    Expr::Tuple(tuple) => (&*subscript.value, &tuple.elts[..]),
                    one => (&*subscript.value, std::slice::from_ref(one)),
                },
                other => (other, &[][..]),
            };
            for value in self.value(base, frame).iter() {
                let Value::Class(base) = *value else { continue };
                if base == owner {
                    return arguments.get(position).map(|argument| (argument, class));
                }
                let Some((argument, writer)) = self.type_argument(base, owner, position, climb - 1) else { continue };
                let Expr::Name(name) = argument else { return Some((argument, writer)) };
                let parameters = &self.class(base).parameters;
                let own = parameters.iter().position(|known| writer == base && *known == name.id.as_str());
                return match own {
                    Some(own) => arguments.get(own).map(|argument| (argument, class)),
                    None => Some((argument, writer)),
                };
            }
        }
        None
    }
}

/// What stands for the body of a class where functions are told apart.
fn body_of(class: ClassId) -> FunctionId {
    FunctionId { file: class.file, index: u32::MAX - 1 - class.index }
}

/// Whether something stands for the body of a class.
pub(super) fn is_body(function: FunctionId) -> bool {
    class_of(function).is_some()
}

fn class_of(body: FunctionId) -> Option<ClassId> {
    let index = (u32::MAX - 1).checked_sub(body.index)?;
    // No file has as many functions as would be taken for the body of a class.
    (body.file != u32::MAX && index < u32::MAX / 2).then_some(ClassId { file: body.file, index })
}
