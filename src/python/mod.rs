//! The Python language, without any server.
//!
//! Decides what a Python file says: its syntax, the value of an expression, which module a name
//! comes from, what a function may do when called. Nothing of it is ever run.

pub mod calls;
pub mod catalogue;
pub mod deeds;
pub mod effects;
pub mod evaluate;
pub mod frameworks;
pub mod launches;
pub mod logging_file;
pub mod modules;
pub mod names;
pub mod patching;
pub mod renames;
pub mod syntax;
pub mod test_imports;
pub mod types;
