"""The report: the results of a run as one dictionary, the source of table, picture and JSON."""

import statistics
import time


def percentile(values, share):
    """Linear between the two nearest values."""
    values = sorted(values)
    place = share * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


def figures(samples):
    return {
        "median": statistics.median(samples),
        "p10": percentile(samples, 0.1),
        "p90": percentile(samples, 0.9),
        "samples": samples,
    }


def contender_report(benchmark, contender):
    result = {"label": contender.label, "kind": contender.kind, "note": contender.note,
              "items": contender.items, "figures": {}}
    for place, column in enumerate(benchmark.columns):
        samples = [values[place] for values in contender.samples if values[place]]
        if samples:
            result["figures"][column] = figures(samples)
    return result


def benchmark_report(benchmark):
    ran = [contender for contender in benchmark.contenders if contender.samples]
    ran.sort(key=lambda contender: statistics.median(values[0] for values in contender.samples))
    result = {"key": benchmark.key, "title": benchmark.title, "unit": benchmark.unit,
              "columns": list(benchmark.columns), "pinned": benchmark.is_pinned,
              "drawn": benchmark.is_drawn,
              "contenders": [contender_report(benchmark, contender) for contender in ran]}
    ours = next((c for c in result["contenders"] if c["kind"] == "ours"), None)
    for contender in result["contenders"]:
        for column, figure in contender["figures"].items():
            if ours and column in ours["figures"]:
                figure["ratio"] = figure["median"] / ours["figures"][column]["median"]
    return result


def make(benchmarks, settings, machine, versions, skipped):
    for benchmark in benchmarks:
        for contender in benchmark.contenders:
            if contender.trouble:
                skipped[benchmark.name(contender)] = contender.trouble
    return {
        "date": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "settings": settings,
        "machine": machine,
        "versions": versions,
        "benchmarks": [benchmark_report(benchmark) for benchmark in benchmarks
                       if any(contender.samples for contender in benchmark.contenders)],
        "skipped": skipped,
    }


def median(report, key, label, column=""):
    """None if it did not run."""
    for benchmark in report["benchmarks"]:
        for contender in benchmark["contenders"]:
            if (benchmark["key"], contender["label"]) == (key, label):
                return contender["figures"].get(column, {}).get("median")
    return None
