//! What is to be measured: the candidates, what is asked of them, and within which bounds.
//!
//! Decides whether a plan may be run at all (only paths on the server farrier starts itself, a bounded
//! number of connections). It does not know where a deployment is
//! found or what is wrong with it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::Error;
use super::limits::Bounds;
use super::requests::{MOST_REQUESTS, Request, check_headers};
use crate::servers::Server;

/// Most connections one run may open; beyond it the client, not the server, is what is measured.
pub const MOST_CONNECTIONS: usize = 512;

/// One configuration of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What the report calls it, such as `current`.
    pub label: String,
    /// The server's whole argument list including the application. Whatever decides where the
    /// server listens and whether it detaches is replaced.
    pub arguments: Vec<String>,
    /// The server, where it is another one than that of the plan.
    pub other: Option<Launcher>,
}

impl Candidate {
    /// A configuration of the plan's server.
    pub fn new(label: String, arguments: Vec<String>) -> Self {
        Self { label, arguments, other: None }
    }
}

/// A server and what starts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launcher {
    /// Which server it is.
    pub server: Server,
    /// The server without its arguments.
    pub program: Vec<OsString>,
}

/// A run: which configurations are compared, under which load, for how long.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Which server it is.
    pub server: Server,
    /// The server without its arguments, such as `/venv/bin/python -m gunicorn`.
    pub program: Vec<OsString>,
    /// The folder the server is started in.
    pub folder: PathBuf,
    /// Variables added to the inherited environment; a later one wins.
    pub environment: Vec<(String, String)>,
    /// The configurations; every later one is compared with the first.
    pub candidates: Vec<Candidate>,
    /// What is asked for, each as often as its weight says.
    pub requests: Vec<Request>,
    /// Headers added to every request. A `Host` replaces the loopback address, for applications
    /// that refuse names they do not know.
    pub headers: Vec<(String, String)>,
    /// Whether the server listens on a Unix socket instead of a loopback port.
    pub socket: bool,
    /// Connections kept busy at the same time.
    pub connections: usize,
    /// Time under load, all candidates and rounds together; starting and stopping comes on top.
    pub budget: Duration,
    /// Length of one measured window; stretched for slow targets.
    pub window: Duration,
    /// How long a server may take from its start to its first answer.
    pub ready_within: Duration,
    /// A request without an answer after this long is a failure, and its latency this long.
    pub request_timeout: Duration,
    /// Requests per second for the last phase, which sends on a schedule instead of on answers;
    /// `None` takes two thirds of what the slowest candidate reached.
    pub rate: Option<f64>,
    /// Whether candidates that are clearly behind leave the race, so that the time goes to the others. The budget then
    /// counts from the first start, and not from the first request.
    pub search: bool,
    /// The candidate that was recommended without measuring, if it is not the first one.
    pub recommended: Option<usize>,
    /// Whether only one server may live at a time, for applications that must not run twice. Costs
    /// a start per change, and is done unasked where memory is short.
    pub in_turn: bool,
    /// The limits that every server is started under.
    pub bounds: Bounds,
    /// The command that becomes the supervisor, to which the server's command is appended.
    /// It must end in a call of [`super::supervise`]; see [`Plan::supervisor`].
    pub supervisor: Vec<OsString>,
}

impl Plan {
    /// A plan with the usual bounds for these candidates, of Gunicorn.
    pub fn new(program: Vec<OsString>, folder: PathBuf, candidates: Vec<Candidate>) -> Self {
        Self {
            server: Server::Gunicorn,
            program,
            folder,
            environment: Vec::new(),
            candidates,
            requests: vec![Request::get("/")],
            headers: Vec::new(),
            socket: false,
            connections: 32,
            budget: Duration::from_secs(30),
            window: Duration::from_secs(1),
            ready_within: Duration::from_secs(30),
            request_timeout: Duration::from_secs(10),
            rate: None,
            search: false,
            recommended: None,
            in_turn: false,
            bounds: Bounds::default(),
            supervisor: Self::supervisor(),
        }
    }

    /// The running program with the hidden sub-command [`super::SUPERVISE`].
    pub fn supervisor() -> Vec<OsString> {
        // A program that cannot find itself gets an empty command, which `check` refuses.
        std::env::current_exe()
            .map_or_else(|_| Vec::new(), |program| vec![program.into_os_string(), OsString::from(super::SUPERVISE)])
    }

    /// The server of a candidate, and the server without its arguments.
    pub(super) fn launcher<'a>(&'a self, candidate: &'a Candidate) -> (Server, &'a [OsString]) {
        let other = candidate.other.as_ref();
        other.map_or((self.server, &self.program), |other| (other.server, &other.program))
    }

    /// Refuses a plan that asks for something farrier does not do.
    pub fn check(&self) -> Result<(), Error> {
        if self.candidates.len() < 2 {
            return Err(Error::Plan("two configurations are needed for a comparison".to_owned()));
        }
        self.check_load()
    }

    /// The same without a look at how many configurations there are.
    pub fn check_load(&self) -> Result<(), Error> {
        let refuse = |reason: String| Err(Error::Plan(reason));
        if self.program.is_empty() || self.supervisor.is_empty() {
            return refuse("the server's program is unknown".to_owned());
        }
        if !(1..=MOST_CONNECTIONS).contains(&self.connections) {
            return refuse(format!("{} connections, but 1 to {MOST_CONNECTIONS} can be opened", self.connections));
        }
        if self.requests.iter().all(|request| request.weight == 0) {
            return refuse("nothing to ask for".to_owned());
        }
        if self.requests.len() > MOST_REQUESTS {
            return refuse(format!(
                "{} different requests, but {MOST_REQUESTS} at most are asked",
                self.requests.len()
            ));
        }
        check_headers(&self.headers)?;
        self.requests.iter().try_for_each(Request::check)?;
        if self.window.is_zero() || self.request_timeout.is_zero() || self.ready_within.is_zero() {
            return refuse("a window or a limit of zero seconds".to_owned());
        }
        if self.rate.is_some_and(|rate| !(rate > 0.0 && rate <= 1e6)) {
            return refuse("the rate must lie between 0 and 1000000 requests per second".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        let candidate = |label: &str| Candidate::new(label.to_owned(), vec!["app:app".to_owned()]);
        Plan::new(vec![OsString::from("gunicorn")], PathBuf::from("."), vec![candidate("a"), candidate("b")])
    }

    #[test]
    fn only_paths_on_the_own_server_are_targets() {
        assert!(plan().check().is_ok());
        for path in ["http://example.com/", "//example.com/", "example.com", "", "/a b", "/a\r\nX: y", "/#top"] {
            let plan = Plan { requests: vec![Request::get("/"), Request::get(path)], ..plan() };
            assert!(matches!(plan.check(), Err(Error::Plan(_))), "{path:?} must be refused");
        }
        let plan = Plan { requests: vec![Request::get("/items?page=1&q=%20")], ..plan() };
        assert!(plan.check().is_ok());
    }

    #[test]
    fn headers_cannot_change_the_framing() {
        for (name, value) in
            [("Connection", "close"), ("X", "a\r\nY: b"), ("Content-Length", "5"), ("a b", "c"), ("", "c")]
        {
            let plan = Plan { headers: vec![(name.to_owned(), value.to_owned())], ..plan() };
            assert!(plan.check().is_err(), "{name}: {value:?} must be refused");
        }
        let plan = Plan { headers: vec![("Host".to_owned(), "example.com".to_owned())], ..plan() };
        assert!(plan.check().is_ok());
    }

    #[test]
    fn numbers_out_of_bounds_are_refused() {
        assert!(Plan { connections: 0, ..plan() }.check().is_err());
        assert!(Plan { connections: 513, ..plan() }.check().is_err());
        assert!(Plan { rate: Some(f64::NAN), ..plan() }.check().is_err());
        assert!(Plan { candidates: Vec::new(), ..plan() }.check().is_err());
    }
}
