"""Runs the benchmarks of handoff, beside limits and peers. See README.md.

Usage: bench.py --build DIR [--quick] [--rounds N] [--only REGEX] [--pin] [--lines N] [--out DIR]
       bench.py --build DIR --against DIR [--rounds N] [--only REGEX] [--pin] [--lines N]
       bench.py --from FILE [--out DIR]
"""

import sys

sys.dont_write_bytecode = True  # keeps the source tree clean

# pylint: disable=wrong-import-position
import argparse
import json
import os
import re
import shutil
from pathlib import Path

import compare
import machine
import peers
import picture
import report
import table
from benchmarks import benchmarks
from rounds import Group, Rounds


def options():
    parser = argparse.ArgumentParser(description="Runs the benchmarks of handoff.")
    parser.add_argument("--build", type=Path, help="the build directory with the contenders in C")
    parser.add_argument("--out", type=Path,
                        help="where bench.json and bench.svg go (default: --build)")
    parser.add_argument("--quick", action="store_true", help="3 rounds of short runs")
    parser.add_argument("--rounds", type=int, help="how many (default: 11; with --quick 3)")
    parser.add_argument("--only", default="", metavar="REGEX",
                        help="what matches benchmark/contender: 'stream-1/', '/(handoff|Go)'")
    parser.add_argument("--pin", action="store_true", help="everything on one CPU")
    parser.add_argument("--lines", type=int,
                        help="lines through the command (default: 20 million; short runs 2)")
    parser.add_argument("--against", type=Path, metavar="DIR",
                        help="compare with the handoff of another build directory, by short runs")
    parser.add_argument("--from", dest="source", type=Path, metavar="FILE",
                        help="run nothing; make the table and the picture of a bench.json")
    chosen = parser.parse_args()
    if (chosen.build is None) == (chosen.source is None):
        parser.error("give either --build or --from")
    if chosen.against and chosen.source:
        parser.error("--against needs --build")
    if chosen.against and not (chosen.against / "contenders").is_dir():
        parser.error(f"--against: {chosen.against} has no contenders; give a build/bench directory")
    chosen.out = chosen.out or chosen.build or chosen.source.parent
    chosen.rounds = chosen.rounds or (3 if chosen.quick else 11)
    chosen.is_short = chosen.quick or chosen.against is not None
    chosen.lines = chosen.lines or (2000000 if chosen.is_short else 20000000)
    return chosen


def pin_prefix():
    if shutil.which("taskset") is None:
        return None
    return ["taskset", "-c", str(min(os.sched_getaffinity(0)))]


def select(chosen, prefix, skipped):
    """The benchmarks that were asked for and that this machine can run."""
    if chosen.pin and prefix is None:
        sys.exit("bench: --pin needs taskset")
    selected = benchmarks(chosen.is_short, chosen.pin, chosen.lines)
    for benchmark in selected:
        benchmark.contenders = [contender for contender in benchmark.contenders
                                if re.search(chosen.only, benchmark.name(contender))]
    selected = [benchmark for benchmark in selected if benchmark.contenders]
    if not selected:
        sys.exit(f"bench: --only: no benchmark/contender matches {chosen.only!r}")
    if prefix is None:
        skipped["benchmarks on one CPU"] = "no taskset"
        return [benchmark for benchmark in selected if not benchmark.is_pinned]
    if chosen.pin or any(benchmark.is_pinned for benchmark in selected):
        skipped["on one CPU, what only spins"] = "it would measure the scheduler's time slice"
    return selected


def find_programs(build):
    programs = {path.name: [str(path)] for path in (build / "contenders").iterdir()}
    return {**programs, "handoff_command": [str(build / "handoff")]}


def set_commands(selected, programs, skipped):
    """Leaves only contenders that were built. Each missing program is named once."""
    for benchmark in selected:
        for contender in benchmark.contenders:
            contender.command = programs.get(contender.program.program, [])
            if not contender.command:
                skipped.setdefault(contender.program.program, "was not built")
        benchmark.contenders = [contender for contender in benchmark.contenders
                                if contender.command]


def run(chosen):
    skipped = {}
    about = machine.describe(chosen.build)
    prefix = pin_prefix()
    selected = select(chosen, prefix, skipped)
    programs = find_programs(chosen.build)
    versions = {}
    if chosen.against:
        groups = compare.groups(selected, programs, find_programs(chosen.against), skipped)
    else:
        wanted = {contender.program.program
                  for benchmark in selected for contender in benchmark.contenders}
        built, versions, missing = peers.build(chosen.build / "peers", wanted)
        skipped.update(missing)
        set_commands(selected, {**programs, **built}, skipped)
        groups = [Group(benchmark, [contender])
                  for benchmark in selected for contender in benchmark.contenders]
    scratch = chosen.build / "scratch"
    scratch.mkdir(exist_ok=True)
    rounds = Rounds(groups, prefix, chosen.pin, chosen.is_short, scratch)
    rounds.run(chosen.rounds)
    if chosen.against:
        return compare.text(groups, about, machine.describe(chosen.against), skipped)
    settings = {"rounds": chosen.rounds, "quick": chosen.quick, "pin": chosen.pin,
                "only": chosen.only, "lines": chosen.lines, "seed": rounds.seed}
    return report.make(selected, settings, about, versions, skipped)


def main():
    chosen = options()
    if chosen.against:
        print(run(chosen))
        return
    chosen.out.mkdir(parents=True, exist_ok=True)
    if chosen.source:
        found = json.loads(chosen.source.read_text(encoding="utf-8"))
    else:
        found = run(chosen)
        text = json.dumps(found, indent=1, ensure_ascii=False)
        (chosen.out / "bench.json").write_text(text + "\n", encoding="utf-8")
    print(table.text(found))
    drawn = picture.draw(found)
    if drawn:
        (chosen.out / "bench.svg").write_text(drawn, encoding="utf-8")
    ours = [name for name in found["skipped"] if name.endswith("/handoff")]
    if ours:
        sys.exit(f"bench: no figure for handoff itself: {', '.join(ours)}")


main()
