//! What can be typed.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use farrier::findings::Severity;
use farrier::measure::{Method, Request};
use farrier::servers::Server;
use farrier::sizing::Workload;
use farrier::values::{Bytes, Cpus};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Connections of a measured run.
const CONNECTIONS: usize = 16;

const EXIT_CODES: &str = "\
Exit codes:
  0  nothing left to do
  1  something to do: findings, or a recommendation outside the range
  2  wrong usage, wrong settings or unreadable input
  3  nothing to check: no server is started here
  4  a measured run could not decide";

/// A configuration linter and advisor for Python web servers.
#[derive(Debug, Parser)]
#[command(name = "farrier", version, styles = STYLES, after_help = EXIT_CODES)]
#[command(propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Verb,
    /// When to use colours and hyperlinks.
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN")]
    pub(crate) color: Color,
    /// Do not read `farrier.toml` or `[tool.farrier]`.
    #[arg(long, global = true)]
    pub(crate) isolated: bool,
    /// A file of settings instead of those of the project, or one setting such as `fail-on=error`; repeatable.
    #[arg(long, global = true, value_name = "PATH|KEY=VALUE")]
    pub(crate) config: Vec<String>,
}

impl Cli {
    /// What was typed, where each `--output` belongs to the `--format` in front of it.
    pub(crate) fn typed() -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches()?;
        let mut cli = Self::from_arg_matches(&matches)?;
        if let (Verb::Check(check), Some((_, typed))) = (&mut cli.command, matches.subcommand()) {
            let at = |name: &str| typed.indices_of(name).into_iter().flatten().collect::<Vec<_>>();
            let formats = at("formats").into_iter().zip(check.formats.iter().copied());
            let outputs = at("outputs").into_iter().zip(check.outputs.iter().cloned());
            check.printed = paired(formats.collect(), outputs.collect())
                .map_err(|fault| Self::command().error(ErrorKind::ArgumentConflict, fault))?;
        }
        Ok(cli)
    }
}

/// Formats and files by where they were typed.
fn paired(
    formats: Vec<(usize, Format)>,
    outputs: Vec<(usize, PathBuf)>,
) -> Result<Vec<(Format, Option<PathBuf>)>, &'static str> {
    let mut all: Vec<(usize, Format, Option<PathBuf>)> = formats.into_iter().map(|(at, one)| (at, one, None)).collect();
    for (at, file) in outputs {
        if all.is_empty() {
            all.push((at, Format::Pretty, Some(file)));
            continue;
        }
        match all.iter_mut().rev().find(|(before, ..)| *before < at) {
            Some((.., slot @ None)) => *slot = Some(file),
            Some(_) => return Err("two of `--output` stand behind one `--format`"),
            None => return Err("an `--output` belongs behind its `--format`"),
        }
    }
    if all.is_empty() {
        all.push((0, Format::Pretty, None));
    }
    if all.iter().filter(|(.., file)| file.is_none()).count() > 1 {
        return Err("of several formats all but one need an `--output` behind them");
    }
    Ok(all.into_iter().map(|(_, format, file)| (format, file)).collect())
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Say what is wrong with the way a service is started, and with calls that stop its event loop.
    Check(Check),
    /// Say how many workers, threads and connections there should be, and why.
    Advise(Advise),
    /// Show every setting: its value, who set it, who lost.
    Show(Show),
    /// Show the cores and the memory that this process may use, and who says so.
    Host(Host),
    /// Run the real server with the current and the recommended settings, and compare.
    ///
    /// With `--cpus` and `--memory` every server runs under these limits, as far as this machine can keep them: by a control
    /// group or a systemd scope, else pinned to whole cores. The run says which.
    Measure(Box<Measure>),
    /// Explain a rule, a setting in this project, or a line of a log.
    Explain(Explain),
    /// List the rules.
    Rules(Rules),
    /// Write a `farrier.toml` with comments to start from.
    Init(Init),
    /// Write down the findings there are, so that `check` shows new ones only.
    Baseline(Baseline),
    /// Serve an editor: findings as they are typed, values and fixes, by the language server protocol.
    Lsp(Lsp),
    /// Print what a shell needs to complete commands and options.
    Completions(Completions),
    /// Print the page for `man`.
    Man,
}

#[derive(Debug, Args)]
pub(crate) struct Lsp {
    /// Speak on standard input and output, which is the only way there is; many editors say so.
    #[arg(long)]
    pub(crate) stdio: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// Which shell.
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people, with excerpts of the files.
    Pretty,
    /// One line per statement.
    Concise,
    /// For programs; the shape is versioned.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of a pull request on GitHub, and the summary of the job.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// `JUnit`'s XML, where each finding is a test that fails.
    Junit,
    /// Checkstyle's XML.
    Checkstyle,
    /// For a comment on a pull request.
    Markdown,
}

/// How to print what has no shorter form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// For people.
    Pretty,
    /// For programs; the shape is versioned.
    Json,
}

/// How to print a measured run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunForm {
    /// For people.
    Pretty,
    /// For programs; the shape is versioned.
    Json,
    /// For a pull request.
    Markdown,
    /// For a browser: one page with drawings that needs nothing else.
    Html,
}

/// How to print what is read as a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Page {
    /// For a terminal.
    Pretty,
    /// For a browser.
    Markdown,
}

/// How to print a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Listing {
    /// For people.
    Pretty,
    /// For programs; the shape is versioned.
    Json,
    /// For a browser; rules of farrier's own alone.
    Markdown,
}

/// What is known about production.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Production")]
pub(crate) struct Production {
    /// The environment of the settings that counts, such as the one of `[host.staging]`.
    #[arg(long = "env", value_name = "NAME")]
    pub(crate) environment: Option<String>,
    /// Cores that one copy of the service may use, such as 2 or 1.5.
    #[arg(long, value_name = "CORES", value_parser = cores)]
    pub(crate) cpus: Option<Cpus>,
    /// Memory that one copy of the service may use, such as 512MiB.
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub(crate) memory: Option<Bytes>,
    /// Memory of one worker, shared pages counted once (PSS).
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub(crate) worker_memory: Option<Bytes>,
    /// Copies of the service that run.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) replicas: Option<u32>,
    /// What requests spend their time on.
    #[arg(long, value_name = "KIND", value_parser = workload)]
    pub(crate) workload: Option<Workload>,
}

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Check {
    /// Files or folders; the whole project around them is read, and what has to do with them is shown.
    #[arg(default_value = ".", value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// How to print: `pretty` if not given; several, if each but one has an `--output`.
    #[arg(long = "format", value_enum, value_name = "FORMAT")]
    pub(crate) formats: Vec<Format>,
    /// Write into a file what the `--format` in front of it prints.
    #[arg(long = "output", short = 'o', value_name = "FILE")]
    pub(crate) outputs: Vec<PathBuf>,
    /// Where each format goes; told by what stands behind what.
    #[arg(skip)]
    pub(crate) printed: Vec<(Format, Option<PathBuf>)>,
    /// Show advice as well as errors and warnings.
    #[arg(long, conflicts_with = "min_severity")]
    pub(crate) advice: bool,
    /// Run the rules too that most projects would not want.
    #[arg(long)]
    pub(crate) pedantic: bool,
    /// Show findings of this severity and worse.
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    pub(crate) min_severity: Option<Severity>,
    /// Exit with 1 only over findings of this severity and worse.
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    pub(crate) fail_on: Option<Severity>,
    /// Show the settings that count, and where each of them is set, instead of findings.
    #[arg(long)]
    pub(crate) show_settings: bool,
    /// Apply safe fixes, and show what was changed.
    #[arg(long)]
    pub(crate) fix: bool,
    /// With `--fix` or `--diff`: also fixes that change how the service behaves.
    #[arg(long)]
    pub(crate) unsafe_fixes: bool,
    /// Show what `--fix` would change, and change nothing.
    #[arg(long)]
    pub(crate) diff: bool,
    /// Run only these rules: names, codes, or groups such as WRK.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(crate) select: Vec<String>,
    /// Do not run these rules.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(crate) ignore: Vec<String>,
    /// Leave out what the settings exclude and ignore files name, even where it is named here.
    #[arg(long)]
    pub(crate) force_exclude: bool,
    /// Show what has to do with files that differ from those of a commit, or of the one that this branch left it at;
    /// files that git does not know yet are among them.
    #[arg(long, value_name = "REF", conflicts_with = "staged")]
    pub(crate) changed_since: Option<String>,
    /// Show what has to do with files that are staged for the next commit.
    #[arg(long)]
    pub(crate) staged: bool,
    /// Judge the project as if this file, which is shown alone, held what standard input says: for editors.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["paths", "fix", "diff", "changed_since", "staged"])]
    pub(crate) stdin_filename: Option<PathBuf>,
    /// Count the findings of each rule instead of showing them.
    #[arg(long, conflicts_with_all = ["fix", "diff"])]
    pub(crate) statistics: bool,
    /// Check again whenever a file changes, until it is stopped.
    #[arg(long, conflicts_with_all = ["fix", "diff", "stdin_filename", "show_settings"])]
    pub(crate) watch: bool,
    /// Print findings and nothing else: no notes, no count.
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Say on standard error what was read, and how long it took.
    #[arg(long, short, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Exit with 0 whatever is found.
    #[arg(long)]
    pub(crate) exit_zero: bool,
    /// Findings that are known, if not in `farrier-baseline.json`.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Show known findings as well.
    #[arg(long, conflicts_with = "baseline")]
    pub(crate) no_baseline: bool,
    /// Do not fail over findings in the baseline that are gone.
    #[arg(long)]
    pub(crate) allow_unpruned: bool,
    #[command(flatten)]
    pub(crate) production: Production,
}

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Advise {
    /// A project, or the configuration file to advise on.
    #[arg(default_value = ".", value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// How to print.
    #[arg(long, value_enum, default_value = "pretty")]
    pub(crate) format: Listing,
    /// Write the recommendation into the files that hold the values.
    #[arg(long)]
    pub(crate) fix: bool,
    /// Show what `--fix` would change, and change nothing.
    #[arg(long)]
    pub(crate) diff: bool,
    /// Ask about one group of settings after the other, and write those that are agreed to.
    #[arg(long, conflicts_with_all = ["fix", "diff"])]
    pub(crate) ask: bool,
    /// With `--fix` or `--diff`: what counts the cores of the machine becomes an expression that follows the CPU limit
    /// of the container, instead of a number.
    #[arg(long)]
    pub(crate) portable: bool,
    /// Exit with 1 if a setting lies outside its range.
    #[arg(long)]
    pub(crate) check: bool,
    /// Measure the recommendation as well: this starts the server. `farrier measure` has options for how.
    #[arg(long, conflicts_with_all = ["fix", "diff", "ask", "check", "compare"])]
    pub(crate) measure: bool,
    /// Other machines to advise for, in one table: cores and memory of each.
    #[arg(long, value_name = "CORES:SIZE", value_delimiter = ',', value_parser = machine)]
    #[arg(conflicts_with_all = ["fix", "diff", "ask", "check"])]
    pub(crate) compare: Vec<(Cpus, Bytes)>,
    #[command(flatten)]
    pub(crate) production: Production,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// A project, or one of its files.
    #[arg(default_value = ".", value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// How to print.
    #[arg(long, value_enum, default_value = "pretty")]
    pub(crate) format: Form,
    /// Show settings that nobody sets as well.
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Host {
    /// How to print.
    #[arg(long, value_enum, default_value = "pretty")]
    pub(crate) format: Form,
}

#[derive(Debug, Args)]
pub(crate) struct Measure {
    /// A project, or one of its files.
    #[arg(default_value = ".", value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// How to print.
    #[arg(long, value_enum, default_value = "pretty")]
    pub(crate) format: RunForm,
    /// The Python that runs the service; else a virtual environment of the project, else `python3`.
    #[arg(long, value_name = "PATH")]
    pub(crate) python: Option<PathBuf>,
    /// Connections that are kept busy.
    #[arg(long, short = 'c', value_name = "N", default_value_t = CONNECTIONS)]
    pub(crate) connections: usize,
    /// Requests a second of the last phase, which sends on a schedule whatever the server does; if not given, two thirds of
    /// what the slowest configuration answers, and further rates as far as there is time.
    #[arg(long, short = 'r', value_name = "N", conflicts_with = "search")]
    pub(crate) rate: Option<f64>,
    /// Seconds that the run may take: 30 if not given, and 60 of a search.
    #[arg(long, short = 't', value_name = "SECONDS")]
    pub(crate) budget: Option<u64>,
    /// Measure a small service that comes with farrier, with a server that the Python has.
    #[arg(long)]
    pub(crate) demo: bool,
    /// Look for the best worker class, processes and threads: what is clearly behind leaves the race, and what is left is
    /// compared with the current and the recommended settings.
    #[arg(long, conflicts_with_all = ["grid", "compare"])]
    pub(crate) search: bool,
    /// Compare the current settings with every combination, such as `workers=1..5,threads=1..4`.
    #[arg(long, value_name = "RANGES", conflicts_with = "compare")]
    pub(crate) grid: Option<String>,
    /// Compare two configuration files with each other instead; what the command line says holds for both.
    #[arg(long, num_args = 2, value_names = ["FILE", "FILE"])]
    pub(crate) compare: Vec<PathBuf>,
    /// Run the same application with as many processes under these servers as well: gunicorn, uvicorn, hypercorn, granian,
    /// uwsgi.
    #[arg(long, value_name = "SERVER", value_delimiter = ',', value_parser = server)]
    #[arg(conflicts_with_all = ["search", "grid", "compare", "export"])]
    pub(crate) against: Vec<Server>,
    /// Write the run into a file as JSON: what `check` and `advise` cite is `farrier-measured.json` in the root of the
    /// project, which it is if no name is given.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "farrier-measured.json")]
    pub(crate) save: Option<PathBuf>,
    /// Print the load as a script for another generator, and run nothing.
    #[arg(long, value_enum, value_name = "GENERATOR", conflicts_with = "save")]
    pub(crate) export: Option<Export>,
    /// Whether to ask on one connection as well, in about three seconds for each path: how long a request takes, how much of
    /// that it computes, and what a worker takes of memory.
    #[arg(long, value_enum, value_name = "WHEN", default_value = "on")]
    pub(crate) one_connection: Switch,
    /// Whether to watch the event loop for lines that hold it, in four seconds of their own.
    #[arg(long, value_enum, value_name = "WHEN", default_value = "on")]
    pub(crate) stalls: Watch,
    /// Which of several launches to measure: a process, service or stage.
    #[arg(long, value_name = "NAME")]
    pub(crate) launch: Option<String>,
    #[command(flatten)]
    pub(crate) asking: Asking,
    #[command(flatten)]
    pub(crate) production: Production,
}

/// What is asked of the service.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Requests")]
pub(crate) struct Asking {
    /// A path to request, repeatable: `/items`, or `3:/items` to ask for it three times as often. Without one, and without
    /// anything else that says what to ask for, it is `/`.
    #[arg(long = "path", visible_alias = "url", short = 'u', value_name = "[WEIGHT:]/PATH", value_parser = Request::parse)]
    pub(crate) paths: Vec<Request>,
    /// The method of these requests; what is neither GET, HEAD nor OPTIONS may change data, wherever the application keeps
    /// it, and is never sent unless it stands here.
    #[arg(long, short = 'X', value_name = "METHOD", value_parser = method)]
    pub(crate) method: Option<Method>,
    /// A header of every request, such as `Accept: text/html`, repeatable; how a request is framed is not for it to say.
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE", value_parser = header)]
    pub(crate) headers: Vec<(String, String)>,
    /// Ask the paths that the code answers, as far as they stand there as a whole: those with parameters are left out, and
    /// so is what the service does not answer.
    #[arg(long, conflicts_with_all = ["paths", "method", "openapi", "access_log"])]
    pub(crate) routes: bool,
    /// Ask what a description of the interface lists, `OpenAPI` or Swagger: every GET operation whose required parameters it
    /// gives examples of.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["paths", "method", "access_log"])]
    pub(crate) openapi: Option<PathBuf>,
    /// Ask what a log of a server counts, each path as often as it stands there: GET and HEAD requests that were answered
    /// well, the 50 most frequent. The log of nginx, Apache, Gunicorn, Uvicorn or Hypercorn, or one of JSON lines.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["paths", "method"])]
    pub(crate) access_log: Option<PathBuf>,
    /// What is sent with each request, or the file that holds it.
    #[arg(long, visible_alias = "data", value_name = "TEXT|@FILE", requires = "method")]
    pub(crate) body: Option<String>,
}

impl Asking {
    /// Whether nothing says what to ask.
    pub(crate) fn is_silent(&self) -> bool {
        self.paths.is_empty() && !self.routes && self.openapi.is_none() && self.access_log.is_none()
    }
}

impl Measure {
    /// The run that goes with a recommendation.
    pub(crate) fn of(advise: &Advise) -> Self {
        let format = match advise.format {
            Listing::Json => RunForm::Json,
            Listing::Markdown => RunForm::Markdown,
            Listing::Pretty => RunForm::Pretty,
        };
        Self {
            path: advise.path.clone(),
            format,
            python: None,
            connections: CONNECTIONS,
            rate: None,
            budget: None,
            demo: false,
            search: false,
            grid: None,
            compare: Vec::new(),
            against: Vec::new(),
            save: None,
            export: None,
            one_connection: Switch::On,
            stalls: Watch::On,
            launch: None,
            asking: Asking::default(),
            production: advise.production.clone(),
        }
    }
}

/// A load generator for many machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Export {
    /// A script for k6.
    K6,
    /// The same with a manifest for its operator on Kubernetes.
    K6Operator,
    /// A file for Locust.
    Locust,
}

/// Whether a phase is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    /// After the comparison.
    On,
    /// Not at all.
    Off,
}

/// Whether event loops are watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Watch {
    /// After the comparison, where the application is ASGI.
    On,
    /// Not at all.
    Off,
    /// Without a comparison.
    Only,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// A rule by name or code, a setting such as `workers`, a line of a log, or `-` to read a log.
    #[arg(allow_hyphen_values = true, value_name = "RULE|SETTING|MESSAGE")]
    pub(crate) subject: String,
    /// More words of the line, or the project.
    #[arg(value_name = "WORD|PATH")]
    pub(crate) more: Vec<String>,
    /// How to print the page of a rule.
    #[arg(long, value_enum, default_value = "pretty")]
    pub(crate) format: Page,
    /// The project that is asked about the setting or the line.
    #[arg(long, value_name = "PATH", default_value = ".")]
    pub(crate) project: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The project.
    #[arg(default_value = ".", value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// Show the file, and write nothing.
    #[arg(long)]
    pub(crate) stdout: bool,
    /// Show the JSON schema of the file, and write nothing.
    #[arg(long, conflicts_with = "stdout")]
    pub(crate) schema: bool,
    /// Write a configuration of this server for the project and this machine instead.
    #[arg(long, value_enum, conflicts_with = "schema")]
    pub(crate) server: Option<ServerFile>,
    #[command(flatten)]
    pub(crate) production: Production,
}

/// A server whose configuration can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ServerFile {
    /// `gunicorn.conf.py`.
    Gunicorn,
}

#[derive(Debug, Args)]
pub(crate) struct Baseline {
    #[command(subcommand)]
    pub(crate) action: BaselineAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BaselineAction {
    /// Write all findings of today into the file, advice included.
    Create {
        #[command(flatten)]
        at: BaselineAt,
        /// Replace a file that is there.
        #[arg(long)]
        force: bool,
    },
    /// Take out what is no longer found.
    Prune {
        #[command(flatten)]
        at: BaselineAt,
    },
    /// List what is written down, and what of it is no longer found.
    Show {
        #[command(flatten)]
        at: BaselineAt,
    },
}

#[derive(Debug, Args)]
pub(crate) struct BaselineAt {
    /// The project.
    #[arg(default_value = ".", value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// The file, if not `farrier-baseline.json` in the root of the project.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Rules {
    /// The project whose policies are listed as well.
    #[arg(long, value_name = "PATH", default_value = ".")]
    pub(crate) project: PathBuf,
    /// How to print.
    #[arg(long, value_enum, default_value = "pretty")]
    pub(crate) format: Listing,
}

fn cores(text: &str) -> Result<Cpus, String> {
    let cores: f64 = text.parse().map_err(|_| format!("`{text}` is no number of cores"))?;
    let fits = cores.is_finite() && cores > 0.0 && cores <= 4096.0;
    fits.then_some(Cpus(cores)).ok_or_else(|| format!("`{text}` is no number of cores"))
}

fn machine(text: &str) -> Result<(Cpus, Bytes), String> {
    let (cpus, size) = text.split_once(':').ok_or_else(|| format!("`{text}` is no machine such as 2:1GiB"))?;
    Ok((cores(cpus)?, memory(size)?))
}

fn method(text: &str) -> Result<Method, String> {
    Method::parse(text).ok_or_else(|| "it is one of GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE".to_owned())
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or_else(|| "a header is a name, a colon and a value".to_owned())?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn memory(text: &str) -> Result<Bytes, String> {
    // Nobody means 512 bytes.
    let bytes = Bytes::parse(text, false).filter(|bytes| *bytes >= Bytes::mib(1));
    bytes.ok_or_else(|| format!("`{text}` is no amount of memory with a unit, such as 512MiB"))
}

fn server(text: &str) -> Result<Server, String> {
    let able = |server: &Server| farrier::servers::table(*server).against().is_some();
    let mut known = Server::ALL.into_iter().filter(able);
    known.find(|server| server.as_str().eq_ignore_ascii_case(text)).ok_or_else(|| {
        let names: Vec<&str> = Server::ALL.iter().filter(|server| able(server)).map(|server| server.as_str()).collect();
        format!("one of {}", names.join(", "))
    })
}

fn severity(text: &str) -> Result<Severity, String> {
    Severity::parse(text).ok_or_else(|| "it is one of advice, warning, error".to_owned())
}

fn workload(text: &str) -> Result<Workload, String> {
    let kinds = [Workload::Cpu, Workload::Mixed, Workload::Io, Workload::Stream];
    let found = kinds.into_iter().find(|kind| kind.as_str() == text);
    found.ok_or_else(|| "it is one of cpu, mixed, io, stream".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_belongs_to_the_format_in_front_of_it() {
        let file = |at: usize, name: &str| (at, PathBuf::from(name));
        let sarif = (Format::Sarif, Some(PathBuf::from("a")));
        assert_eq!(paired(vec![], vec![]).unwrap(), [(Format::Pretty, None)]);
        assert_eq!(paired(vec![], vec![file(1, "a")]).unwrap(), [(Format::Pretty, Some(PathBuf::from("a")))]);
        let both = paired(vec![(1, Format::Sarif), (3, Format::Pretty)], vec![file(2, "a")]);
        assert_eq!(both.unwrap(), [sarif.clone(), (Format::Pretty, None)]);
        let other = paired(vec![(1, Format::Pretty), (2, Format::Sarif)], vec![file(3, "a")]);
        assert_eq!(other.unwrap(), [(Format::Pretty, None), sarif]);
        assert!(paired(vec![(1, Format::Pretty), (2, Format::Sarif)], vec![]).is_err());
        assert!(paired(vec![(2, Format::Sarif)], vec![file(1, "a")]).is_err());
        assert!(paired(vec![(1, Format::Sarif)], vec![file(2, "a"), file(3, "b")]).is_err());
    }
}
