"""How a contender is run: by what command, and where in its output or behaviour the figures are."""

import json
import subprocess
import tempfile
import threading
import time
from pathlib import Path

UNKNOWN = 3  # the exit status of a program that has no such scenario or capacity


class Failure(Exception):
    """A run that gave no figure."""


class Contender:
    """A program of ours: PROGRAM SCENARIO NUMBER ITEMS; prints its figures in one line."""

    def __init__(self, program, scenario, number):
        self.programs = [program]
        self.scenario = scenario
        self.number = number

    def measure(self, commands, prefix, items, timeout_s):
        """The figures of one run, in the order of the race's columns."""
        command = [*prefix, *commands[self.programs[0]], self.scenario, self.number, items]
        return [float(word) for word in finish(command, timeout_s).stdout.split()]


class Stats:
    """The command itself, for what it reports: how late its ticks were."""

    def __init__(self, period_ms):
        self.programs = ["handoff_command"]
        self.period_ms = period_ms

    def measure(self, commands, prefix, items, timeout_s):
        command = [*prefix, *commands["handoff_command"], "-q", "-e", f"{self.period_ms}ms",
                   "-n", items, "--stats=json"]
        late = json.loads(finish(command, timeout_s).stderr)["lateness_ns"]
        return [late["p50"], late["p99"]]


class Filter:
    """A program from standard input, or none, to standard output; what is timed is all of it, as its
    user sees it. Figures: ns per item, and the peak of resident memory in KiB."""

    def __init__(self, program, *arguments, reads):
        self.programs = [program]
        self.arguments = arguments
        self.reads = reads
        self.is_checked = False

    def measure(self, commands, prefix, items, timeout_s):
        command = [*prefix, *commands[self.programs[0]]]
        command += [str(items) if word == "ITEMS" else word for word in self.arguments]
        with tempfile.TemporaryDirectory(dir=commands["scratch"]) as folder:
            source = lines(Path(commands["scratch"]), items) if self.reads else Path("/dev/null")
            if self.reads and not self.is_checked:
                check(command, source, Path(folder) / "copy", timeout_s)
                self.is_checked = True
            target = Path("/dev/null") if self.reads else Path(folder) / "log"
            with source.open("rb") as stdin, target.open("wb") as stdout:
                ns, peak_kib = watch(command, stdin, stdout, timeout_s)
        return [ns / items, peak_kib]


def lines(folder, count):
    """A file of so many lines: 1, 2, 3, …"""
    path = folder / f"{count}.txt"
    if not path.exists():
        with path.open("w", encoding="ascii") as file:
            for first in range(1, count + 1, 100000):
                last = min(first + 100000, count + 1)
                file.write("".join(f"{number}\n" for number in range(first, last)))
    return path


def check(command, source, copy, timeout_s):
    """What goes in has to come out, byte for byte."""
    with source.open("rb") as stdin, copy.open("wb") as stdout:
        watch(command, stdin, stdout, timeout_s)
    if subprocess.run(["cmp", "-s", source, copy], check=False).returncode != 0:
        raise Failure(f"{command[0]} does not copy its input")


def finish(command, timeout_s):
    command = [str(word) for word in command]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s,
                              stdin=subprocess.DEVNULL, check=False)
    except subprocess.TimeoutExpired:
        raise Failure(f"took more than {timeout_s:.0f} s") from None
    if done.returncode == UNKNOWN:
        raise Failure("has no such race")
    if done.returncode != 0:
        text = done.stderr.strip().splitlines()
        raise Failure(f"exit status {done.returncode}: {text[-1] if text else 'no message'}")
    return done


def watch(command, stdin, stdout, timeout_s):
    """Runs a filter; returns its ns and its peak memory."""
    begun = time.perf_counter_ns()
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
    if status != 0:
        raise Failure(f"exit status {status}")
    return time.perf_counter_ns() - begun, peak[0]


def watch_memory(pid, peak):
    """Follows the kernel's high-water mark to the end. (What wait4 tells begins with the parent's.)"""
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
