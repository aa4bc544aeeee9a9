"""Watches the event loops of the server that farrier measures. Lies in a temporary folder, never in the project.

Each loop is given a heartbeat. A thread notes what the loop's thread is doing while the heartbeat is overdue, and
writes down which line held it. What only looks like a held loop is left out: many short steps one after another, a
machine that is busy with something else, another thread that holds the interpreter.
"""

import _thread
import importlib.util
import json
import os
import sys
import sysconfig
import time
import traceback

# Python's own, whatever an application puts in their place later (gevent does).
_clock, _sleep, _wall = time.monotonic, time.sleep, time.time
_start, _ident, _native = _thread.start_new_thread, _thread.get_ident, getattr(_thread, "get_native_id", lambda: 0)

BEAT = 0.02  # between two heartbeats of a loop
LOOK = 0.01  # between two looks at it
OVERDUE = 0.03  # from which it is worth a look
HELD = 0.05  # from which a line is said to hold the loop
DEEPEST = 200

_FOLDER = os.environ.get("FARRIER_WATCH", "")
_LIBRARIES = tuple(
    {
        os.path.join(os.path.realpath(path), "")
        for key, path in sysconfig.get_paths().items()
        if key in ("stdlib", "platstdlib", "purelib", "platlib")
    }
)
# System calls by number: what a thread that does not compute is waiting for.
_CALLS = {
    "x86_64": {
        0: "read", 7: "poll", 17: "read", 19: "read", 20: "write", 23: "select", 35: "sleep", 42: "socket",
        43: "socket", 44: "socket", 45: "socket", 46: "socket", 47: "socket", 1: "write", 61: "process", 73: "lock",
        74: "disk", 75: "disk", 202: "lock", 230: "sleep", 232: "poll", 247: "process", 270: "select", 271: "poll",
        281: "poll", 288: "socket",
    },
    "aarch64": {
        22: "poll", 32: "lock", 63: "read", 64: "write", 65: "read", 66: "write", 67: "read", 72: "select",
        73: "poll", 82: "disk", 83: "disk", 95: "process", 98: "lock", 101: "sleep", 115: "sleep", 202: "socket",
        203: "socket", 206: "socket", 207: "socket", 211: "socket", 212: "socket", 242: "socket", 260: "process",
    },
}.get(os.uname().machine if hasattr(os, "uname") else "", {})

_watched = {}
_owner = 0
_own_files = {}
_greeted = set()


def _own(name):
    """Whether a file belongs to the project: neither to Python nor to something installed."""
    known = _own_files.get(name)
    if known is None:
        full = os.path.realpath(name)
        parts = full.split(os.sep)
        installed = "site-packages" in parts or "dist-packages" in parts or full.startswith(_LIBRARIES)
        known = not name.startswith("<") and full != os.path.realpath(__file__) and not installed
        _own_files[name] = known
    return known


def _write(entry):
    try:
        line = (json.dumps(entry) + "\n").encode("utf-8", "replace")
        place = os.open(os.path.join(_FOLDER, "%d.jsonl" % os.getpid()), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(place, line)
        finally:
            os.close(place)
    except OSError:
        pass


class _Task:
    """What the kernel says about one thread: seconds it computed, and seconds it stood in line for a processor."""

    def __init__(self, native):
        self.folder = "/proc/self/task/%d/" % native
        try:
            self.file = os.open(self.folder + "schedstat", os.O_RDONLY)
        except OSError:
            self.file = None

    def used(self):
        try:
            computed, waited = os.pread(self.file, 64, 0).split()[:2]
            return int(computed) / 1e9, int(waited) / 1e9
        except (OSError, TypeError, ValueError):
            return None

    def waits_for(self):
        """What the thread waits for, `running` while it computes, or nothing where the system keeps it to itself."""
        try:
            with open(self.folder + "syscall", "rb", 0) as file:
                words = file.read(256).split()
            if words[0] == b"running":
                return "running"
            kind = _CALLS.get(int(words[0]))
            if kind in ("read", "write"):
                target = os.readlink("/proc/self/fd/%d" % int(words[1], 16))
                kind = "socket" if target.startswith("socket:") else "pipe" if target.startswith("pipe:") else "disk"
            if kind == "poll":
                return "socket"
            if kind == "select":
                # A sleep of Python before 3.11 selects among nothing.
                return "socket" if int(words[1], 16) else "sleep"
            return kind
        except (OSError, IndexError, ValueError):
            return None

    def close(self):
        if self.file is not None:
            os.close(self.file)


class _Loop:
    """One running loop and the thread it runs in."""

    def __init__(self, loop):
        self.loop = loop
        self.ident = _ident()
        self.task = _Task(_native())
        # What stands below the loop is not what holds it.
        self.below = set()
        frame = sys._getframe(2)
        self.kept = []
        while frame is not None:
            self.below.add(id(frame))
            self.kept.append(frame)
            frame = frame.f_back
        self.last = _clock()
        self.beats = 0
        # How late heartbeats came, with their number.
        self.lates = []
        self.handle = loop.call_soon(self.beat)
        # What was seen since heartbeat number `number`.
        self.number = 0
        self.segments = []
        self.current = None
        self.before = None

    def beat(self):
        now = _clock()
        late = now - self.last - BEAT
        if self.beats and late >= OVERDUE:
            self.lates.append((self.beats, late))
        self.last = now
        self.beats += 1
        self.handle = self.loop.call_later(BEAT, self.beat)

    def overdue(self, now):
        return self.beats > 0 and now - self.last - BEAT >= OVERDUE

    def end(self):
        self.handle.cancel()
        self.task.close()

    def stack(self, frame):
        """The frames above the loop's own, outermost first, each with its line and instruction."""
        frames = []
        while frame is not None and id(frame) not in self.below and len(frames) < DEEPEST:
            frames.append(frame)
            frame = frame.f_back
        # One turn of the loop runs many callbacks, so what turns it is common to all of them.
        while frames and frames[-1].f_globals.get("__name__", "").startswith("asyncio."):
            frames.pop()
        frames.reverse()
        return [(frame, frame.f_lineno, frame.f_lasti) for frame in frames]


class _Segment:
    """Looks in a row during which one and the same function stayed on the stack."""

    def __init__(self, stack, at, blind, before):
        self.frames = [frame for frame, _, _ in stack]
        self.begun = self.ended = at
        # Time that was not looked at, because a call kept the interpreter to itself.
        self.blind = blind
        self.looks = 0
        self.lines = {}
        self.instructions = set()
        self.waits = {}
        # What the loop's thread had used before and in the end, and what other threads used meanwhile.
        self.before = self.after = before
        self.others = 0.0
        # Looks that did not have to wait for the interpreter.
        self.prompt = 0

    def add(self, stack, at, waits, after, others, prompt):
        common = 0
        for one, (other, _, _) in zip(self.frames, stack):
            if one is not other:
                break
            common += 1
        if common == 0:
            return False
        if not _blamed(self.frames)[1] and _blamed([frame for frame, _, _ in stack])[1]:
            # A library that calls functions of the project, perhaps many of them.
            return False
        if common < len(self.frames):
            was, now = _blamed(self.frames), _blamed(self.frames[:common])
            # What was seen long enough is to blame, whatever came after it; and nothing of a library's is, where
            # functions of the project came and went.
            if was[1] and not now[1] or was[0] is not now[0] and self.looks >= 3 and self.seen() >= HELD:
                return False
        self.frames = self.frames[:common]
        self.ended = at
        self.after = after
        if self.looks:
            self.others += others
            self.prompt += prompt
        self.looks += 1
        inner, _, instruction = stack[-1]
        self.instructions.add((id(inner), instruction))
        for frame, line, _ in stack[:common]:
            key = (id(frame), line)
            self.lines[key] = self.lines.get(key, 0) + 1
        if waits:
            self.waits[waits] = self.waits.get(waits, 0) + 1
        return True

    def seen(self):
        return self.ended - self.begun + self.blind

    def used(self):
        """Seconds that the loop's thread computed, and stood in line for a processor."""
        if not self.before or not self.after:
            return 0.0, 0.0
        return self.after[0] - self.before[0], self.after[1] - self.before[1]


def _blamed(frames):
    """The innermost function of the project, else of a library, and which of both it is."""
    for frame in reversed(frames):
        if _own(frame.f_code.co_filename):
            return frame, True
    return frames[-1], False


def _finish(segments, late):
    """A heartbeat came late: says which line held the loop, where one did."""
    everything = sum(segment.seen() for segment in segments)
    for segment in segments:
        taken = segment.seen()
        span = taken - segment.blind
        # Before the first look nothing is known, but what stayed for most of the rest was there then, too.
        all_of_it = taken >= 0.5 * (late - OVERDUE - LOOK)
        # What stood in line for a processor meanwhile is the machine's fault.
        computed, stood = segment.used()
        length = (late - everything + taken if all_of_it else taken) - stood
        if length < HELD or not (segment.looks >= 3 and span >= 0.4 * HELD or segment.blind >= HELD):
            continue
        kind = _kind(segment, computed, taken - stood)
        if kind is None:
            continue
        frame, own = _blamed(segment.frames)
        lines = {line: count for (ident, line), count in segment.lines.items() if ident == id(frame) and line}
        inner = segment.frames[-1]
        _write({
            "stall": round(length * 1000, 1), "at": _wall(), "kind": kind, "own": own,
            "file": os.path.abspath(frame.f_code.co_filename), "line": max(lines, key=lines.get) if lines else 0,
            "function": frame.f_code.co_name,
            "inner": None if inner is frame else "%s.%s" % (inner.f_globals.get("__name__", "?"), inner.f_code.co_name),
        })
    _write({"late": round(late * 1000, 1), "at": _wall()})


def _kind(segment, computed, taken):
    """What the thread did meanwhile; nothing where it was kept from doing anything."""
    waits = max(segment.waits, key=segment.waits.get) if segment.waits else None
    if computed > 0.6 * taken:
        # A call that gives the interpreter away lets every look happen at once; Python code hands it over
        # when it is asked to, some milliseconds later.
        free = len(segment.instructions) == 1 and segment.prompt * 4 >= segment.looks * 3 - 4
        return "c-call" if free or segment.blind >= 0.5 * taken else "cpu"
    if segment.others > 0.15 * taken and waits in (None, "running", "lock"):
        # It stood in line for the interpreter, which other threads had.
        return None
    if waits == "running":
        # It neither computes nor waits for anything: others keep the processors.
        return None
    return waits or "waiting"


def _watch():
    me = _Task(_native())
    woke, before, spent = _clock(), me.used(), time.process_time()
    while _owner == os.getpid():
        asleep = _clock()
        _sleep(LOOK)
        now = _clock()
        # First of all: whatever lets go of the interpreter lets the loop go on.
        stacks = _stacks(now)
        mine, process = me.used(), time.process_time()
        stood = mine[1] - before[1] if before and mine else 0.0
        # How long it had to wait for the interpreter, a processor being there.
        gap = now - woke - LOOK - stood
        prompt = now - asleep - LOOK - stood < 0.003
        for watched, beats, stack in stacks:
            try:
                kernel = watched.task.used()
                earlier, watched.before = watched.before, kernel
                _came(watched, beats)
                _look(watched, stack, now, gap, prompt, process - spent, earlier, kernel)
                _came(watched, watched.beats)
            except Exception:
                _write({"error": traceback.format_exc(limit=-3)})
        del stacks
        woke, before, spent = now, mine, process


def _stacks(now):
    """Each loop with what its thread does, where its heartbeat is overdue."""
    frames = sys._current_frames()
    return [
        (watched, watched.beats, watched.stack(frames.get(watched.ident)) if watched.overdue(now) else None)
        for watched in list(_watched.values())
    ]


def _came(watched, beats):
    """Deals with the heartbeats until number `beats`."""
    if watched.number == beats:
        return
    _close(watched)
    while watched.lates and watched.lates[0][0] < beats:
        number, late = watched.lates.pop(0)
        if late >= HELD:
            _finish(watched.segments if number == watched.number else [], late)
    watched.segments = []
    watched.number = beats


def _look(watched, stack, now, gap, prompt, process, earlier, kernel):
    if stack is None:
        return
    if not stack:
        _close(watched)
        return
    computed, stood = (kernel[0] - earlier[0], kernel[1] - earlier[1]) if kernel and earlier else (0.0, 0.0)
    blind = 0.0
    if gap >= HELD:
        if computed < 0.8 * (gap - stood) or computed < 0.6 * HELD:
            # Another thread kept the interpreter: what the loop does now is not why.
            _close(watched)
            return
        blind = gap
        if watched.current is not None and stack[-1][0] not in watched.current.frames:
            # Who kept the interpreter is seen first after it, and nothing seen before need be that.
            _close(watched)
    use = (kernel, max(0.0, process - computed), prompt)
    waits = watched.task.waits_for()
    if watched.current is not None and watched.current.add(stack, now, waits, *use):
        return
    _close(watched)
    watched.current = _Segment(stack, now, blind, earlier if blind else kernel)
    watched.current.add(stack, now, waits, *use)


def _close(watched):
    if watched.current is not None:
        watched.segments.append(watched.current)
        watched.current = None


def _entered(loop):
    """A loop begins or ends to run in this thread."""
    global _owner
    here = os.getpid()
    if _owner != here:
        # A fork leaves the thread behind.
        _watched.clear()
        _owner = here
        _start(_watch, ())
    ident = _ident()
    before = _watched.pop(ident, None)
    if before is not None:
        before.end()
    if loop is None:
        return
    kind = type(loop)
    watched = _Loop(loop)
    _watched[ident] = watched
    name = "%s.%s" % (kind.__module__, kind.__qualname__)
    if (here, name) not in _greeted:
        _greeted.add((here, name))
        _write({"hello": here, "loop": name, "at": _wall()})


def _install(events):
    original = events._set_running_loop

    def _set_running_loop(loop):
        original(loop)
        try:
            _entered(loop)
        except Exception:
            _write({"error": traceback.format_exc(limit=-3)})

    events._set_running_loop = _set_running_loop


class _Finder:
    """Waits for `asyncio.events`; what never imports it pays nothing."""

    def find_spec(self, name, path=None, target=None):
        if name != "asyncio.events":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            _install(module)

        spec.loader.exec_module = exec_module
        return spec


def _chain():
    """Runs the module of this name that this one hides."""
    here = os.path.dirname(os.path.realpath(__file__))
    own = sys.modules.pop("sitecustomize", None)
    sys.path[:] = [path for path in sys.path if os.path.realpath(path or ".") != here]
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        if own is not None:
            sys.modules.setdefault("sitecustomize", own)


if _FOLDER:
    if "asyncio.events" in sys.modules:
        _install(sys.modules["asyncio.events"])
    else:
        sys.meta_path.insert(0, _Finder())
_chain()
