//! Fires when a value is not what its line says: it loses to another one, or is read in another way.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("overridden-or-fragile-value", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    abbreviated(service, out);
    decimal_umask(service, context, out);
    without_port(service, context, out);
    if !service.in_production() {
        return;
    }
    for (name, setting) in service.deployment.settings.iter() {
        twice(service, name, setting, context, out);
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
        // The same file may serve several starts, but a variable is set for this one.
        let is_weak = |layer: Layer| matches!(layer, Layer::ConfigFile | Layer::OptionsVariable | Layer::Environment);
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
            format!(
                "{} is overridden: {value} from the {} is what counts",
                match loser.layer {
                    Layer::Environment => format!("`{name}` from the environment, {lost},"),
                    _ => format!("`{name} = {lost}`"),
                },
                describe(winner.layer)
            ),
        )
        .related(place, format!("sets {value}"))
        .help("keep one of the two")
        .fix(loser.remove(context.files).map(|edits| Fix::safe(format!("remove the `{name}` that loses"), edits)));
    }
}

/// Two values for one option, both written in the same command.
fn twice(service: &Service, name: &str, setting: &Setting, context: &Context, out: &mut Findings) {
    let winner = &setting.winner;
    let Some((value, place)) = setting.value().zip(winner.place) else { return };
    let command = service.deployment.command;
    let is_here = |place: Place| {
        place.file == command.file && command.span.start <= place.span.start && place.span.end <= command.span.end
    };
    // Words that a variable brings along are there to override what stands before them.
    let text = context.files.text_at(place);
    let brought = text.trim_start_matches(['"', '\'']).starts_with('$') && !text.contains(":-");
    if winner.layer != Layer::CommandLine || brought || !is_here(place) || matches!(value, Value::List(_)) {
        return;
    }
    let loser = setting.overridden.iter().find_map(|other| match (&other.value, other.place) {
        (Resolved::Known(lost), Some(at)) if other.layer == winner.layer && is_here(at) && lost != value => {
            Some((other, lost, at))
        }
        _ => None,
    });
    let Some((loser, lost, at)) = loser else { return };
    let flag = setting.setting.at(service.deployment.version.version).flag().unwrap_or(name);
    let meant = name == "workers" && text.to_ascii_uppercase().contains("THREAD");
    out.report(at, "loses", format!("`{flag}` stands twice in this command: {value} is what counts, and not {lost}"))
        .related(place, format!("sets {value}"))
        .help(if meant { "the second may be meant for `--threads`".to_owned() } else { format!("keep one `{flag}`") })
        // With two intentions in one line, which one goes is for a person to say.
        .fix(
            (!meant)
                .then(|| loser.remove(context.files))
                .flatten()
                .map(|edits| Fix::safe(format!("remove the `{flag}` that loses"), edits)),
        );
}

/// An address of Gunicorn that names no port gets one that nobody wrote down.
fn without_port(service: &Service, context: &Context, out: &mut Findings) {
    const PORT: &str = "8000";
    let bind = service.deployment.setting("bind").filter(|bind| service.is_gunicorn() && bind.is_set());
    let Some((bind, place)) = bind.and_then(|bind| Some((bind, bind.place()?))) else { return };
    let written = match bind.value() {
        Some(Value::List(addresses)) => addresses.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => return,
    };
    let hosts = written.iter().filter_map(Value::as_str).flat_map(|text| text.split(',')).map(str::trim);
    let numeric = |host: &str| host.split('.').count() == 4 && host.split('.').all(|part| part.parse::<u8>().is_ok());
    let bare = |host: &&str| numeric(host) || *host == "localhost";
    let Some(host) = hosts.filter(bare).map(str::to_owned).next() else { return };
    let whole = format!("{host}:{PORT}");
    let text = context.files.text_at(place);
    let once = text.match_indices(&host).count() == 1;
    let edit = once.then(|| Edit::replace(place, text.replacen(&host, &whole, 1)));
    out.report(place, "names no port", format!("`{host}` names no port: Gunicorn listens on {PORT} of it"))
        .at_most(bind.confidence())
        .help(format!("write `{whole}`, or the port that is meant"))
        .fix(edit.map(|edit| Fix::safe(format!("write `{whole}`"), vec![edit])));
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
