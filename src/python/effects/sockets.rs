//! Sockets of which a read or a write never waits: those that are switched to non-blocking mode, wherever the object
//! does that, and those that the loop has said are ready.

use super::expand::Work;
use crate::python::calls::last_name;
use crate::python::catalogue;
use crate::python::names::Bound;
use crate::python::syntax::ast::Expr;
use crate::python::types::{ClassId, Frame, FunctionId, Value};

/// Methods that return at once on whatever can be switched like a socket; what else it has may wait all the same.
const AT_ONCE: [&str; 6] = ["recv", "recv_stderr", "send", "send_stderr", "sendall", "sendall_stderr"];
/// Methods that have the loop call a function when there is something to read or room to write.
const READY: [&str; 2] = ["add_reader", "add_writer"];

impl<'a> Work<'_, 'a> {
    /// Whether a method of an object is one that does not wait, because the object is non-blocking.
    pub(super) fn returns_at_once(&self, ty: &str, method: &str, object: &'a Expr) -> bool {
        let is_switched = ty.starts_with("socket.socket")
            || AT_ONCE.contains(&method)
                && catalogue::known_type(ty).is_some_and(|known| known.mentions("setblocking"));
        is_switched && self.is_nonblocking(object)
    }

    /// Whether a socket is non-blocking, as far as the function, those around it or the class say.
    fn is_nonblocking(&self, socket: &'a Expr) -> bool {
        let mut id = self.frame.function;
        loop {
            if self.types.function(id).sets_nonblocking {
                return true;
            }
            if id.index == 0 {
                break;
            }
            id.index = self.types.function(id).parent;
        }
        let Expr::Attribute(attribute) = socket else { return false };
        let owners = self.types.value(&attribute.value, self.frame);
        let name = attribute.attr.as_str();
        !owners.is_empty()
            && owners.iter().all(|owner| match owner {
                Value::Object(class) => {
                    let mut made = self.kept_in(*class, name).into_iter().filter(|(bound, _)| {
                        !matches!(bound, Bound::Value { value: Some(Expr::NoneLiteral(_)) | None, .. })
                    });
                    made.next().is_some_and(|first| {
                        self.is_kept_nonblocking(*class, first) && made.all(|one| self.is_kept_nonblocking(*class, one))
                    })
                }
                _ => false,
            })
    }

    /// Whether a socket is switched where an object gets it, or where whoever makes the object hands it over.
    fn is_kept_nonblocking(&self, class: ClassId, (bound, frame): (Bound<'a>, Frame)) -> bool {
        if self.sets_nonblocking(frame.function) {
            return true;
        }
        let function = self.types.function(frame.function);
        let is_given = |name: &str| function.parameters.iter().any(|parameter| parameter.name == name);
        let Bound::Value { value: Some(Expr::Name(name)), .. } = bound else { return false };
        let made = self.types.calls_of(self.types.class(class).name);
        function.name == "__init__"
            && is_given(name.id.as_str())
            && self.types.below(class).is_empty()
            && !made.is_empty()
            && made.iter().all(|(caller, _)| self.sets_nonblocking(*caller))
    }

    fn sets_nonblocking(&self, function: FunctionId) -> bool {
        self.types.function(function).sets_nonblocking
    }

    /// Whether the loop calls this function when something can be read or written: `loop.add_reader(fd, self.read)`.
    pub(super) fn is_called_when_ready(&self) -> bool {
        let function = self.types.function(self.frame.function);
        READY.iter().flat_map(|name| self.types.calls_of(name)).any(|(caller, call)| {
            let Some(callback) = call.arguments.args.get(1).filter(|given| last_name(given) == function.name) else {
                return false;
            };
            let is_meant =
                |value: &Value<'a>| matches!(value, Value::Function(target) if target.function == self.frame.function);
            self.types.value(callback, self.types.plain(caller)).iter().any(is_meant)
        })
    }
}
