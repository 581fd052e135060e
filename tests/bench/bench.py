"""Races handoff against the limits and its peers. See README.md.

Usage: bench.py --build DIR [--out DIR] [--quick] [--rounds N] [--pin] [--only REGEX] [--lines N]
       bench.py --from FILE [--out DIR]
"""

import sys

sys.dont_write_bytecode = True  # nothing is left in the source tree

# pylint: disable=wrong-import-position
import argparse
import json
import os
import re
import shutil
from pathlib import Path

import machine
import peers
import picture
import report
import table
from races import races
from rounds import Rounds


def options():
    parser = argparse.ArgumentParser(description="Races handoff against the limits and its peers.")
    parser.add_argument("--build", type=Path, help="where CMake has built the contenders in C")
    parser.add_argument("--out", type=Path, help="where bench.json and bench.svg go (as --build)")
    parser.add_argument("--quick", action="store_true", help="3 short rounds: for a look")
    parser.add_argument("--rounds", type=int, help="how many (11; with --quick 3)")
    parser.add_argument("--pin", action="store_true", help="all on one CPU")
    parser.add_argument("--only", default="", metavar="REGEX",
                        help="only what matches, as race/contender: 'stream-1/', '/(handoff|Go)'")
    parser.add_argument("--lines", type=int, help="lines through the command (20 M; 2 M if quick)")
    parser.add_argument("--from", dest="source", type=Path, metavar="FILE",
                        help="run nothing: make table and picture from a bench.json")
    chosen = parser.parse_args()
    if (chosen.build is None) == (chosen.source is None):
        parser.error("either --build or --from is needed")
    chosen.out = chosen.out or chosen.build or chosen.source.parent
    chosen.rounds = chosen.rounds or (3 if chosen.quick else 11)
    chosen.lines = chosen.lines or (2000000 if chosen.quick else 20000000)
    return chosen


def pin_prefix():
    if shutil.which("taskset") is None:
        return None
    return ["taskset", "-c", str(min(os.sched_getaffinity(0)))]


def select(all_races, pattern):
    for race in all_races:
        race.entries = [e for e in race.entries if re.search(pattern, race.name(e))]
    return [race for race in all_races if race.entries]


def drop_missing(chosen, commands, skipped):
    """Names once what is not there, not once a race."""
    for race in chosen:
        for entry in race.entries:
            for program in entry.contender.programs:
                if program not in commands and program not in skipped:
                    skipped[program] = "was not built"
        race.entries = [e for e in race.entries
                        if all(program in commands for program in e.contender.programs)]
    return [race for race in chosen if race.entries]


def find_programs(build, wanted):
    commands = {"scratch": str(build / "scratch"), "handoff_command": [str(build / "handoff")]}
    (build / "scratch").mkdir(exist_ok=True)
    for path in (build / "contenders").iterdir():
        commands[path.name] = [str(path)]
    built, versions, skipped = peers.build(build / "peers", wanted)
    return {**commands, **built}, versions, skipped


def run(chosen):
    all_races = select(races(chosen.quick, chosen.pin), chosen.only)
    if not all_races:
        sys.exit(f"bench: no race and contender matches {chosen.only!r}")
    wanted = {p for race in all_races for e in race.entries for p in e.contender.programs}
    about = machine.describe(chosen.build)
    commands, versions, skipped = find_programs(chosen.build, wanted)
    prefix = pin_prefix()
    if prefix is None:
        if chosen.pin:
            sys.exit("bench: --pin needs taskset")
        skipped["races on one CPU"] = "no taskset"
        all_races = [race for race in all_races if not race.is_pinned]
    all_races = drop_missing(all_races, commands, skipped)
    if chosen.pin or any(race.is_pinned for race in all_races):
        skipped["on one CPU, what only spins"] = "it would measure the scheduler's time slice"
    rounds = Rounds(all_races, commands, prefix, chosen.pin, chosen.quick, chosen.lines)
    rounds.run(chosen.rounds)
    settings = {"rounds": chosen.rounds, "quick": chosen.quick, "pin": chosen.pin,
                "only": chosen.only, "lines": chosen.lines, "seed": rounds.seed}
    return report.make(all_races, settings, about, versions, skipped)


def main():
    chosen = options()
    if chosen.source:
        found = json.loads(chosen.source.read_text(encoding="utf-8"))
    else:
        found = run(chosen)
    chosen.out.mkdir(parents=True, exist_ok=True)
    if not chosen.source:
        text = json.dumps(found, indent=1, ensure_ascii=False)
        (chosen.out / "bench.json").write_text(text + "\n", encoding="utf-8")
    print(table.text(found))
    drawn = picture.draw(found)
    if drawn:
        (chosen.out / "bench.svg").write_text(drawn, encoding="utf-8")
    ours = [name for name in found["skipped"] if name.endswith("/handoff")]
    if ours:
        sys.exit(f"bench: handoff itself gave no figure: {', '.join(ours)}")


main()
