//! From text to the facts of one file, one file of code per format.
//!
//! Decides what a file says, not what it means together with others: joining a compose service
//! with the image it builds is `deployment`'s, calling a value wrong is a rule's.

mod facts;

pub use facts::{
    Build, Command, Copied, Facts, Form, Limits, Requirement, Unit, UnitKind, Variable,
};
