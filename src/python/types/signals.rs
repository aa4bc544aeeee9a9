//! Signals of the project, and the functions that are called when one is sent.
//!
//! A signal is the call that makes it, or its name where that is how people get hold of it. Who receives it is read
//! from every loaded module: `@receiver(paid)`, `paid.connect(f)`, `@paid.connect`. Those of Django
//! (<https://docs.djangoproject.com/en/5.2/topics/signals/>) and of blinker
//! (<https://blinker.readthedocs.io/en/stable/>) alike call plain receivers where they are sent.

use super::{Frame, FunctionId, Types, Value};
use crate::python::calls::last_name;
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;
use crate::values::HashMap;

/// How many calls that may connect a receiver are looked at.
const MAX_CONNECTED: usize = 512;
/// How many receivers one signal may have.
const MAX_RECEIVERS: usize = 32;
/// What makes a signal.
const MAKERS: [&str; 4] =
    ["django.dispatch.Signal", "django.dispatch.dispatcher.Signal", "blinker.Signal", "blinker.base.Signal"];
/// What gives the signal of a name.
const NAMED: [&str; 2] = ["blinker.signal", "blinker.base.signal"];
/// What holds signals of names of its own.
const NAMESPACES: [&str; 2] = ["blinker.Namespace", "blinker.base.Namespace"];
/// What tells a function that it is a receiver.
const RECEIVER: [&str; 2] = ["django.dispatch.receiver", "django.dispatch.dispatcher.receiver"];

/// Which signal it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Signal<'a> {
    /// The one that is made at this offset of a file.
    Made(u32, usize),
    /// The one that blinker keeps under a name.
    Named(&'a str),
}

/// A function that is called when a signal is sent, perhaps only if a certain object sends it.
#[derive(Debug)]
struct Receiver<'a> {
    called: Value<'a>,
    sender: Sender<'a>,
}

/// Who sends a signal, or whom a receiver listens to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Sender<'a> {
    Anyone,
    One(Value<'a>),
    Unknown,
}

/// The receivers of the loaded modules.
#[derive(Debug, Default)]
pub(super) struct Signals<'a>(HashMap<Signal<'a>, Vec<Receiver<'a>>>);

impl<'a> Types<'a> {
    /// What is called when `call` sends a signal of the project, and whether it may be for another sender.
    pub fn receivers(&self, call: &'a ast::ExprCall, frame: Frame) -> Vec<(Value<'a>, bool)> {
        let Expr::Attribute(method) = &*call.func else { return Vec::new() };
        if !matches!(method.attr.as_str(), "send" | "send_robust") || self.signals().0.is_empty() {
            return Vec::new();
        }
        let Some(signal) = self.signal(&method.value, frame) else { return Vec::new() };
        let sender = self.sender(call, 0, frame);
        let receivers = self.signals().0.get(&signal).into_iter().flatten();
        let meant = receivers.filter_map(|receiver| {
            match (&receiver.sender, &sender) {
                (Sender::Anyone, _) => Some(false),
                (Sender::One(wanted), Sender::One(given)) => (wanted == given).then_some(false),
                // Nobody in particular sends it.
                (_, Sender::Anyone) => None,
                _ => Some(true),
            }
            .map(|doubtful| (receiver.called.clone(), doubtful))
        });
        meant.collect()
    }

    fn signals(&self) -> &Signals<'a> {
        self.signals.get_or_init(|| self.read_signals())
    }

    fn read_signals(&self) -> Signals<'a> {
        let mut signals = Signals::default();
        let sites = self.sites();
        for &(caller, call) in sites.calls.get("connect").into_iter().flatten().take(MAX_CONNECTED) {
            let frame = self.plain(caller);
            if let Expr::Attribute(method) = &*call.func
                && let Some(signal) = self.signal(&method.value, frame)
            {
                let given = call.arguments.args.first();
                let given = given.or_else(|| Some(&call.arguments.find_keyword("receiver")?.value));
                let called = given.map(|given| self.value(given, frame).to_vec()).unwrap_or_default();
                self.connect(&mut signals, signal, called, &self.sender(call, 1, frame));
            }
        }
        for name in ["receiver", "connect", "connect_via"] {
            for &id in sites.decorated.get(name).into_iter().flatten().take(MAX_CONNECTED) {
                self.decorated_receiver(&mut signals, name, id);
            }
        }
        signals
    }

    /// `@receiver(signal)`, `@signal.connect`, `@signal.connect_via(sender)`.
    fn decorated_receiver(&self, signals: &mut Signals<'a>, name: &str, id: FunctionId) {
        let function = self.function(id);
        if function.class.is_some() {
            return;
        }
        let around = self.plain(FunctionId { index: function.parent, ..id });
        for (decorator, at) in function.decorators.iter().zip(0..) {
            let expression = &decorator.expression;
            if last_name(expression) != name {
                continue;
            }
            let (callee, call) = match expression {
                Expr::Call(call) => (&*call.func, Some(call)),
                other => (other, None),
            };
            let (given, sender) = match (callee, call) {
                (_, Some(call)) if name == "receiver" && self.is_receiver_of_django(callee, around) => {
                    (signals_in(call), self.sender(call, usize::MAX, around))
                }
                (Expr::Attribute(method), None) if name == "connect" => (vec![&*method.value], Sender::Anyone),
                (Expr::Attribute(method), Some(call)) if name == "connect_via" => {
                    (vec![&*method.value], self.sender(call, 0, around))
                }
                _ => continue,
            };
            for signal in given.into_iter().filter_map(|given| self.signal(given, around)) {
                self.connect(signals, signal, self.decorated_below(self.plain(id), at), &sender);
            }
        }
    }

    fn is_receiver_of_django(&self, callee: &'a Expr, frame: Frame) -> bool {
        let callees = self.value(callee, frame);
        callees.iter().any(|value| matches!(value, Value::External(name) if RECEIVER.contains(&&**name)))
    }

    /// Keeps those of `called` that are called where the signal is sent: a coroutine function never is.
    fn connect(&self, signals: &mut Signals<'a>, signal: Signal<'a>, called: Vec<Value<'a>>, sender: &Sender<'a>) {
        let is_plain = |value: &Value<'a>| match value {
            Value::Function(target) => !self.function(target.function).is_async,
            Value::Object(_) => true,
            _ => false,
        };
        let receivers = signals.0.entry(signal).or_default();
        for called in called.into_iter().filter(is_plain) {
            if receivers.len() < MAX_RECEIVERS {
                receivers.push(Receiver { called, sender: sender.clone() });
            }
        }
    }

    /// The sender that a call names, at a position or by its name.
    fn sender(&self, call: &'a ast::ExprCall, position: usize, frame: Frame) -> Sender<'a> {
        let named = || Some(&call.arguments.find_keyword("sender")?.value);
        match call.arguments.args.get(position).or_else(named) {
            None | Some(Expr::NoneLiteral(_)) => Sender::Anyone,
            Some(given) => match &*self.value(given, frame) {
                [class @ Value::Class(_)] => Sender::One(class.clone()),
                _ => Sender::Unknown,
            },
        }
    }

    /// The signal that an expression stands for.
    fn signal(&self, expr: &'a Expr, frame: Frame) -> Option<Signal<'a>> {
        match expr {
            Expr::Call(call) => self.signal_made(call, frame),
            Expr::Name(name) => {
                let sources = self.sources(name.id.as_str(), frame, span_of(name).start);
                if let [(bound, frame)] = *sources { self.signal_bound(bound, frame) } else { None }
            }
            Expr::Attribute(attribute) => {
                let name = attribute.attr.as_str();
                let owners = self.value(&attribute.value, frame);
                let [owner] = &*owners else { return None };
                match owner {
                    Value::Module(_) => match *self.sources_in(owner, name, 4) {
                        [(bound, frame)] => self.signal_bound(bound, frame),
                        _ => None,
                    },
                    Value::Class(class) | Value::Object(class) => {
                        let line = self.ancestry(*class);
                        let mut owners =
                            line.iter().filter_map(|it| if let Value::Class(one) = it { Some(*one) } else { None });
                        owners.find_map(|owner| match self.class(owner).fields.get(name)?.as_slice() {
                            [only] => {
                                let body = FunctionId { file: owner.file, index: only.scope };
                                self.signal_bound(only.bound, self.plain(body))
                            }
                            _ => None,
                        })
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn signal_bound(&self, bound: Bound<'a>, frame: Frame) -> Option<Signal<'a>> {
        match bound {
            Bound::Value { value: Some(Expr::Call(call)), .. } => self.signal_made(call, frame),
            _ => None,
        }
    }

    /// `Signal()`, `signal("name")`, `Namespace().signal("name")`.
    fn signal_made(&self, call: &'a ast::ExprCall, frame: Frame) -> Option<Signal<'a>> {
        let made = Signal::Made(frame.function.file, span_of(call).start);
        match &*self.value(&call.func, frame) {
            [Value::External(maker)] if MAKERS.contains(&&**maker) => Some(made),
            [Value::External(maker)] if NAMED.contains(&&**maker) => match call.arguments.args.first() {
                Some(Expr::StringLiteral(name)) => Some(Signal::Named(name.value.to_str())),
                _ => None,
            },
            [Value::Member(space, method)] => (NAMESPACES.contains(&&**space) && &**method == "signal").then_some(made),
            _ => None,
        }
    }
}

/// `receiver(signal)`, `receiver([one, other])`.
fn signals_in(call: &ast::ExprCall) -> Vec<&Expr> {
    match call.arguments.args.first() {
        Some(Expr::List(list)) => list.elts.iter().collect(),
        Some(Expr::Tuple(tuple)) => tuple.elts.iter().collect(),
        given => given.into_iter().collect(),
    }
}
