"""The report: what a run found, as one dictionary. Table, picture and JSON are all made from it."""

import statistics
import time


def percentile(values, share):
    """Between the nearest two, linearly."""
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


def entry_report(race, entry):
    result = {"label": entry.label, "kind": entry.kind, "note": entry.note,
              "items": entry.items, "figures": {}}
    for place, column in enumerate(race.columns):
        samples = [values[place] for values in entry.samples if values[place]]
        if samples:
            result["figures"][column] = figures(samples)
    return result


def race_report(race):
    raced = [entry for entry in race.entries if entry.samples]
    raced.sort(key=lambda entry: statistics.median(values[0] for values in entry.samples))
    result = {"key": race.key, "title": race.title, "unit": race.unit,
              "columns": list(race.columns), "pinned": race.is_pinned, "drawn": race.is_drawn,
              "entries": [entry_report(race, entry) for entry in raced]}
    ours = next((e for e in result["entries"] if e["kind"] == "ours"), None)
    for entry in result["entries"]:
        for column, figure in entry["figures"].items():
            if ours and column in ours["figures"]:
                figure["ratio"] = figure["median"] / ours["figures"][column]["median"]
    return result


def make(races, settings, machine, versions, skipped):
    for race in races:
        for entry in race.entries:
            if entry.trouble:
                skipped[race.name(entry)] = entry.trouble
    return {
        "date": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "settings": settings,
        "machine": machine,
        "versions": versions,
        "races": [race_report(race) for race in races if any(e.samples for e in race.entries)],
        "skipped": skipped,
    }


def median(report, key, label, column=""):
    """None where it was not run."""
    for race in report["races"]:
        for entry in race["entries"]:
            if (race["key"], entry["label"]) == (key, label) and column in entry["figures"]:
                return entry["figures"][column]["median"]
    return None
