"""Rounds: each one runs every contender once, in random order, so that a disturbance of the machine
affects all of them alike."""

import random
import sys
import time

from programs import Failure

TIMEOUT_S = 30
FIXED_TIMEOUT_S = 300  # if the number of items is fixed
FAILURES_MAX = 3       # runs without a figure before a contender is dropped
FIRST_ITEMS = 1000
ITEMS_MIN, ITEMS_MAX = 4, 1 << 31
RUN_S = (0.05, 0.5)    # how long a run may take


class Group:
    """Contenders of one benchmark that run back to back, in random order, with the same number of
    items. A round counts only if all of them gave figures."""

    def __init__(self, benchmark, contenders):
        self.benchmark = benchmark
        self.contenders = contenders
        self.name = benchmark.name(contenders[0])
        self.is_fixed = benchmark.items != 0
        for contender in contenders:
            contender.items = benchmark.items or FIRST_ITEMS

    def set_items(self, items):
        for contender in self.contenders:
            contender.items = max(ITEMS_MIN, min(int(items), ITEMS_MAX))


class Rounds:
    def __init__(self, groups, pin_prefix, pin, quick, scratch):
        self.groups = groups
        self.pin_prefix = pin_prefix
        self.pin = pin
        self.target_ns = 0.08e9 if quick else 0.2e9
        self.scratch = scratch
        self.seed = random.randrange(1 << 32)
        self.random = random.Random(self.seed)

    def run(self, count):
        for number, group in enumerate(self.groups, 1):
            progress(f"sizing {number}/{len(self.groups)}: {group.name}")
            self.size(group)
        start = time.monotonic()
        order = self.groups[:]
        for number in range(1, count + 1):
            self.random.shuffle(order)
            for group in order:
                progress(f"round {number}/{count}, {time.monotonic() - start:.0f} s: {group.name}")
                self.run_group(group)
        progress("")

    def measure(self, group, contender):
        prefix = self.pin_prefix if group.benchmark.is_pinned or self.pin else []
        timeout_s = FIXED_TIMEOUT_S if group.is_fixed else TIMEOUT_S
        return contender.program.measure([*prefix, *contender.command], contender.items, timeout_s,
                                         self.scratch)

    def size(self, group):
        """Finds a number of items with which a run is long enough to measure, but not longer."""
        contender = group.contenders[0]
        if group.is_fixed:
            return
        try:
            while True:
                took_ns = self.measure(group, contender)[0] * contender.items
                growth = self.target_ns / max(took_ns, 1)
                if took_ns >= RUN_S[0] * 1e9 or contender.items >= ITEMS_MAX:
                    break
                group.set_items(contender.items * min(growth, 100))
                if growth < 2:
                    break
        except Failure as failure:
            contender.trouble = str(failure)
            return
        if took_ns > RUN_S[1] * 1e9:
            group.set_items(contender.items * growth)

    def run_group(self, group):
        if any(contender.trouble for contender in group.contenders):
            return
        found = []
        for contender in self.random.sample(group.contenders, len(group.contenders)):
            try:
                found.append((contender, self.measure(group, contender)))
            except Failure as failure:
                contender.failures += 1
                contender.trouble = str(failure) if contender.failures == FAILURES_MAX else ""
                return
        for contender, figures in found:
            contender.samples.append(figures)
        took_s = found[0][1][0] * found[0][0].items / 1e9
        if not group.is_fixed and not RUN_S[0] <= took_s <= RUN_S[1]:
            group.set_items(found[0][0].items * self.target_ns / 1e9 / took_s)


def progress(text):
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text[:100]}")
    elif text.startswith(("sizing 1/", "round")) and text.split(",")[0] != progress.last:
        progress.last = text.split(",")[0]
        sys.stderr.write(progress.last + "\n")
    sys.stderr.flush()


progress.last = ""
