//! Turns what handlers reach into one statement per root cause.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::lines::Lines;
use super::merging::{Stated, concludes, longest, merged};
use super::route_classes::RouteClasses;
use super::{Blocking, Context, Framework, Handler, Hop, Remedy, Role, limits, loops, repair};
use crate::findings::Confidence;
use crate::python::calls::{EventKind, last_name};
use crate::python::catalogue::{Category, Weight};
use crate::python::effects::{Chain, Effects, Part, Sink};
use crate::python::frameworks::Found;
use crate::python::syntax::ast;
use crate::python::types::{Frame, FunctionId, Switch};
use crate::source::{Place, Span};
use crate::values::HashSet;
use crate::values::Order as _;

/// How many functions a chain may hold before it counts as likely only, leaving out those that are always called.
const MAX_SURE_CHAIN: usize = 6;
/// How many it may hold with those.
const MAX_ALWAYS_CHAIN: usize = 14;

/// A handler together with its node.
pub(super) struct Entry<'f> {
    pub(super) found: &'f Found,
    pub(super) handler: &'f Handler,
    pub(super) node: usize,
    /// Whether what the node reaches runs on the loop.
    pub(super) on_loop: bool,
}

/// The handlers that threads run, as far as they have the loop run something: `anyio.from_thread.run(f)`.
pub(super) fn back_from_threads<'f>(effects: &mut Effects<'_, '_>, entries: &[Entry<'f>]) -> Vec<Entry<'f>> {
    if !effects.types().has_back_calls() {
        return Vec::new();
    }
    let in_threads = entries.iter().filter(|entry| matches!(entry.found.context, Context::Thread(_)));
    let back = |entry: &Entry<'f>| Entry { node: effects.explore_thread(entry.found.frame), on_loop: true, ..*entry };
    in_threads.map(back).collect()
}

/// A call in an `async` function, or in the plain handler that the loop runs.
pub(super) type Site = (Frame, Span);

/// Which of several chains to a call is told, the least first.
type Standing = (Reverse<Confidence>, bool, bool, bool, usize, bool);

/// What is known of one root cause: a function that blocks in one way.
struct Cause {
    end: usize,
    /// The function with all the arguments that it is reached with, each of which may run other parts of it.
    ends: BTreeSet<usize>,
    chain: Chain,
    /// How `chain` stands against others.
    standing: Standing,
    /// What the handler at the beginning of `chain` is for.
    role: Role,
    /// What has to be set for that to be told to the framework.
    switch: Option<Switch>,
    /// Who reaches it.
    reached: Vec<Reached>,
}

/// A handler that reaches a blocking call, and by how sure a chain.
struct Reached {
    certainty: Confidence,
    /// Whether it is a task that gets there, which no handler waits for.
    in_task: bool,
    end: usize,
    name: String,
    place: Place,
    role: Role,
    /// What it is for when it gets there: a handler is through with its request before the stream begins that it makes.
    counts_as: Role,
    /// Where `async` functions call towards it.
    sites: Vec<Site>,
}

impl Cause {
    /// Leaves out who hardly gets there where others do: what would be no more than advice by itself.
    fn settle(&mut self, weight: Weight) {
        let best = self.reached.iter().map(|one| one.certainty).max().unwrap_or(Confidence::Low);
        let enough = if weight == Weight::Unbounded { best.min(Confidence::Medium) } else { best };
        self.reached.retain(|one| one.certainty >= enough);
        let left: BTreeSet<usize> = self.reached.iter().map(|one| one.end).collect();
        self.ends.retain(|end| left.contains(end));
    }

    fn handlers(&self) -> Vec<(String, Place, Role)> {
        let mut found: Vec<(String, Place, Role)> = Vec::new();
        for one in &self.reached {
            let handler = (one.name.clone(), one.place, one.role);
            if !found.contains(&handler) {
                found.push(handler);
            }
        }
        found
    }

    /// What those are for who get there most surely: the others make it no worse.
    fn roles(&self) -> Vec<Role> {
        let best = self.reached.iter().map(|one| one.certainty).max();
        let mut found = Vec::new();
        for one in self.reached.iter().filter(|one| Some(one.certainty) == best) {
            if !found.contains(&one.counts_as) {
                found.push(one.counts_as);
            }
        }
        found
    }

    /// Whether those who get there most surely do so in a task.
    fn is_in_task(&self) -> bool {
        let best = self.reached.iter().map(|one| one.certainty).max();
        self.reached.iter().all(|one| one.in_task || Some(one.certainty) != best)
    }

    fn sites(&self) -> BTreeSet<Site> {
        self.reached.iter().flat_map(|one| one.sites.iter().copied()).collect()
    }
}

/// For each handler, the ways to everything of a part below it that takes time.
pub(super) fn chains<'f>(
    effects: &Effects<'_, '_>,
    part: &Part,
    entries: impl Iterator<Item = &'f Entry<'f>> + Clone,
) -> Vec<Vec<Chain>> {
    let mut chains = effects.chains_in(entries.clone().map(|entry| entry.node), part);
    for (entry, chains) in entries.zip(&mut chains) {
        for chain in chains {
            chain.doubts += usize::from(entry.found.doubts);
        }
    }
    chains
}

/// The blocking calls of a part that handlers on the loop reach.
pub(super) fn blocking(
    effects: &Effects<'_, '_>,
    (part, remarks): (&Part, (u64, u64)),
    entries: &[&Entry<'_>],
    chains: &[Vec<Chain>],
    sources: &repair::Sources<'_>,
    framework: Framework,
) -> Vec<Blocking> {
    let handlers: BTreeMap<FunctionId, Role> =
        entries.iter().map(|entry| (entry.found.frame.function, entry.found.role)).collect();
    let mut causes: BTreeMap<(FunctionId, Category), Cause> = BTreeMap::new();
    let on_loop = entries.iter().zip(chains).filter(|(entry, _)| entry.on_loop);
    for (entry, chains) in on_loop {
        for chain in chains {
            let categories = categories(effects.sinks_in(chain.end, part));
            if categories.is_empty() {
                continue;
            }
            let function = effects.node(chain.end).frame.function;
            let role = entry.found.role;
            let standing = standing_of(effects, chain, role, &entry.handler.name);
            let counts_as = if is_sent_later(effects, chain, &handlers) { Role::Stream } else { role };
            for category in categories {
                let cause = causes.entry((function, category)).or_insert_with(|| Cause {
                    end: chain.end,
                    ends: BTreeSet::new(),
                    chain: chain.clone(),
                    standing,
                    role,
                    switch: entry.found.switch,
                    reached: Vec::new(),
                });
                if standing < cause.standing {
                    cause.standing = standing;
                    cause.chain = chain.clone();
                    cause.end = chain.end;
                    cause.role = role;
                    cause.switch = entry.found.switch;
                }
                cause.ends.insert(chain.end);
                cause.reached.push(Reached {
                    certainty: standing.0.0,
                    in_task: chain.ways.iter().any(|way| way.task)
                        || matches!(counts_as, Role::Background | Role::Stream),
                    end: chain.end,
                    name: entry.handler.name.clone(),
                    place: entry.handler.place,
                    role,
                    counts_as,
                    sites: sites(effects, part, chain, category),
                });
            }
        }
    }
    let called = effects.called();
    let is_async = |function: FunctionId| effects.types().function(function).is_async;
    let wrapped = entries.iter().map(|entry| entry.found).filter(|found| found.frame.function != found.function);
    let wrapped = wrapped.filter(|found| is_async(found.frame.function)).map(|found| found.function).collect();
    let lines = Lines::new(effects, part, entries.iter().filter(|entry| entry.on_loop).map(|entry| entry.node));
    let (asking, route_classes) = (loops::asking(effects), RouteClasses::default());
    // Nothing of asyncio works there.
    let on_trio = framework == Framework::Quart && effects.types().imports_package("quart_trio");
    let report = Report {
        effects,
        part,
        remarks,
        on_trio,
        framework,
        handlers,
        called,
        wrapped,
        asking: &asking,
        lines,
        route_classes,
        sources,
    };
    let all = causes.into_iter().filter_map(|((_, category), cause)| report.blocking(category, cause));
    let merged = merged(all.collect());
    let may_be_plain = |function: FunctionId| report.may_be_plain(function);
    // What one finding leaves where it is, another about the same call does not move.
    let held: BTreeSet<Place> = merged
        .iter()
        .filter(|stated| repair::belongs_to_thread(&stated.blocking))
        .map(|stated| stated.blocking.anchor)
        .collect();
    let repairs = repair::Repairs::new(effects.types(), &asking, sources, on_trio);
    let mut all: Vec<Blocking> = merged
        .into_iter()
        .map(|Stated { anchor, mut blocking, sites, wrapper, .. }| {
            let stays = held.contains(&blocking.anchor);
            let is_there = wrapper != repair::Wrapper::ToThread || !sources.lacks_to_thread;
            let by = (!stays && !on_trio && is_there).then_some(wrapper);
            blocking.repair = repairs.of(&blocking, anchor, &sites, by, &may_be_plain);
            blocking.written = repair::written(&blocking, sources);
            blocking.asked = repair::asked(&blocking, sources);
            blocking
        })
        .collect();
    all.order_by_key(|blocking| (blocking.call, blocking.category));
    all
}

/// Which of two chains to the same call is told: the surer one, that from what every request runs through, that
/// from what some request runs through, that which is gone where nothing fails, the shorter one, that of a method
/// which clients use more.
fn standing_of(effects: &Effects<'_, '_>, chain: &Chain, role: Role, name: &str) -> Standing {
    let certainty = certainty(effects, chain, chain.doubts);
    let is_rare = matches!(name.rsplit('.').next(), Some("delete" | "head" | "options" | "patch" | "put" | "trace"));
    let fails = chain.ways.iter().any(|way| {
        let function = effects.types().function(effects.node(way.node).frame.function);
        function.is_exceptional(way.span)
    });
    (Reverse(certainty), !role.is_for_every_request(), role.is_beside_requests(), fails, chain.ways.len(), is_rare)
}

/// How sure it is that a chain is run through to its end, with so many calls that may mean something else.
fn certainty(effects: &Effects<'_, '_>, chain: &Chain, doubts: usize) -> Confidence {
    match doubts {
        0 if is_short(effects, chain) => Confidence::High,
        0 | 1 => Confidence::Medium,
        _ => Confidence::Low,
    }
}

/// Whether few of the calls on the way may stand behind a condition that is never met. Wrappers that do
/// nothing but hand on what they are given make a chain long, not doubtful.
fn is_short(effects: &Effects<'_, '_>, chain: &Chain) -> bool {
    let always =
        |node: usize, span: Span| effects.types().function(effects.node(node).frame.function).always_reaches(span);
    let all = chain.ways.len() + 1;
    all <= MAX_SURE_CHAIN
        || all <= MAX_ALWAYS_CHAIN
            && chain.ways.iter().filter(|way| !always(way.node, way.span)).count() < MAX_SURE_CHAIN
}

/// Whether a chain leads into the source of a stream that is but handed to a response: the framework asks for its
/// pieces when the handler has returned.
fn is_sent_later(effects: &Effects<'_, '_>, chain: &Chain, handlers: &BTreeMap<FunctionId, Role>) -> bool {
    let next = chain.ways.iter().skip(1).map(|way| way.node).chain([chain.end]);
    chain.ways.iter().zip(next).any(|(way, next)| {
        let function = |node: usize| effects.node(node).frame.function;
        let makes_an_object = || {
            effects.types().function(function(way.node)).events.iter().any(|event| {
                let EventKind::Call(call, _) = event.kind else { return false };
                event.span == way.span && last_name(&call.func).starts_with(char::is_uppercase)
            })
        };
        handlers.get(&function(next)) == Some(&Role::Stream) && makes_an_object()
    })
}

/// The function of a chain in which the loop stands still, counted from its beginning: the last `async` one, or the
/// callback that the loop was left with after it; none where all of them are plain.
fn stands_in(effects: &Effects<'_, '_>, chain: &Chain) -> Option<usize> {
    let is_async = |node: usize| effects.types().function(effects.node(node).frame.function).is_async;
    let called_back = chain.ways.iter().rposition(|way| way.left).map(|before| before + 1);
    if is_async(chain.end) {
        return Some(chain.ways.len());
    }
    chain.ways.iter().rposition(|way| is_async(way.node)).max(called_back)
}

/// The calls in the function in which the loop stands still that lead on, or that block themselves.
fn sites(effects: &Effects<'_, '_>, part: &Part, chain: &Chain, category: Category) -> Vec<Site> {
    let end = effects.node(chain.end);
    let sinks = || effects.sinks_in(chain.end, part);
    let own = || {
        let heavy = sinks().any(|sink| sink.effect.category == category && sink.effect.weight > Weight::Slight);
        let told =
            move |sink: &&Sink| sink.effect.category == category && (sink.effect.weight > Weight::Slight || !heavy);
        sinks().filter(told).map(|sink| (end.frame, sink.span)).collect()
    };
    match chain.ways.get(stands_in(effects, chain).unwrap_or(0)) {
        Some(way) => vec![(effects.node(way.node).frame, way.span)],
        None => own(),
    }
}

fn categories<'s>(sinks: impl Iterator<Item = &'s Sink>) -> Vec<Category> {
    // Of what is slight, only files and locks say something about the code: encoding JSON is what handlers do.
    let says = |category| matches!(category, Category::File | Category::Lock);
    let told = sinks.filter(|sink| sink.effect.weight > Weight::Slight || says(sink.effect.category));
    let mut found: Vec<Category> = told.map(|sink| sink.effect.category).collect();
    found.order();
    found.dedup();
    found
}

/// Where a call leads, as far as its remedy depends on that.
struct Way {
    /// The node that blocks.
    end: usize,
    /// The function in which the loop stands still.
    begin: usize,
    /// What is called there.
    moved: usize,
    /// Where that is.
    site: Site,
    wrapper: repair::Wrapper,
}

struct Report<'e, 't, 'a> {
    effects: &'e Effects<'t, 'a>,
    /// What of it is told now.
    part: &'e Part,
    /// What the project says about the places of that part.
    remarks: (u64, u64),
    framework: Framework,
    /// Whether the loop is trio's.
    on_trio: bool,
    handlers: BTreeMap<FunctionId, Role>,
    /// Functions that others call.
    called: HashSet<FunctionId>,
    /// Functions that a decorator of the project calls on the loop in place of the framework.
    wrapped: HashSet<FunctionId>,
    /// Functions that ask for the loop that runs, themselves or in what they call.
    asking: &'e HashSet<FunctionId>,
    lines: Lines<'e, 't, 'a>,
    route_classes: RouteClasses,
    sources: &'e repair::Sources<'e>,
}

impl Report<'_, '_, '_> {
    fn place(&self, frame: Frame, span: Span) -> Place {
        Place::new(self.effects.types().facts_at(frame.function.file).file, span)
    }

    fn blocking(&self, category: Category, mut cause: Cause) -> Option<Stated> {
        let types = self.effects.types();
        let end = self.effects.node(cause.end);
        let sinks: Vec<&Sink> =
            self.effects.sinks_in(cause.end, self.part).filter(|sink| sink.effect.category == category).collect();
        let weight = sinks.iter().map(|sink| sink.effect.weight).max()?;
        cause.settle(weight);
        let lines = self.lines.towards(&cause.ends, cause.chain.doubts);
        let mut sites = cause.sites();
        // Whoever repairs a function repairs all of it.
        let touched: BTreeSet<FunctionId> = sites.iter().map(|(frame, _)| frame.function).collect();
        sites.extend(lines.sites.iter().filter(|(frame, _)| touched.contains(&frame.function)));
        let heavy = || sinks.iter().filter(|sink| sink.effect.weight == weight);
        let fails = |sink: &Sink| types.function(end.frame.function).is_exceptional(sink.span);
        let ways: Vec<(Frame, Span)> =
            cause.chain.ways.iter().map(|way| (self.effects.node(way.node).frame, way.span)).collect();
        // Whoever reads of the shortest one thinks little of the others.
        let shortness = |sink: &Sink| Reverse(longest(category, limits::of(types, end.frame, sink, &ways).limit));
        let sink = *heavy().min_by_key(|sink| (sink.switched, fails(sink), concludes(&sink.what), shortness(sink)))?;
        // Beside a call that matters, one that does not is no news.
        let all = cause.ends.iter().flat_map(|&end| self.effects.sinks_in(end, self.part));
        let alike = all.filter(|other| {
            other.effect.category == category && (other.effect.weight > Weight::Slight || weight == Weight::Slight)
        });
        let more: Vec<Place> = alike.map(|sink| self.place(end.frame, sink.span)).collect();
        let call = self.place(end.frame, sink.span);
        let mut steps = ways;
        steps.push((end.frame, sink.span));
        let chain: Vec<Hop> = steps
            .iter()
            .map(|&(frame, span)| Hop {
                place: self.place(frame, span),
                function: types.function(frame.function).qualified.clone(),
                is_async: types.function(frame.function).is_async,
            })
            .collect();
        let outer = stands_in(self.effects, &cause.chain).unwrap_or(0);
        let (anchor_frame, anchor_span) = steps[outer];
        // A decorator that calls what it stands above is the way itself.
        let is_way = |frame: Frame| {
            let inner = types.wrapped(frame).map(|inner| inner.function);
            !types.function(frame.function).is_async && inner == Some(anchor_frame.function)
        };
        sites.retain(|(frame, _)| !is_way(*frame));
        let moved = cause.chain.ways.get(outer + 1).map_or(cause.end, |way| way.node);
        let wrapper = self.wrapper(moved);
        let begin = cause.chain.ways.get(outer).map_or(cause.end, |way| way.node);
        let way = Way { end: cause.end, begin, moved, site: (anchor_frame, anchor_span), wrapper };
        let called_back = outer > 0
            && cause.chain.ways.get(outer - 1).is_some_and(|way| way.left)
            && !types.function(anchor_frame.function).is_async;
        let doubts = cause.chain.doubts + usize::from(sink.doubtful) + usize::from(sink.switched);
        let (_, callers) = steps.split_last()?;
        let known = limits::of(types, end.frame, sink, callers);
        let function = |frame: Frame| types.function(frame.function);
        let repeats = steps.iter().any(|&(frame, span)| function(frame).repeats(span));
        let always = cause.chain.doubts == 0 && steps.iter().all(|&(frame, span)| function(frame).always_reaches(span));
        let blocking = Blocking {
            call,
            what: sink.what.clone(),
            written: None,
            asked: None,
            library: sink.effect.library,
            category,
            weight,
            limit: known.limit,
            timeout: sink.effect.timeout,
            since: sink.effect.since,
            retries: known.retries,
            repeats,
            always,
            destination: known.destination,
            only_where: self.only_where(&steps, cause.switch),
            repair: None,
            more,
            anchor: self.place(anchor_frame, anchor_span),
            remarks: self.remarks,
            anchors: sites.iter().chain(&lines.sites).map(|&(frame, span)| self.place(frame, span)).collect(),
            passed: lines.hops.iter().map(|&(frame, span)| self.place(frame, span)).collect(),
            direct: outer + 1 == steps.len(),
            chain,
            handlers: cause.handlers(),
            role: cause.role,
            roles: cause.roles(),
            in_task: cause.is_in_task(),
            remedy: self.remedy(sink, anchor_frame.function, outer + 1 == steps.len(), called_back, &way),
            certainty: certainty(self.effects, &cause.chain, doubts),
        };
        let is_exceptional = steps.iter().any(|&(frame, span)| function(frame).is_exceptional(span));
        Some(Stated { anchor: anchor_frame.function, blocking, sites, wrapper, is_exceptional })
    }

    /// What has to be set, and is not by default, for anybody to come this way.
    fn only_where(&self, steps: &[(Frame, Span)], mounted: Option<Switch>) -> Option<(String, Place)> {
        let types = self.effects.types();
        let on_way = || steps.iter().find_map(|&(frame, span)| types.switch_at(frame, span));
        let switch = mounted.or_else(on_way)?;
        let text = self.sources.files.get(switch.test.file).slice(switch.test.span);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = match (switch.holds, text.strip_prefix("not ")) {
            (true, _) => text,
            (false, Some(inner)) => inner.to_owned(),
            (false, None) => format!("not {text}"),
        };
        Some((text.replace('`', "'"), switch.test))
    }

    /// What may move a call of this function to a thread: what asks Django's database on its way belongs into the
    /// thread of the request.
    fn wrapper(&self, moved: usize) -> repair::Wrapper {
        let of_django = |sink: &Sink| sink.effect.library == "django";
        if self.framework == Framework::Django && self.effects.any_below(moved, of_django) {
            repair::Wrapper::SyncToAsync
        } else {
            repair::Wrapper::ToThread
        }
    }

    fn is_async(&self, node: usize) -> bool {
        self.effects.types().function(self.effects.node(node).frame.function).is_async
    }

    /// How what a coroutine function calls is moved to a thread.
    fn in_a_thread(&self, way: &Way) -> String {
        let types = self.effects.types();
        let (frame, span) = way.site;
        let moved = self.effects.node(way.moved).frame.function;
        let is_manager = types.has_decorator(moved, "contextmanager") || types.function(moved).name == "__enter__";
        let call = limits::call_at(types, frame, span);
        let sends = |call: &&ast::ExprCall| matches!(last_name(&call.func), "send" | "send_robust");
        if let Some(call) = call.filter(sends)
            && !types.receivers(call, frame).is_empty()
        {
            return "use `await signal.asend(...)` (Django 5.0), which runs plain receivers in a thread".to_owned();
        }
        if is_manager {
            return "make it an asynchronous context manager whose `__aenter__` and `__aexit__` wait in a thread: `await \
                    asyncio.to_thread(...)`"
                .to_owned();
        }
        if types.function(moved).is_generator {
            let threads = matches!(self.framework, Framework::FastApi | Framework::Starlette);
            return if threads {
                "go through it in threads: `async for item in iterate_in_threadpool(...)` of Starlette".to_owned()
            } else {
                "take each item in a thread: `await asyncio.to_thread(next, items, None)`".to_owned()
            };
        }
        way.wrapper.help().to_owned()
    }

    /// Whether the framework runs a handler in a thread as soon as it is plain, and nobody misses that it can be awaited.
    fn may_be_plain(&self, anchor: FunctionId) -> bool {
        let function = self.effects.types().function(anchor);
        let role = self.handlers.get(&anchor);
        // These frameworks run plain functions in threads, and only in these roles.
        let threads = matches!(self.framework, Framework::FastApi | Framework::Starlette | Framework::Quart);
        let role_allows =
            matches!(role, Some(Role::Route | Role::Dependency | Role::ExceptionHandler | Role::Background));
        // A hook of a class is called by a class of the library, which awaits what it gives.
        let role_allows = role_allows && (self.framework != Framework::FastApi || function.class.is_none());
        // Whoever awaits it himself would await what is no coroutine any more.
        let types = self.effects.types();
        let alone = !self.called.contains(&anchor)
            && !self.wrapped.contains(&anchor)
            && !self.route_classes.may_call(types, anchor);
        let is_dispensable = function.is_async && !function.awaits && !function.is_generator;
        (threads && role_allows && alone && is_dispensable)
            && !self.asking.contains(&anchor)
            && !repair::needs_loop(types, anchor)
    }

    fn remedy(&self, sink: &Sink, anchor: FunctionId, direct: bool, called_back: bool, way: &Way) -> Remedy {
        // A callback cannot await.
        if called_back {
            let text =
                "hand the call to a thread, `loop.run_in_executor(None, ...)`, or have a task await it".to_owned();
            return Remedy { text, before: None, async_twin: None, drop_async: false, shares: false };
        }
        let function = self.effects.types().function(anchor);
        let drop_async = self.may_be_plain(anchor);
        let twin = sink.effect.twin;
        let plain = format!("make `{}` a plain `def`, which the framework runs in a thread", function.name);
        // Only a coroutine function can await.
        let is_written_so =
            direct || twin.is_some() && (self.is_async(way.end) || !sink.effect.instead.contains("await "));
        let with = |instead: &str| match (drop_async, is_written_so) {
            (true, true) => format!("use {instead}, or {plain}"),
            (true, false) => plain.clone(),
            (false, true) if direct && !function.is_async => format!(
                "hand the call to a thread: `loop.run_in_executor(None, ...)`; where the framework awaits what `{}` \
                 returns, make it `async def` and use {}",
                function.name, instead
            ),
            (false, true) => format!("use {instead}"),
            (false, false) if function.is_async => self.in_a_thread(way),
            (false, false) => "hand the call to a thread: `loop.run_in_executor(None, ...)`; where the framework \
                               awaits what this returns, make it `async def` and use `await asyncio.to_thread(...)`"
                .to_owned(),
        };
        let text = with(sink.effect.instead);
        if self.on_trio {
            let text =
                text.replace("asyncio.to_thread", "trio.to_thread.run_sync").replace("asyncio.sleep", "trio.sleep");
            return Remedy { text, before: None, async_twin: None, drop_async, shares: false };
        }
        let text = if self.sources.lacks_to_thread {
            text.replace("asyncio.to_thread(...)", "asyncio.get_running_loop().run_in_executor(None, ...)")
        } else {
            text
        };
        let before = sink.effect.instead_since.filter(|_| is_written_so);
        let before = before.map(|since| (since, with("`await asyncio.to_thread(...)`")));
        let shared = repair::shared_file(self.effects, way.begin);
        let with_own_file = |text: String| match shared {
            Some(path) => format!(
                "`{path}` is the same file for all requests, which only the loop keeps apart: first give each request one \
                 of its own (`tempfile`), then {text}"
            ),
            None => text,
        };
        Remedy {
            text: with_own_file(text),
            before: before.map(|(since, text)| (since, with_own_file(text))),
            async_twin: twin.map(str::to_owned),
            drop_async: drop_async && shared.is_none(),
            shares: shared.is_some(),
        }
    }
}
