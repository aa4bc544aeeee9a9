//! Functions of the loaded modules that nothing of the served program calls: another program's.

use super::{FunctionId, Types, Value};
use crate::python::calls::last_name;
use crate::python::syntax::ast;

/// Through how many callers it is looked for one that is called.
const MAX_CALLERS: u8 = 4;
/// How many calls of one name are looked at.
const MAX_CALLS: usize = 48;
/// Libraries whose decorators make commands of functions.
const OF_COMMANDS: [&str; 3] = ["click", "typer", "asyncclick"];

impl<'a> Types<'a> {
    /// Whether nothing that is loaded leads to a function of a module, but a command line.
    pub(super) fn is_never_called(&self, id: FunctionId) -> bool {
        if let Some(&known) = self.never_called.borrow().get(&id) {
            return known;
        }
        let found = self.is_called_by_nobody(id, 0);
        self.never_called.borrow_mut().insert(id, found);
        found
    }

    fn is_called_by_nobody(&self, id: FunctionId, depth: u8) -> bool {
        let function = self.function(id);
        let is_plain = id.index != 0 && function.parent == 0 && function.class.is_none();
        if !is_plain || depth >= MAX_CALLERS || !self.is_undecorated_or_command(id) {
            return false;
        }
        let sites = self.sites();
        let calls = sites.calls.get(function.name).map(Vec::as_slice).unwrap_or_default();
        (function.name != "__main__" || self.is_of_another_program(id.file))
            && calls.len() <= MAX_CALLS
            && !sites.handed.contains(function.name)
            && !sites.renamed.contains(function.name)
            && calls.iter().all(|(caller, call)| {
                self.is_called_by_nobody(*caller, depth + 1) || self.calls_another(id, *caller, call)
            })
    }

    /// Whether what a call means is known, and is another function of that name.
    fn calls_another(&self, id: FunctionId, caller: FunctionId, call: &'a ast::ExprCall) -> bool {
        let callees = self.value(&call.func, self.plain(caller));
        let is_it = |value: &Value<'a>| match value {
            Value::External(_) | Value::Member(..) | Value::Class(_) => false,
            Value::Function(target) => target.function == id,
            _ => true,
        };
        !callees.is_empty() && !callees.iter().any(is_it)
    }

    /// Whether no decorator leads to a function, but those that make a command of it.
    fn is_undecorated_or_command(&self, id: FunctionId) -> bool {
        let function = self.function(id);
        let has_commands = || {
            let imports = &self.facts_at(id.file).imports;
            imports
                .iter()
                .any(|import| OF_COMMANDS.iter().any(|library| import.module.split('.').next() == Some(library)))
        };
        let is_command = |decorator: &ast::Decorator| {
            matches!(
                last_name(&decorator.expression),
                "argument"
                    | "command"
                    | "confirmation_option"
                    | "group"
                    | "option"
                    | "pass_context"
                    | "pass_obj"
                    | "version_option"
            )
        };
        function.decorators.is_empty() || function.decorators.iter().all(is_command) && has_commands()
    }
}
