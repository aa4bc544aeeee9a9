//! What a rule needs to see and to say.

use std::collections::{BTreeMap, BTreeSet};

use super::{Card, Stated};
use crate::app::Framework;
use crate::deployment::{BaseImage, Database, Deployment, named_for_development};
use crate::source::{Comment, Files};

pub(super) use super::service::{Reach, Service};
pub(super) use super::statement::{Findings, Report};
pub(super) use super::{Rule, Shape, rule};
pub(super) use crate::app::{Application as App, HandlerKind, Interface as AppInterface};
pub(super) use crate::deployment::{Address, DevelopmentServer, Effective as Setting, Layer, Resolved, UnitKind};
pub(super) use crate::findings::{Confidence, Edit, Fix, Severity};
pub(super) use crate::servers::cast::cast;
pub(super) use crate::servers::{Honoured, Interface, Model, Server as ServerName, WorkerClass, table};
pub(super) use crate::source::{FileId, Located, Place, Span};
pub(super) use crate::values::Value;

/// What all rules share.
#[derive(Debug)]
pub struct Context<'a> {
    /// The texts, for places and for edits.
    pub files: &'a Files,
    /// Every server of the project, for what another one makes of the same line.
    pub deployments: &'a [Deployment],
    /// The images that the project builds on or runs.
    pub images: &'a [BaseImage],
    /// The comments of every file.
    pub comments: &'a BTreeMap<FileId, Vec<Comment>>,
    /// The databases that the project runs itself.
    pub databases: &'a [Database],
    /// The names of all variables that a file of the project sets.
    pub variables: &'a BTreeSet<String>,
    /// Parameters that the settings override, by rule and name.
    pub parameters: &'a dyn Parameters,
    /// What the user states about production.
    pub stated: &'a Stated,
}

/// Answers for parameters of rules.
pub trait Parameters: std::fmt::Debug {
    /// The value that the settings give, if they do.
    fn parameter(&self, rule: &str, name: &str) -> Option<f64>;

    /// Whether somebody wants to hear what most projects would not.
    fn is_pedantic(&self) -> bool;
}

impl Context<'_> {
    /// A parameter of a rule: from the settings, else from its card.
    pub(super) fn parameter(&self, card: &Card, name: &str) -> f64 {
        self.parameters.parameter(card.name, name).unwrap_or_else(|| card.parameter(name))
    }

    /// Whether what lies there is for developers or tests, which a service may hold without anybody asking for it.
    pub(super) fn is_aside(&self, place: Place) -> bool {
        named_for_development(self.files.get(place.file).path()).is_some()
    }

    /// The comment on the line that a place begins in, and those right above it: what somebody says about it.
    pub(super) fn remark(&self, place: Place) -> String {
        let file = self.files.get(place.file);
        let mut line = file.line(place.span.start);
        let mut said = Vec::new();
        let here = self.comments.get(&place.file).map_or(&[][..], Vec::as_slice);
        for comment in here.iter().rev() {
            let at = file.line(comment.span.start);
            // Above, only lines of nothing else belong to it.
            let belongs = at == line && said.is_empty() || comment.own_line && at + 1 == line;
            if belongs {
                // What is addressed to farrier names rules, and says nothing about the setting.
                said.push(file.slice(comment.span).split("farrier:").next().unwrap_or_default());
                line = at;
            }
        }
        said.reverse();
        said.join("\n")
    }
}

/// How Python names the object that a server calls.
pub(super) const fn callable(app: &App) -> &'static str {
    match app.framework {
        Framework::FastApi => "FastAPI",
        Framework::Starlette => "Starlette",
        Framework::Quart => "Quart",
        Framework::Litestar => "Litestar",
        Framework::Sanic => "Sanic",
        Framework::BlackSheep => "Application",
        Framework::Django => "ASGIHandler",
        _ => "app",
    }
}

/// A whole number as a floating-point one; counts of workers are far below the loss of precision.
#[allow(clippy::cast_precision_loss, reason = "a setting above 2^52 is refused long before")]
pub(super) fn exact(n: i64) -> f64 {
    n as f64
}
