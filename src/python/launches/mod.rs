//! The functions and classes with which Python code starts a server.
//!
//! Decides which names count and, in the text of a file, where calls of them stand and where their
//! arguments are. What the arguments hold is found by following the file; what a server makes of them
//! is not known here.

mod calls;

pub use calls::{CallSite, Element, Keyword, Launch, call_at, calls_at_top, find, imports, is_main, makers};

/// What a call starts, and how it is told what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// `uvicorn.run(app, ...)`.
    UvicornRun,
    /// `uvicorn.Config(app, ...)`, whose server somebody runs in this process.
    UvicornConfig,
    /// `hypercorn.asyncio.serve(app, config)`, in this process.
    HypercornServe,
    /// `hypercorn.run.run(config)`.
    HypercornRun,
    /// `Granian(target, ...)`.
    Granian,
    /// `granian.server.embed.Server(app, ...)`, which serves on the loop that is there.
    GranianEmbedded,
    /// An application class derived from one of Gunicorn's.
    GunicornApplication {
        /// Whether it reads the command line and files as well.
        command_line: bool,
    },
    /// A server's own entry point, which reads `sys.argv` or the words it is given.
    Command(&'static str),
    /// A program is started with a list of words.
    Words(Words),
    /// A development server.
    Development(&'static str),
}

/// How a call takes the words of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// Which argument holds them.
    pub index: usize,
    /// Its name.
    pub name: &'static str,
    /// How they are put together.
    pub form: Form,
    /// Whether the program takes the place of this one.
    pub replaces: bool,
    /// Where its variables are given.
    pub environment: Variables,
}

/// Where a call that starts a program is given the variables of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variables {
    /// Only under the name `env`, if at all.
    Named,
    /// In the argument behind the words.
    Behind,
    /// In the last argument.
    Last,
}

/// How the words of a command are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A list, or a text for a shell if `shell=True`.
    List,
    /// A list whose first word is only what the program is called.
    Renamed,
    /// A text for a shell.
    Shell,
    /// Every argument from there on is a word.
    Each,
    /// The same, where the first is only what the program is called.
    EachRenamed,
}

const fn words(index: usize, name: &'static str, form: Form, replaces: bool) -> Api {
    Api::Words(Words { index, name, form, replaces, environment: Variables::Named })
}

const fn with_variables(api: Api, environment: Variables) -> Api {
    match api {
        Api::Words(words) => Api::Words(Words { environment, ..words }),
        other => other,
    }
}

/// What starts a server, by its full name.
pub fn api(name: &str) -> Option<Api> {
    Some(match name {
        "uvicorn.run" | "uvicorn.main.run" => Api::UvicornRun,
        "uvicorn.Config" | "uvicorn.config.Config" => Api::UvicornConfig,
        "uvicorn.main" | "uvicorn.main.main" => Api::Command("uvicorn"),
        "hypercorn.asyncio.serve" | "hypercorn.trio.serve" => Api::HypercornServe,
        "hypercorn.run.run" => Api::HypercornRun,
        "hypercorn.__main__.main" => Api::Command("hypercorn"),
        "granian.Granian"
        | "granian.server.Granian"
        | "granian.server.Server"
        | "granian.server.mp.MPServer"
        | "granian.server.mt.MTServer" => Api::Granian,
        "granian.server.embed.Server" => Api::GranianEmbedded,
        "gunicorn.app.base.BaseApplication.run" => Api::GunicornApplication { command_line: false },
        "gunicorn.app.base.Application.run" | "gunicorn.app.wsgiapp.WSGIApplication.run" => {
            Api::GunicornApplication { command_line: true }
        }
        "gunicorn.app.wsgiapp.run" => Api::Command("gunicorn"),
        "subprocess.run"
        | "subprocess.call"
        | "subprocess.check_call"
        | "subprocess.check_output"
        | "subprocess.Popen" => words(0, "args", Form::List, false),
        "os.execv" | "os.execvp" => words(1, "args", Form::Renamed, true),
        "os.execve" | "os.execvpe" => with_variables(words(1, "args", Form::Renamed, true), Variables::Behind),
        "os.spawnv" | "os.spawnvp" => words(2, "args", Form::Renamed, false),
        "os.spawnve" | "os.spawnvpe" => with_variables(words(2, "args", Form::Renamed, false), Variables::Behind),
        "os.execl" | "os.execlp" => words(1, "", Form::EachRenamed, true),
        "os.execle" | "os.execlpe" => with_variables(words(1, "", Form::EachRenamed, true), Variables::Last),
        "os.system" | "os.popen" => words(0, "command", Form::Shell, false),
        "asyncio.create_subprocess_exec" => words(0, "program", Form::Each, false),
        "asyncio.create_subprocess_shell" => words(0, "cmd", Form::Shell, false),
        "flask.Flask.run" => Api::Development("Flask.run()"),
        "quart.Quart.run" => Api::Development("Quart.run()"),
        "bottle.run" => Api::Development("bottle.run()"),
        "werkzeug.serving.run_simple" | "werkzeug.run_simple" => Api::Development("werkzeug.run_simple()"),
        _ => return None,
    })
}

/// Names of classes that an application of Gunicorn derives from.
fn is_application_base(name: &str) -> bool {
    matches!(
        name,
        "gunicorn.app.base.BaseApplication"
            | "gunicorn.app.base.Application"
            | "gunicorn.app.wsgiapp.WSGIApplication"
            | "gunicorn.app.wsgiapp.Application"
    )
}
