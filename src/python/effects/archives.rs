//! Archives that are kept in memory: no disk is asked, but what is packed and unpacked takes the processor.

use super::expand::Work;
use crate::python::catalogue::{Category, Effect, Weight};
use crate::python::syntax::ast::{self, Expr};
use crate::python::types::{Frame, Value, is_in_memory};

const ARCHIVES: [&str; 5] = ["bz2.BZ2File", "gzip.GzipFile", "lzma.LZMAFile", "tarfile.TarFile", "zipfile.ZipFile"];
/// Keywords by which a zip file is told to pack what is written to it.
const PACKING: [&str; 2] = ["compression", "compress_type"];

impl<'a> Work<'_, 'a> {
    /// What a method of an archive does, where that is known to be in memory.
    pub(super) fn in_archive(&self, class: &str, method: &str, effect: Effect, call: &'a ast::ExprCall) -> Effect {
        let Expr::Attribute(attribute) = &*call.func else { return effect };
        if !ARCHIVES.contains(&class) {
            return effect;
        }
        let made = self.makings(&attribute.value);
        if made.is_empty() || !made.iter().all(|(made, frame)| self.is_given_memory(made, *frame)) {
            return effect;
        }
        // A zip file is not packed unless somebody says so.
        let packs = |call: &ast::ExprCall| PACKING.iter().any(|name| call.arguments.find_keyword(name).is_some());
        let stores = class == "zipfile.ZipFile"
            && method.starts_with("write")
            && !packs(call)
            && !made.iter().any(|(made, _)| packs(made) || made.arguments.args.len() > 2);
        // One member of a file that fits into memory is little.
        let reads_one = class == "zipfile.ZipFile" && matches!(method, "open" | "read");
        let weight = if stores || reads_one { Weight::Slight } else { effect.weight };
        Effect { category: Category::Cpu, weight, ..effect }
    }

    /// Whether an argument of a call is a file in memory.
    pub(super) fn is_given_memory(&self, call: &'a ast::ExprCall, frame: Frame) -> bool {
        let named = call.arguments.keywords.iter().map(|keyword| &keyword.value);
        call.arguments.args.iter().chain(named).any(|given| {
            let values = self.types.value(given, frame);
            let is_memory = |value: &Value<'a>| match value {
                Value::Instance(ty) => is_in_memory(ty),
                // `class Buffer(io.RawIOBase)`
                Value::Object(class) => {
                    self.types.library_bases(*class).iter().any(|base| is_in_memory(base) || base.starts_with("io."))
                }
                _ => false,
            };
            !values.is_empty() && values.iter().all(is_memory)
        })
    }
}
