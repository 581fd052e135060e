"""The bars: what handoff has set itself, checked against the medians of one report."""

from report import median

OURS = "handoff"


def best(report, key, *labels):
    found = [value for label in labels if (value := median(report, key, label)) is not None]
    return min(found, default=None)


def times(factor, value):
    return None if value is None else factor * value


def bars(report):
    """Each bar: what is promised, what was found, what is allowed; None: not run."""
    def ours(key, column=""):
        return median(report, key, OURS, column)

    def loose(key):  # 100 ns, or what an unbounded list takes
        unbounded = median(report, key, "uv_async_send, unbounded")
        return None if unbounded is None else max(100, unbounded)

    line = median(report, "stream-1", "one cache line")
    with_threads = best(
        report, "stream-1", "mutex and condvar", "crossbeam", "Rust sync_channel",
        "Java ArrayBlockingQueue", "GHC MVar", "GLib GAsyncQueue", "Boost.Fiber channel",
        "Python queue.Queue")
    is_quick = report["settings"]["quick"]
    if report["settings"]["pin"]:
        return [("on one CPU ≤ 1.1 × mutex and condvar", ours("stream-1"),
                 times(1.1, median(report, "stream-1", "mutex and condvar")))]
    return [
        ("capacity 1 ≤ 1.3 × one cache line", ours("stream-1"), times(1.3, line)),
        ("capacity 1 ahead of every peer with threads", ours("stream-1"), with_threads),
        ("capacity 64 ≤ the better of crossbeam and Vyukov's ring", ours("stream-64"),
         best(report, "stream-64", "crossbeam", "Vyukov's ring")),
        ("there and back ≤ 2.2 × one cache line", ours("pingpong"), times(2.2, line)),
        ("4 to 4 ≤ crossbeam", ours("mpmc"), best(report, "mpmc", "crossbeam")),
        ("on one CPU ≤ 1.1 × mutex and condvar", ours("pinned-1"),
         times(1.1, median(report, "pinned-1", "mutex and condvar"))),
        ("thread to loop, 64 ≤ 100 ns or an unbounded list", ours("toloop-64"), loose("toloop-64")),
        ("thread to loop, 1 ≤ 0.1 × by hand", ours("toloop-1"),
         times(0.1, median(report, "toloop-1", "uv_async_send, 1"))),
        ("loop to thread, 64 ≤ 100 ns or an unbounded list", ours("fromloop-64"),
         loose("fromloop-64")),
        ("loop to thread, 1 ≤ 0.1 × by hand", ours("fromloop-1"),
         times(0.1, median(report, "fromloop-1", "uv_async_send, 1"))),
        ("loop to itself ≤ 60 ns", ours("sameloop"), 60),
        ("blocked: ≤ 1 ms of CPU" + (" (here for 1 s, not 5)" if is_quick else ""),
         ours("blocked"), 1e6),
        ("paced: ≤ 100 µs of CPU per hand-off" + (" (here at 100 ms, not 1 s)" if is_quick else ""),
         ours("paced"), 1e5),
        ("a 10 ms tick is late by ≤ 100 µs, p50", ours("late", "p50"), 1e5),
        ("a 10 ms tick is late by ≤ 300 µs, p99", ours("late", "p99"), 3e5),
        ("lines ≤ Go's unbuffered channel", ours("lines"),
         median(report, "lines", "Go, unbuffered channel")),
        ("lines: peak memory ≤ 8 MiB (in KiB)", ours("lines", "peak KiB"), 8192),
        ("counter: 1 million logged hand-offs a second", ours("counter"), 1000),
    ]
