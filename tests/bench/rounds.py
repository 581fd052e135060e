"""The rounds: every contender once in each, in random order, so that what the machine does meanwhile
falls on all alike."""

import random
import sys
import time

from contenders import Failure

TIMEOUT_S = 30
FIXED_TIMEOUT_S = 300  # where the number of items is fixed
PATIENCE = 3           # runs without a figure before a contender is given up
FIRST_ITEMS = 1000
MOST_ITEMS = 1 << 31
ROUND_S = (0.05, 0.5)  # how long a round of one contender may take


class Rounds:
    def __init__(self, races, commands, pin_prefix, pin, quick, line_count):
        self.races = races
        self.commands = commands
        self.pin_prefix = pin_prefix
        self.pin = pin
        self.quick = quick
        self.target_ns = 0.08e9 if quick else 0.2e9
        self.line_count = line_count
        self.seed = random.randrange(1 << 32)
        self.entries = [(race, entry) for race in races for entry in race.entries]

    def run(self, count):
        for number, (race, entry) in enumerate(self.entries, 1):
            tell(f"sizing {number}/{len(self.entries)}: {race.name(entry)}")
            self.size(race, entry)
        order = random.Random(self.seed)
        begun = time.monotonic()
        for number in range(1, count + 1):
            order.shuffle(self.entries)
            for race, entry in self.entries:
                tell(f"round {number}/{count}, {time.monotonic() - begun:.0f} s: {race.name(entry)}")
                self.race(race, entry)
        tell("")

    def measure(self, race, entry):
        prefix = self.pin_prefix if race.is_pinned or self.pin else []
        timeout_s = FIXED_TIMEOUT_S if race.items else TIMEOUT_S
        return entry.contender.measure(self.commands, prefix, entry.items, timeout_s)

    def size(self, race, entry):
        """Finds how many items make a round long enough to measure and short enough to wait for."""
        if race.items:
            entry.items = self.line_count if race.key == "lines" else race.items[self.quick]
            return
        entry.items = FIRST_ITEMS
        try:
            while True:
                took_ns = self.measure(race, entry)[0] * entry.items
                growth = self.target_ns / max(took_ns, 1)
                if took_ns >= ROUND_S[0] * 1e9 or entry.items >= MOST_ITEMS:
                    break
                entry.items = grown(entry.items, min(growth, 100))
                if growth < 2:
                    break
        except Failure as failure:
            entry.trouble = str(failure)
            return
        if took_ns > ROUND_S[1] * 1e9:
            entry.items = grown(entry.items, growth)

    def race(self, race, entry):
        if entry.trouble:
            return
        try:
            values = self.measure(race, entry)
        except Failure as failure:
            entry.failures += 1
            entry.trouble = str(failure) if entry.failures == PATIENCE else ""
            return
        entry.samples.append(values)
        took_s = values[0] * entry.items / 1e9
        if not race.items and not ROUND_S[0] <= took_s <= ROUND_S[1]:
            entry.items = grown(entry.items, self.target_ns / 1e9 / took_s)


def grown(items, factor):
    return max(4, min(int(items * factor), MOST_ITEMS))


def tell(text):
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text[:100]}")
    elif text.startswith(("sizing 1/", "round")) and text.split(",")[0] != tell.last:
        tell.last = text.split(",")[0]
        sys.stderr.write(tell.last + "\n")
    sys.stderr.flush()


tell.last = ""
