"""The goals of handoff, checked against the medians of one report.

A figure that depends on how far apart the cores are is compared with a limit of the same run. Other
goals are in ns, on a virtual machine with two cores (AMD EPYC)."""

from benchmarks import BY_HAND, CACHE_LINE, LABEL
from report import median

NEAR_NS = 150  # a cache line that takes longer there and back is between distant cores


def goals(report):
    """Each goal: its text, what was found and what is allowed. None: it did not run."""
    def ours(key, column=""):
        return median(report, key, LABEL, column)

    def relative(factor, key, *labels):
        found = [value for label in labels if (value := median(report, key, label)) is not None]
        return factor * min(found) if found else None

    if report["settings"]["pin"]:
        return [("on one CPU, capacity 1 ≤ 2,000 ns", ours("stream-1"), 2000),
                ("on one CPU, capacity 64 ≤ 150 ns", ours("stream-64"), 150)]
    line = relative(1, "stream-1", CACHE_LINE)
    unbounded = relative(1, "fromloop-64", f"{BY_HAND}, unbounded")
    is_quick = report["settings"]["quick"]
    return [
        ("capacity 1 ≤ 1.1 × the cache line", ours("stream-1"),
         relative(1.1, "stream-1", CACHE_LINE)),
        ("capacity 64 ≤ crossbeam and Vyukov's ring", ours("stream-64"),
         relative(1, "stream-64", "crossbeam", "Vyukov's ring")),
        ("rendezvous ≤ 240 ns", ours("stream-0"), 240),
        ("round trip ≤ 0.82 × the cache line's", ours("pingpong"),
         relative(0.82, "pingpong", CACHE_LINE)),
        ("4 to 4 threads ≤ 0.34 × Vyukov's ring", ours("mpmc"),
         relative(0.34, "mpmc", "Vyukov's ring")),
        ("on one CPU, capacity 1 ≤ 2,000 ns", ours("pinned-1"), 2000),
        ("on one CPU, capacity 64 ≤ 150 ns", ours("pinned-64"), 150),
        ("thread to loop, 64 ≤ 30 ns, between near cores", ours("toloop-64"),
         30 if line is not None and line <= NEAR_NS else None),
        ("thread to loop, 1 ≤ the cache line", ours("toloop-1"), line),
        ("loop to thread, 64 ≤ 100 ns or an unbounded list", ours("fromloop-64"),
         None if unbounded is None else max(100, unbounded)),
        ("loop to thread, 1 ≤ 0.1 × by hand", ours("fromloop-1"),
         relative(0.1, "fromloop-1", f"{BY_HAND}, 1")),
        ("loop to itself ≤ 34 ns", ours("sameloop"), 34),
        ("blocked: ≤ 1 ms of CPU" + (" (for 1 s, not 5 s)" if is_quick else ""),
         ours("blocked"), 1e6),
        ("paced: ≤ 100 µs of CPU per transfer" + (" (at 100 ms, not 1 s)" if is_quick else ""),
         ours("paced"), 1e5),
        ("lateness at 10 ms, p50 ≤ 60 µs", ours("late", "p50"), 6e4),
        ("lateness at 10 ms, p99 ≤ 200 µs", ours("late", "p99"), 2e5),
        ("lines ≤ 60 ns (20 million in 1.2 s)", ours("lines"), 60),
        ("lines: peak memory ≤ 8,192 KiB", ours("lines", "peak KiB"), 8192),
        ("counter ≤ 1,000 ns (1 million transfers a second)", ours("counter"), 1000),
    ]
