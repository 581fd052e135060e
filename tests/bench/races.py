"""The races: what is raced against what, and in which unit. All data; README.md tells what they mean."""

from dataclasses import dataclass, field

from contenders import Contender, Filter, Stats

OURS, LIMIT, PEER = "ours", "limit", "peer"


@dataclass
class Entry:
    label: str
    kind: str
    contender: object
    note: str = ""
    items: int = 0  # of a round; 0: to be found out
    samples: list = field(default_factory=list)
    failures: int = 0
    trouble: str = ""  # why there are no more samples


@dataclass
class Race:
    key: str
    title: str
    entries: list
    unit: str = "ns per item"
    columns: tuple = ("",)  # the figures of a run, by name
    items: tuple = ()       # of a round, (full, quick), where they are not to be found out
    is_pinned: bool = False
    is_drawn: bool = True

    def name(self, entry):
        return f"{self.key}/{entry.label}"


# Label, kind, program, capacities, whether it only spins, note. A capacity that a contender does not
# have exactly goes with a note.
THREADS = [
    ("handoff", OURS, "handoff", (0, 1, 64), False, ""),
    ("one cache line", LIMIT, "cacheline", (1,), True, "spins"),
    ("one cache line, fetched", LIMIT, "cacheline_fetch", (1,), True, "spins"),
    ("Vyukov's ring", LIMIT, "vyukov", (64,), True, "spins"),
    ("futex", LIMIT, "futex", (1,), False, ""),
    ("mutex and condvar", PEER, "condvar", (1, 64), False, ""),
    ("Go channel", PEER, "go", (0, 1, 64), False, "goroutines"),
    ("crossbeam", PEER, "crossbeam", (0, 1, 64), False, "yields"),
    ("Rust sync_channel", PEER, "rust_std", (0, 1, 64), False, ""),
    ("Java SynchronousQueue", PEER, "java", (0,), False, ""),
    ("Java ArrayBlockingQueue", PEER, "java", (1, 64), False, ""),
    ("GHC MVar", PEER, "ghc", (1,), False, "OS threads"),
    ("GLib GAsyncQueue", PEER, "glib", (1, 64), False, "unbounded"),
    ("Boost.Fiber channel", PEER, "boost_fiber", (0, 1, 64), False, ""),
    ("Python queue.Queue", PEER, "python", (1, 64), False, ""),
]

# Programs that cannot run a scenario that their capacities would allow.
CANNOT = {"mpmc": {"cacheline", "cacheline_fetch", "futex", "rust_std", "ghc"}, "pingpong": set(), "stream": set()}


def between_threads(scenario, capacity, is_pinned=False):
    return [Entry(label, kind, Contender(program, scenario, capacity), note)
            for label, kind, program, capacities, spins, note in THREADS
            if capacity in capacities and program not in CANNOT[scenario]
            and not (spins and is_pinned)]


def with_loop(scenario, capacity, rivals):
    return [Entry("handoff", OURS, Contender("loop_handoff", scenario, capacity)),
            *[Entry(label, PEER, Contender("loop_async", scenario, number))
              for label, number in rivals]]


def races(quick, pin):
    by_hand = "uv_async_send"
    rivals_64 = [(f"{by_hand}, 64", 64), (f"{by_hand}, unbounded", 0)]
    rivals_1 = [(f"{by_hand}, 1", 1)]
    blocked_s, paced_ms = (1, 100) if quick else (5, 1000)
    threads = [
        Race("stream-1", "Thread to thread, capacity 1", between_threads("stream", 1, pin)),
        Race("stream-64", "Thread to thread, capacity 64", between_threads("stream", 64, pin)),
        Race("stream-0", "Thread to thread, rendezvous", between_threads("stream", 0, pin),
             is_drawn=False),
        Race("pingpong", "There and back over two slots", between_threads("pingpong", 1, pin),
             unit="ns per round trip", is_drawn=False),
        Race("mpmc", "4 threads to 4 threads, capacity 64", between_threads("mpmc", 64, pin)),
    ]
    pinned = [
        Race("pinned-1", "On one CPU, capacity 1", between_threads("stream", 1, True),
             is_pinned=True),
        Race("pinned-64", "On one CPU, capacity 64", between_threads("stream", 64, True),
             is_pinned=True, is_drawn=False),
    ]
    loops = [
        Race("toloop-64", "Thread to loop, capacity 64", with_loop("toloop", 64, rivals_64)),
        Race("toloop-1", "Thread to loop, capacity 1", with_loop("toloop", 1, rivals_1)),
        Race("fromloop-64", "Loop to thread, capacity 64", with_loop("fromloop", 64, rivals_64)),
        Race("fromloop-1", "Loop to thread, capacity 1", with_loop("fromloop", 1, rivals_1)),
        Race("sameloop", "Loop to itself, capacity 1", with_loop("sameloop", 1, rivals_1)),
    ]
    costs = [
        Race("blocked", f"CPU while both sides are blocked for {blocked_s} s", [
            Entry("handoff", OURS, Contender("handoff", "blocked", blocked_s * 1000)),
            Entry("futex", LIMIT, Contender("futex", "blocked", blocked_s * 1000)),
            Entry("mutex and condvar", PEER, Contender("condvar", "blocked", blocked_s * 1000)),
            Entry("Go channel", PEER, Contender("go", "blocked", blocked_s * 1000)),
        ], unit="ns of CPU", items=(1, 1), is_drawn=False),
        Race("paced", f"CPU of a lane paced at {paced_ms} ms, both sides and the loop", [
            Entry("handoff", OURS, Contender("paced", "paced", paced_ms)),
            Entry("clock_nanosleep, two threads", PEER, Contender("paced_sleep", "paced", paced_ms)),
            Entry("clock_nanosleep, one thread", LIMIT,
                  Contender("paced_sleep", "sleeper", paced_ms), "no hand-off"),
        ], unit="ns of CPU per hand-off", items=(5, 5), is_drawn=False),
        Race("late", "How late a 10 ms tick is", [
            Entry("handoff", OURS, Stats(10)),
            Entry("clock_nanosleep", LIMIT, Contender("late_sleep", "late", 10)),
            Entry("uv_timer_t, one-shot", PEER, Contender("late_timer", "late", 10)),
            Entry("Go ticker", PEER, Contender("go_late", "late", 10)),
        ], unit="ns", columns=("p50", "p99"), items=(500, 100), is_drawn=False),
        Race("lines", "The command: lines, one at a time", [
            Entry("handoff", OURS, Filter("handoff_command", "--every", "0", "-", reads=True)),
            Entry("Go, unbuffered channel", PEER, Filter("go_lines", reads=True)),
        ], unit="ns per line", columns=("", "peak KiB"), items=(20000000, 2000000),
             is_drawn=False),
        Race("counter", "The command: the counter, logged to a file", [
            Entry("handoff", OURS,
                  Filter("handoff_command", "--every", "0", "-n", "ITEMS", reads=False)),
        ], unit="ns per hand-off", columns=("", "peak KiB"), items=(2000000, 200000),
             is_drawn=False),
    ]
    return [*threads, *([] if pin else pinned), *loops, *costs]
