//! Fires when a value is not what its line says: it loses to another one, or is read in another way.

use super::prelude::*;
use crate::deployment::{Candidate, Site};

pub(super) const RULE: Rule = rule!("overridden-or-fragile-value", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    abbreviated(service, out);
    decimal_umask(service, context, out);
    if !service.in_production() {
        return;
    }
    repeated(service, context, out);
    for (name, setting) in service.deployment.settings.iter() {
        let winner = &setting.winner;
        let Some((value, place)) = setting.value().zip(setting.place()) else { continue };
        // Where a server listens is another place in a container than on a machine, with one file for both.
        if name == "bind" {
            continue;
        }
        let strong = matches!(winner.layer, Layer::OptionsVariable | Layer::CommandLine);
        if !strong || !winner.is_settled() {
            continue;
        }
        // A value with an explicit way out of the file, such as a variable, is meant to be replaced.
        let is_weak = |layer: Layer| layer == Layer::ConfigFile || layer == Layer::OptionsVariable;
        let Some(loser) = setting.overridden.iter().find(|other| is_weak(other.layer) && other.is_settled()) else {
            continue;
        };
        let (Resolved::Known(lost), Some(lost_place)) = (&loser.value, loser.place) else { continue };
        if lost == value || loser.layer == winner.layer || used_elsewhere(service, context, name, lost_place) {
            continue;
        }
        out.report(
            lost_place,
            "loses",
            format!("`{name} = {lost}` is overridden: {value} from the {} is what counts", describe(winner.layer)),
        )
        .related(place, format!("sets {value}"))
        .help("keep one of the two")
        .fix(loser.remove(context.files).map(|edits| Fix::safe(format!("remove the `{name}` that loses"), edits)));
    }
}

/// An option that one written command gives twice, with different values.
fn repeated(service: &Service, context: &Context, out: &mut Findings) {
    for (name, setting) in service.deployment.settings.iter() {
        let winner = &setting.winner;
        // What comes out of a variable with further words is meant to be replaced.
        let flag = |candidate: &Candidate| match (candidate.layer, &candidate.site) {
            (Layer::CommandLine, Some(Site::Words { removal, .. })) => {
                removal.first().copied().filter(|flag| context.files.text_at(*flag).trim_start().starts_with('-'))
            }
            _ => None,
        };
        let (Some(value), Some(place), Some(last)) = (setting.value(), setting.place(), flag(winner)) else { continue };
        let loses = |other: &&Candidate| {
            let near = flag(other).is_some_and(|first| first.file == last.file && first.span.end <= last.span.start);
            near && other.is_settled() && matches!(&other.value, Resolved::Known(lost) if lost != value)
        };
        let Some(loser) = setting.overridden.iter().find(loses).filter(|_| winner.is_settled()) else { continue };
        let (Resolved::Known(lost), Some(lost_place)) = (&loser.value, loser.place) else { continue };
        let between = context.files.get(last.file).text().get(lost_place.span.end..last.span.start).unwrap_or_default();
        // Two commands may stand in one file.
        if used_elsewhere(service, context, name, lost_place) || !is_one_command(between) {
            continue;
        }
        let written = context.files.text_at(last);
        let option = written.split(['=', ' ']).next().unwrap_or(written);
        let meant = if context.files.text_at(place).to_ascii_uppercase().contains("THREADS") && name != "threads" {
            "keep one of the two; the second was probably meant to be `--threads`"
        } else {
            "keep one of the two"
        };
        out.report(
            lost_place,
            "loses",
            format!(
                "`{name} = {lost}` is overridden by the second `{option}` of the same command: {value} is what counts"
            ),
        )
        .related(place, format!("sets {value}"))
        .help(meant)
        .fix(None);
    }
}

/// Whether a text between two words can stand inside one command.
fn is_one_command(between: &str) -> bool {
    let ends = [";", "&&", "||", "|", "esac", ";;", "\nfi", "\nelse"];
    let lines = between.split('\n');
    let continued = lines.clone().count() == 1
        || lines.clone().take(lines.count() - 1).all(|line| line.trim_end().ends_with(['\\', ',']));
    continued && !ends.iter().any(|end| between.contains(end))
}

/// One file may serve several commands, of which only some override what it says.
fn used_elsewhere(service: &Service, context: &Context, name: &str, place: Place) -> bool {
    context.deployments.iter().any(|other| {
        let wins = other.setting(name).and_then(Setting::place) == Some(place);
        wins && !std::ptr::eq(other, service.deployment)
    })
}

const fn describe(layer: Layer) -> &'static str {
    match layer {
        Layer::OptionsVariable => "variable `GUNICORN_CMD_ARGS`",
        _ => "command line",
    }
}

fn abbreviated(service: &Service, out: &mut Findings) {
    for whole in &service.deployment.abbreviated {
        let server = service.deployment.server;
        out.report(
            whole.place,
            "an abbreviation",
            format!(
                "this stands for `{}` as long as no other option of {server} begins like it; a new one stops the start",
                whole.value
            ),
        )
        .help(format!("write `{}`", whole.value))
        .fix(Some(Fix::safe(
            format!("write `{}`", whole.value),
            vec![Edit::replace(whole.place, whole.value.as_str())],
        )));
    }
}

/// Gunicorn takes `--umask 755`, and `umask = 755` of a file, as decimal numbers.
fn decimal_umask(service: &Service, context: &Context, out: &mut Findings) {
    let Some(umask) = service.deployment.setting("umask").filter(|_| service.is_gunicorn()) else {
        return;
    };
    let (Some(value), Some(place)) = (umask.int(), umask.place()) else { return };
    let text = context.files.text_at(place).trim_matches(['"', '\'']);
    let octal = text.len() > 1 && !text.starts_with('0') && text.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
    if !octal {
        return;
    }
    let python = umask.winner.layer == Layer::ConfigFile;
    let meant = if python { format!("0o{text}") } else { format!("0{text}") };
    out.report(
        place,
        "decimal",
        format!("`umask` {text} is read as a decimal number: it is the mask 0o{:o}", value & 0o777),
    )
    .help(format!("write `{meant}`"))
    .fix(
        umask
            .winner
            .set(context.files, &Value::Int(value))
            .map(|edit| Fix::unsafe_(format!("write `{meant}`"), vec![Edit::replace(edit.place, meant.clone())])),
    );
}
