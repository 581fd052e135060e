"""The benchmarks: which contenders run in each, and in which unit. README.md explains them."""

from dataclasses import dataclass, field

from programs import Filter, Lateness, Scenario

OURS, LIMIT, PEER = "ours", "limit", "peer"
LABEL = "handoff"  # of every contender that is ours
CACHE_LINE = "cache line, prefetchw"
BY_HAND = "uv_async_send"


@dataclass
class Contender:
    label: str
    kind: str
    program: object  # how to run it: see programs.py
    note: str = ""
    command: list = field(default_factory=list)  # the path of the program and its first arguments
    items: int = 0                               # in a run
    samples: list = field(default_factory=list)  # one list of figures for each round
    failures: int = 0
    trouble: str = ""  # why it runs no more


@dataclass
class Benchmark:
    key: str
    title: str
    contenders: list
    unit: str = "ns per item"
    columns: tuple = ("",)  # the names of a run's figures
    items: int = 0          # in a run; 0: sized so that a run takes long enough
    is_pinned: bool = False
    is_drawn: bool = True

    def name(self, contender):
        return f"{self.key}/{contender.label}"


# Label, kind, program, capacities, whether it only spins, note. The note says if a contender does
# not have exactly that capacity.
THREADS = [
    (LABEL, OURS, "handoff", (0, 1, 64), False, ""),
    ("cache line", LIMIT, "cacheline", (1,), True, "spins"),
    (CACHE_LINE, LIMIT, "cacheline_fetch", (1,), True, "spins"),
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

# Programs that do not support more than one thread on a side.
NO_MPMC = {"cacheline", "cacheline_fetch", "futex", "rust_std", "ghc"}


def between_threads(scenario, capacity, is_pinned):
    return [Contender(label, kind, Scenario(program, scenario, capacity), note)
            for label, kind, program, capacities, spins, note in THREADS
            if capacity in capacities and not (spins and is_pinned)
            and not (scenario == "mpmc" and program in NO_MPMC)]


def with_loop(scenario, capacity, *rivals):
    return [Contender(LABEL, OURS, Scenario("loop_handoff", scenario, capacity)),
            *[Contender(f"{BY_HAND}, {number or 'unbounded'}", PEER,
                        Scenario("loop_async", scenario, number)) for number in rivals]]


def thread_benchmarks(pin):
    return [
        Benchmark("stream-1", "Thread to thread, capacity 1", between_threads("stream", 1, pin)),
        Benchmark("stream-64", "Thread to thread, capacity 64", between_threads("stream", 64, pin)),
        Benchmark("stream-0", "Thread to thread, rendezvous", between_threads("stream", 0, pin),
                  is_drawn=False),
        Benchmark("pingpong", "Round trip over two slots", between_threads("pingpong", 1, pin),
                  unit="ns per round trip", is_drawn=False),
        Benchmark("mpmc", "4 threads to 4 threads, capacity 64", between_threads("mpmc", 64, pin)),
    ]


def pinned_benchmarks():
    return [
        Benchmark("pinned-1", "On one CPU, capacity 1", between_threads("stream", 1, True),
                  is_pinned=True),
        Benchmark("pinned-64", "On one CPU, capacity 64", between_threads("stream", 64, True),
                  is_pinned=True, is_drawn=False),
    ]


def loop_benchmarks():
    return [
        Benchmark("toloop-64", "Thread to loop, capacity 64", with_loop("toloop", 64, 64, 0)),
        Benchmark("toloop-1", "Thread to loop, capacity 1", with_loop("toloop", 1, 1)),
        Benchmark("fromloop-64", "Loop to thread, capacity 64", with_loop("fromloop", 64, 64, 0)),
        Benchmark("fromloop-1", "Loop to thread, capacity 1", with_loop("fromloop", 1, 1)),
        Benchmark("sameloop", "Loop to itself, capacity 1", with_loop("sameloop", 1, 1)),
    ]


def cost_benchmarks(quick, lines):
    blocked_ms, paced_ms = (1000, 100) if quick else (5000, 1000)
    blocked = [(LABEL, OURS, "handoff"), ("futex", LIMIT, "futex"),
               ("mutex and condvar", PEER, "condvar"), ("Go channel", PEER, "go")]
    return [
        Benchmark("blocked", f"CPU while both sides are blocked for {blocked_ms // 1000} s", [
            Contender(label, kind, Scenario(program, "blocked", blocked_ms))
            for label, kind, program in blocked
        ], unit="ns of CPU", items=1, is_drawn=False),
        Benchmark("paced", f"CPU of a lane paced at {paced_ms} ms, both sides and the loop", [
            Contender(LABEL, OURS, Scenario("paced", "paced", paced_ms)),
            Contender("clock_nanosleep, 2 threads", PEER,
                      Scenario("paced_sleep", "paced", paced_ms)),
            Contender("clock_nanosleep, 1 thread", LIMIT,
                      Scenario("paced_sleep", "sleeper", paced_ms)),
        ], unit="ns of CPU per transfer", items=5, is_drawn=False),
        Benchmark("late", "Lateness of a 10 ms tick", [
            Contender(LABEL, OURS, Lateness(10)),
            Contender("clock_nanosleep", LIMIT, Scenario("late_sleep", "late", 10)),
            Contender("uv_timer_t, one-shot", PEER, Scenario("late_timer", "late", 10)),
            Contender("Go ticker", PEER, Scenario("go_late", "late", 10)),
        ], unit="ns", columns=("p50", "p99"), items=100 if quick else 500, is_drawn=False),
        Benchmark("lines", "The command: lines, one at a time", [
            Contender(LABEL, OURS, Filter("handoff_command", "--every", "0", "-", reads=True)),
            Contender("Go, unbuffered channel", PEER, Filter("go_lines", reads=True)),
        ], unit="ns per line", columns=("", "peak KiB"), items=lines, is_drawn=False),
        Benchmark("counter", "The command: the counter, logged to a file", [
            Contender(LABEL, OURS,
                      Filter("handoff_command", "--every", "0", "-n", "ITEMS", reads=False)),
        ], unit="ns per transfer", columns=("", "peak KiB"), items=200000 if quick else 2000000,
                  is_drawn=False),
    ]


def benchmarks(quick, pin, lines):
    """All of them. With `pin`, everything runs on one CPU, so what only spins is left out."""
    return [*thread_benchmarks(pin), *([] if pin else pinned_benchmarks()), *loop_benchmarks(),
            *cost_benchmarks(quick, lines)]
