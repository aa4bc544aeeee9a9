//! Settings about time that have to go with what is around the service: who kills it, who keeps
//! connections to it, who gives up on its requests.
//!
//! Says nothing about a setting unless something around the service is known.

use super::advice::{Amount, Binding, Item, Verdict};
use super::inputs::{Chain, Class, Heartbeat, Inputs, Known, Timer};
use super::recommend::amount;
use crate::findings::Confidence;
use crate::values::Seconds;

/// Fewer requests than this and a worker starts more often than it serves.
const FEWEST_REQUESTS: u32 = 100;

/// Less time than this for requests, in seconds, is little: whoever knows of none that takes longer allows more.
pub const FEW_SECONDS: u32 = 10;

/// What to set beside `workers` of `class`, in the order in which time passes.
pub(super) fn items(inputs: &Inputs, class: Class, workers: Option<u32>) -> Vec<Item> {
    let chain = &inputs.chain;
    let timers = [timeout(chain, class), graceful(chain), keepalive(chain, class)];
    let mut items: Vec<Item> = timers.into_iter().flatten().collect();
    items.extend(time_to_stop(chain));
    items.extend(recycling(inputs, workers));
    items.extend(heartbeat(chain));
    items
}

/// How the numbers follow from what is around the service.
pub(super) fn steps(inputs: &Inputs, class: Class) -> Vec<String> {
    let chain = &inputs.chain;
    let mut lines = Vec::new();
    // A server that waits for nothing has no use for the time.
    if let Some((kill, room)) = chain.kill_after.as_ref().zip(room_to_stop(chain)).filter(|_| chain.graceful.is_some())
    {
        let drain = chain
            .drain
            .as_ref()
            .map_or_else(String::new, |drain| format!(" - {} before the signal ({})", drain.value, drain.source));
        let (kill, source, room) = (kill.value, &kill.source, Seconds(f64::from(room)));
        let margin = chain.margins.stop;
        lines.push(if halves(chain) {
            format!("stop: {kill} until the kill ({source}){drain} are short; half of them leaves {room} for requests")
        } else {
            format!("stop: {kill} until the kill ({source}){drain} - {margin} to end leave {room} for requests")
        });
    }
    if let Some(idle) = chain.idle_kept.as_ref().filter(|_| class != Class::Sync && chain.keepalive.is_some()) {
        lines.push(format!("idle connections are kept for {} in front ({}), so longer here", idle.value, idle.source));
    }
    if let Some(edge) = chain.edge_timeout.as_ref().filter(|_| class == Class::Sync || chain.timeout.is_some()) {
        lines.push(format!("nobody waits for an answer after {} ({})", edge.value, edge.source));
    }
    lines.extend(unended(chain, class));
    lines
}

/// That nothing here ends a request, however long it takes: the main loop of the other classes says for the worker
/// that it is alive (`notify` of `gthread`, `gevent`, `eventlet`, `asgi` and `UvicornWorker`, Gunicorn 27.0.1).
fn unended(chain: &Chain, class: Class) -> Option<String> {
    let timeout = chain.timeout.as_ref().filter(|_| class != Class::Sync)?;
    let longest = chain.longest_request.as_ref().map(|longest| ("the longest takes", longest));
    let (what, bound) = longest.or(chain.edge_timeout.as_ref().map(|edge| ("the one in front waits", edge)))?;
    let now = timeout.now.value.filter(|now| *now > 0.0)?;
    Some(format!(
        "`{}` ({}) watches that a worker reacts and ends no request of this class: {what} {} ({})",
        timeout.setting,
        Seconds(now),
        bound.value,
        bound.source
    ))
}

/// Whole seconds for requests between the signal to stop and the kill; `None` where the kill is not known or
/// leaves no time at all.
fn room_to_stop(chain: &Chain) -> Option<u32> {
    let room = after_draining(chain)?;
    // Of a short time half is better than nothing.
    let room = if halves(chain) { room / 2.0 } else { room - chain.margins.stop.0 };
    whole(room).filter(|room| *room >= 1)
}

/// Time between the signal to stop and the kill.
fn after_draining(chain: &Chain) -> Option<f64> {
    let drain = chain.drain.as_ref().map_or(0.0, |drain| drain.value.0);
    Some(chain.kill_after.as_ref()?.value.0 - drain)
}

/// Whether that is too short for the margin.
fn halves(chain: &Chain) -> bool {
    after_draining(chain).is_some_and(|room| room < 2.0 * chain.margins.stop.0)
}

/// Whether there is so little time for requests that the server had better not wait less, but be killed later. Where
/// somebody states how long the longest takes, that decides.
fn is_hurried(chain: &Chain) -> bool {
    chain.longest_request.is_none() && room_to_stop(chain).is_none_or(|room| room < FEW_SECONDS)
}

fn graceful(chain: &Chain) -> Option<Item> {
    let timer = chain.graceful.as_ref()?;
    let longest = chain.longest_request.as_ref().and_then(|longest| whole(longest.value.0.ceil()));
    if chain.kill_after.is_none() {
        // Nobody knows of a kill, so that nothing keeps it from being enough.
        return Some(timed(timer, longest?, longest?, None, Binding::Request));
    }
    let most = room_to_stop(chain)?;
    let least = longest.unwrap_or(1).clamp(1, most);
    let item = timed(timer, least, most, Some(most), Binding::Stop);
    if item.verdict != Verdict::Change || !is_hurried(chain) {
        return Some(item);
    }
    // Without a bound there is no time to add up to: a short one is then something to think about.
    timer.now.value.is_none().then_some(Item { verdict: Verdict::Consider, ..item })
}

/// The time until the kill, where it is over before the signal, or before the longest request ends.
fn time_to_stop(chain: &Chain) -> Option<Item> {
    let (kill, graceful) = (chain.kill_after.as_ref()?, chain.graceful.as_ref()?);
    let drain = chain.drain.as_ref().map_or(0.0, |drain| drain.value.0);
    let longest = chain.longest_request.as_ref().map(|longest| longest.value.0);
    let room = room_to_stop(chain).map_or(0.0, f64::from);
    let cut = is_hurried(chain) && graceful.now.value.is_some_and(|now| now > room);
    if room > 0.0 && longest.is_none_or(|longest| room >= longest) && !cut {
        return None;
    }
    let needed = longest.unwrap_or(if cut { f64::from(FEW_SECONDS) } else { 1.0 });
    let least = whole((drain + needed + chain.margins.stop.0).ceil())?;
    let target = whole((drain + longest.or(graceful.now.value).unwrap_or(1.0) + chain.margins.stop.0).ceil())?;
    Some(Item {
        setting: chain.kill_setting,
        current: Some(Known::new(Amount::Seconds(whole(kill.value.0)?), kill.source.clone(), kill.confidence)),
        written: None,
        lower: Amount::Seconds(least),
        target: Amount::Seconds(target.max(least)),
        upper: Amount::Open,
        binding: if longest.is_some() { Binding::Request } else { Binding::Stop },
        // Where nobody has chosen the time, nobody has said that it is short.
        verdict: if kill.confidence == Confidence::High || chain.drain.is_some() || longest.is_some() {
            Verdict::Change
        } else {
            Verdict::Consider
        },
    })
}

fn keepalive(chain: &Chain, class: Class) -> Option<Item> {
    // `sync` closes every connection; what it is told makes no difference.
    let timer = chain.keepalive.as_ref().filter(|_| class != Class::Sync)?;
    let idle = chain.idle_kept.as_ref()?.value.0;
    Some(timed(timer, whole(idle + 1.0)?, whole(idle + chain.margins.idle.0)?, None, Binding::Proxy))
}

/// Only `sync` is stopped by it in the middle of a request; of the others it watches the loop alone.
fn timeout(chain: &Chain, class: Class) -> Option<Item> {
    let timer = chain.timeout.as_ref().filter(|_| class == Class::Sync)?;
    let seconds = |known: &Option<Known<Seconds>>| known.as_ref().map(|known| known.value.0);
    let longest = seconds(&chain.longest_request).and_then(|longest| whole(longest.ceil() + 1.0));
    let edge = seconds(&chain.edge_timeout).and_then(whole);
    match (longest, edge) {
        (Some(longest), Some(edge)) => {
            Some(timed(timer, longest, longest.max(edge), Some(longest.max(edge)), Binding::Proxy))
        }
        (Some(longest), None) => Some(timed(timer, longest, longest.max(30), None, Binding::Request)),
        // Whoever never is stopped, or later than anybody waits, computes for nobody.
        (None, Some(edge)) if edge > 1 => Some(timed(timer, 1, edge, Some(edge), Binding::Proxy)),
        _ => None,
    }
}

fn timed(timer: &Timer, lower: u32, target: u32, upper: Option<u32>, binding: Binding) -> Item {
    let now = timer.now.value;
    let inside = match (now, upper) {
        (Some(now), upper) => now >= f64::from(lower) && upper.is_none_or(|upper| now <= f64::from(upper)),
        (None, upper) => upper.is_none(),
    };
    let shown = now.and_then(|now| whole(now.round())).map_or(Amount::Open, Amount::Seconds);
    Item {
        setting: timer.setting,
        current: Some(Known::new(shown, timer.now.source.clone(), timer.now.confidence)),
        written: None,
        lower: Amount::Seconds(lower),
        target: Amount::Seconds(target),
        upper: upper.map_or(Amount::Open, Amount::Seconds),
        binding,
        verdict: if inside { Verdict::InRange } else { Verdict::Change },
    }
}

/// Workers that are replaced after a number of requests: not all at once, and not all the time.
fn recycling(inputs: &Inputs, workers: Option<u32>) -> Vec<Item> {
    let Some((most, jitter)) = inputs.chain.recycling.as_ref().filter(|(most, _)| most.value > 0) else {
        return Vec::new();
    };
    let inside = |now: u32, lower: u32, other| if now >= lower { Verdict::InRange } else { other };
    let lives = workers.and_then(|workers| life(inputs, most.value, workers, inputs.chain.margins.booting));
    let enough = lives.filter(Life::is_short).map(|life| life.enough);
    let requests = Item {
        setting: "max_requests",
        current: Some(amount(most)),
        written: None,
        lower: Amount::Count(enough.unwrap_or(FEWEST_REQUESTS)),
        target: Amount::Count(enough.unwrap_or(10 * FEWEST_REQUESTS)),
        upper: Amount::Open,
        binding: Binding::Recycling,
        // Whoever replaces workers so soon may have a leak that grows as fast: something to think about. That they
        // hardly do anything but start is known.
        verdict: match enough {
            Some(_) => Verdict::Change,
            None => inside(most.value, FEWEST_REQUESTS, Verdict::Consider),
        },
    };
    let after = most.value;
    let apart = Item {
        setting: "max_requests_jitter",
        current: Some(amount(jitter)),
        written: None,
        lower: Amount::Count((after / 50).max(1)),
        target: Amount::Count(spread(after)),
        upper: Amount::Open,
        binding: Binding::Recycling,
        // Some are better than none, which replaces all workers together.
        verdict: inside(
            jitter.value,
            (after / 50).max(1),
            if jitter.value == 0 { Verdict::Change } else { Verdict::Consider },
        ),
    };
    // A single worker has nobody to be replaced together with.
    let alone = workers.is_some_and(|workers| workers <= 1);
    if alone { vec![requests] } else { vec![requests, apart] }
}

/// How long a worker lives that is replaced after a number of requests, beside how long its start takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Life {
    /// How long it serves.
    pub seconds: f64,
    /// How long its start takes.
    pub boot: f64,
    /// After how many requests, in whole hundreds, the start is no more than its share.
    pub enough: u32,
    /// After how many it is replaced.
    requests: u32,
}

/// From so many requests on nobody calls it often.
const SELDOM: u32 = 500;

impl Life {
    /// Whether too much of it goes into the start.
    pub const fn is_short(&self) -> bool {
        self.requests < self.enough && self.requests < SELDOM
    }
}

/// The life of each of `workers`; `None` where nobody says how many requests come or how long a start takes.
pub fn life(inputs: &Inputs, requests: u32, workers: u32, share: f64) -> Option<Life> {
    let boot = inputs.chain.boot.as_ref()?.value.0;
    let copies = inputs.replicas.as_ref()?.value.max(1);
    let each = inputs.demand.rate.as_ref()?.value.0 / (f64::from(copies) * f64::from(workers.max(1)));
    let enough = whole((each * boot / share.max(0.01) / 100.0).ceil() * 100.0)?;
    Some(Life { seconds: f64::from(requests) / each, boot, enough, requests })
}

/// By how many requests the ends of workers are to lie apart: a tenth, so that of ten workers hardly two end together.
pub const fn spread(requests: u32) -> u32 {
    if requests < 10 { 1 } else { requests / 10 }
}

fn heartbeat(chain: &Chain) -> Option<Item> {
    let path = Amount::Path("/dev/shm");
    let verdict = match chain.heartbeat? {
        Heartbeat::OnDisk => Verdict::Consider,
        Heartbeat::Nowhere => Verdict::Change,
    };
    Some(Item {
        setting: "worker_tmp_dir",
        current: Some(Known::certain(Amount::Path("the disk of the container"), "default")),
        written: None,
        lower: path,
        target: path,
        upper: path,
        binding: Binding::Disk,
        verdict,
    })
}

/// Whole seconds, rounded down; `None` for what is no sensible time.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range, as checked")]
fn whole(seconds: f64) -> Option<u32> {
    (seconds.is_finite() && (0.0..1e9).contains(&seconds)).then_some(seconds as u32)
}
