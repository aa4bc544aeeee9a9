//! Files of platforms.
//!
//! Decides what a platform is told: which commands it runs, with which variables, in which image, and
//! within which bounds. Whether a `Procfile` or a Dockerfile beside the file says the rest is `deployment`'s.

mod app_engine;
mod azure;
mod beanstalk;
mod digital_ocean;
mod ecs;
mod fly;
mod heroku;
mod known;
mod railway;
pub(super) mod reader;
mod render;
#[allow(dead_code, reason = "only the build checks what the files say")]
mod schema;
#[cfg(test)]
mod tests;

pub(super) use app_engine::read as read_app_engine;
pub(super) use azure::read as read_azure;
pub(super) use beanstalk::read as read_beanstalk;
pub(super) use digital_ocean::read as read_digital_ocean;
pub(super) use ecs::read as read_ecs_task;
pub(super) use fly::read as read_fly;
pub(super) use heroku::{read_app_json, read_heroku_yaml};
pub use known::home_of_processes;
pub(super) use railway::{read as read_railway, read_nixpacks};
pub(super) use render::read as read_render;
