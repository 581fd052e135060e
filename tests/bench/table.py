"""The table: the report for a terminal."""

from goals import goals

WIDTH = 30
BUSY_LOAD = 0.5  # a load average from which other programs must have been running
BUSY_WARNING = "THE MACHINE WAS BUSY: other programs ran, so these figures mean little"


def is_busy(machine):
    return machine["load before"][0] > BUSY_LOAD


def number(value):
    """Three significant digits below 100, otherwise whole numbers."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 10 else f"{value:.1f}"


def benchmark_lines(benchmark):
    where = " (pinned)" if benchmark["pinned"] else ""
    yield f"{benchmark['title']}{where}: {benchmark['unit']}"
    for column in benchmark["columns"]:
        name = column or "median"
        yield f"  {'':{WIDTH}} {name:>12} {'p10':>11} {'p90':>11} {'× ours':>8}"
        for contender in benchmark["contenders"]:
            figure = contender["figures"].get(column)
            if figure is None:
                continue
            label = contender["label"] + (f" ({contender['note']})" if contender["note"] else "")
            mark = {"ours": "*", "limit": "-"}.get(contender["kind"], " ")
            ratio = f"{figure['ratio']:.2f}" if "ratio" in figure else "–"
            yield (f"{mark} {label[:WIDTH]:{WIDTH}} {number(figure['median']):>12} "
                   f"{number(figure['p10']):>11} {number(figure['p90']):>11} {ratio:>8}")
    yield ""


def goal_lines(report):
    unknown = 0
    yield f"{'goals':56} {'found':>10} {'allowed':>10}"
    for name, found, allowed in goals(report):
        if found is None or allowed is None:
            unknown += 1
            continue
        verdict = "met" if found <= allowed else f"MISSED: {found / allowed:.3g} ×"
        yield f"  {name:54} {number(found):>10} {number(allowed):>10}  {verdict}"
    if unknown:
        yield f"  not checked, because what they compare did not run: {unknown}"
    yield ""


def text(report):
    machine = report["machine"]
    settings = report["settings"]
    lines = [f"{name}: {value}" for name, value in machine.items()]
    lines += [f"{name}: {value}" for name, value in report["versions"].items()]
    lines += [f"rounds: {settings['rounds']}, interleaved in random order"
              + (", all pinned to one CPU" if settings["pin"] else "")
              + (", quick: a rough impression only" if settings["quick"] else ""),
              "* ours, - a limit; × ours: the median over handoff's"]
    if is_busy(machine):
        lines.append(BUSY_WARNING)
    lines.append("")
    for benchmark in report["benchmarks"]:
        lines += benchmark_lines(benchmark)
    lines += goal_lines(report)
    for name, reason in report["skipped"].items():
        lines.append(f"skipped: {name}: {reason}")
    return "\n".join(lines)
