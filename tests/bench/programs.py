"""How a contender's program is run, and how its figures are read."""

import json
import subprocess
import tempfile
import threading
import time
from pathlib import Path

UNSUPPORTED = 3  # exit status of a program that lacks the scenario or the capacity


class Failure(Exception):
    """A run that gave no figure."""


class Scenario:
    """A program run as PROGRAM SCENARIO NUMBER ITEMS, which prints its figures on one line."""

    def __init__(self, program, scenario, number):
        self.program = program
        self.scenario = scenario
        self.number = number

    def measure(self, command, items, timeout_s, _scratch):
        """The figures of one run, in the order of the benchmark's columns."""
        done = run([*command, self.scenario, self.number, items], timeout_s)
        return [float(word) for word in done.stdout.split()]


class Lateness:
    """The command, which reports itself how late its ticks were."""

    def __init__(self, period_ms):
        self.program = "handoff_command"
        self.period_ms = period_ms

    def measure(self, command, items, timeout_s, _scratch):
        done = run([*command, "-q", "-e", f"{self.period_ms}ms", "-n", items, "--stats=json"],
                   timeout_s)
        try:
            late = json.loads(done.stderr)["lateness_ns"]
            return [late["p50"], late["p99"]]
        except (ValueError, KeyError):
            raise Failure("--stats=json reports no lateness") from None


class Filter:
    """A program from standard input, or from nothing, to standard output. The whole process is
    timed. Figures: ns per item, and peak resident memory in KiB."""

    def __init__(self, program, *arguments, reads):
        self.program = program
        self.arguments = arguments
        self.reads = reads
        self.is_checked = False

    def measure(self, command, items, timeout_s, scratch):
        command = [*command, *[items if word == "ITEMS" else word for word in self.arguments]]
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            source = lines(scratch, items) if self.reads else Path("/dev/null")
            if self.reads and not self.is_checked:
                check(command, source, Path(folder) / "copy", timeout_s)
                self.is_checked = True
            target = Path("/dev/null") if self.reads else Path(folder) / "log"
            ns, peak_kib = run_filter(command, source, target, timeout_s)
        return [ns / items, peak_kib]


def lines(folder, count):
    """A file with the lines 1, 2, 3, … up to `count`."""
    path = folder / f"{count}.txt"
    if not path.exists():
        with path.open("w", encoding="ascii") as file:
            for first in range(1, count + 1, 100000):
                last = min(first + 100000, count + 1)
                file.write("".join(f"{number}\n" for number in range(first, last)))
    return path


def check(command, source, copy, timeout_s):
    """Fails unless the output equals the input."""
    run_filter(command, source, copy, timeout_s)
    if subprocess.run(["cmp", "-s", source, copy], check=False).returncode != 0:
        raise Failure(f"{command[0]} does not copy its input")


def run(command, timeout_s):
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                              timeout=timeout_s, stdin=subprocess.DEVNULL, check=False)
    except subprocess.TimeoutExpired:
        raise Failure(f"took more than {timeout_s:.0f} s") from None
    if done.returncode == UNSUPPORTED:
        raise Failure("does not support this benchmark")
    if done.returncode != 0:
        text = done.stderr.strip().splitlines()
        raise Failure(f"exit status {done.returncode}: {text[-1] if text else 'no message'}")
    return done


def run_filter(command, source, target, timeout_s):
    """Returns the ns that the process took, and its peak memory."""
    with source.open("rb") as stdin, target.open("wb") as stdout:
        start_ns = time.perf_counter_ns()
        child = subprocess.Popen([str(word) for word in command], stdin=stdin, stdout=stdout,
                                 stderr=subprocess.DEVNULL)
        peak = [0]
        watcher = threading.Thread(target=watch_memory, args=(child.pid, peak))
        watcher.start()
        try:
            status = child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            raise Failure(f"took more than {timeout_s:.0f} s") from None
        finally:
            watcher.join()
        ns = time.perf_counter_ns() - start_ns
    if status != 0:
        raise Failure(f"exit status {status}")
    return ns, peak[0]


def watch_memory(pid, peak):
    """Reads the kernel's high-water mark until the process ends. wait4() would not do, because its
    figure includes the parent's memory from before exec()."""
    while True:
        try:
            status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        except OSError:
            return
        mark = status.partition("VmHWM:")[2].split()
        if not mark:
            return
        peak[0] = int(mark[0])
        time.sleep(0.01)
