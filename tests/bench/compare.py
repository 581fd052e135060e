"""Compares the handoff of two builds, whose runs alternate on the same machine.

A ratio is this build's time over the other's: 1.10 means that this build takes 10 % longer.
"""

import copy
import statistics

from benchmarks import CACHE_LINE, LABEL
from report import percentile
from rounds import Group
from table import BUSY_WARNING, is_busy, number

ROUNDS_MIN = 8  # for a verdict: fewer rounds often agree by chance


def groups(selected, programs, other_programs, skipped):
    """A pair of each contender of ours that both builds have. The contender that spins on one cache
    line is the control: it has no code of handoff's, so its ratio shows what noise does."""
    pairs = []
    for benchmark in selected:
        for contender in benchmark.contenders:
            name = contender.program.program
            if contender.label != LABEL and benchmark.name(contender) != f"stream-1/{CACHE_LINE}":
                continue
            if name not in programs or name not in other_programs:
                skipped.setdefault(name, "is not in both builds")
                continue
            other = copy.deepcopy(contender)
            contender.command, other.command = programs[name], other_programs[name]
            pairs.append(Group(benchmark, [contender, other]))
    return pairs


def spread(values):
    return f"{number(percentile(values, 0.1))}..{number(percentile(values, 0.9))}"


def ratio_spread(ratios):
    return f"{percentile(ratios, 0.1):.2f}..{percentile(ratios, 0.9):.2f}"


def verdict(ratios):
    if len(ratios) < ROUNDS_MIN:
        return ""
    if percentile(ratios, 0.1) > 1:
        return "slower"
    return "faster" if percentile(ratios, 0.9) < 1 else ""


def row(name, these, others):
    ratios = [this / other for this, other in zip(these, others)]
    this, other = statistics.median(these), statistics.median(others)
    return (f"{name:18} {number(this):>9} {spread(these):>17} {number(other):>9} "
            f"{spread(others):>17} {this / other:>6.2f} {statistics.median(ratios):>6.2f} "
            f"{ratio_spread(ratios):>11} {verdict(ratios)}").rstrip()


def group_rows(group):
    this, other = group.contenders
    trouble = this.trouble or other.trouble
    title = group.benchmark.key if this.label == LABEL else "control"
    if trouble:
        yield f"{title:18} no figure: {trouble}"
        return
    for place, column in enumerate(group.benchmark.columns):
        pairs = [(a[place], b[place]) for a, b in zip(this.samples, other.samples)
                 if a[place] and b[place]]
        if pairs:
            yield row(f"{title} {column}".rstrip(), *zip(*pairs))


def text(pairs, about, other_about, skipped):
    lines = [f"{about['cpu']}, {about['cores']} cores, load {about['load before'][0]}",
             f"this:  {about['handoff']}, {about['compiler']}",
             f"other: {other_about['handoff']}, {other_about['compiler']}",
             "ratio: of the medians, this over other; paired: the median of the rounds' ratios"]
    if is_busy(about):
        lines.append(BUSY_WARNING)
    lines += ["", f"{'':18} {'this':>9} {'p10..p90':>17} {'other':>9} {'p10..p90':>17} "
                  f"{'ratio':>6} {'paired':>6} {'p10..p90':>11}"]
    for group in pairs:
        lines += group_rows(group)
    lines += [f"skipped: {name}: {reason}" for name, reason in skipped.items()]
    return "\n".join(lines)
