"""The table: the report for a terminal."""

from bars import bars

WIDTH = 30
BUSY = 0.5  # a load average from which on others have run


def number(value):
    """Three figures; thousands apart."""
    if value is None:
        return "–"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 10 else f"{value:.1f}"


def race_lines(race):
    where = " (pinned)" if race["pinned"] else ""
    yield f"{race['title']}{where}: {race['unit']}"
    for column in race["columns"]:
        name = column or "median"
        yield (f"  {'':{WIDTH}} {name:>12} {'p10':>11} {'p90':>11} {'× ours':>8}")
        for entry in race["entries"]:
            figure = entry["figures"].get(column)
            if figure is None:
                continue
            label = entry["label"] + (f" ({entry['note']})" if entry["note"] else "")
            mark = {"ours": "*", "limit": "-"}.get(entry["kind"], " ")
            ratio = f"{figure['ratio']:.2f}" if "ratio" in figure else "–"
            yield (f"{mark} {label[:WIDTH]:{WIDTH}} {number(figure['median']):>12} "
                   f"{number(figure['p10']):>11} {number(figure['p90']):>11} {ratio:>8}")
    yield ""


def bar_lines(report):
    not_run = 0
    yield f"{'What handoff has set itself':60} {'found':>10} {'allowed':>10}"
    for name, found, allowed in bars(report):
        if found is None or allowed is None:
            not_run += 1
            continue
        verdict = "kept" if found <= allowed else f"MISSED by {found / allowed:.3g} ×"
        yield f"  {name:58} {number(found):>10} {number(allowed):>10}  {verdict}"
    if not_run:
        yield f"  and {not_run} of which not all contenders were run"
    yield ""


def text(report):
    machine = report["machine"]
    settings = report["settings"]
    lines = [f"{name}: {value}" for name, value in machine.items()]
    lines += [f"{name}: {value}" for name, value in report["versions"].items()]
    lines += [f"rounds: {settings['rounds']}, interleaved in random order"
              + (", all pinned to one CPU" if settings["pin"] else "")
              + (", quick: good for a look, not for a figure" if settings["quick"] else ""),
              "* ours, - a limit; × ours: how many times handoff's median"]
    if machine["load before"][0] > BUSY:
        lines.append("THE MACHINE WAS BUSY: other programs ran, and these figures mean little")
    lines.append("")
    for race in report["races"]:
        lines += race_lines(race)
    lines += bar_lines(report)
    for name, reason in report["skipped"].items():
        lines.append(f"skipped: {name}: {reason}")
    return "\n".join(lines)
