"""The picture: medians as bars on a logarithmic axis, an SVG that needs nothing but a viewer.

It brings its own ground, light or dark as the reader's system asks, so that it can be read on any page.
"""

import math
from xml.sax.saxutils import escape

WIDTH, MARGIN, GAP = 960, 20, 28
ROW, BAR, HEAD, FOOT = 17, 11, 30, 14  # of a race: a contender's row, its bar, the title, what follows
TOP, BOTTOM = 74, 46
LABEL, VALUE = 184, 54                 # beside the bars, left and right

LIGHT = {"ground": "#ffffff", "edge": "#d0d7de", "ink": "#1f2328", "dim": "#59636e",
         "grid": "#e4e8ec", "ours": "#d9480f", "peer": "#8aa4c8", "limit": "#c9ced6"}
DARK = {"ground": "#0d1117", "edge": "#3d444d", "ink": "#f0f6fc", "dim": "#9198a1",
        "grid": "#262c36", "ours": "#ff8b4d", "peer": "#4f709c", "limit": "#59616d"}


def rules(colors):
    yield f".ground{{fill:{colors['ground']};stroke:{colors['edge']}}}"
    yield f"text{{fill:{colors['ink']}}}"
    yield f".dim{{fill:{colors['dim']}}}"
    yield f".grid{{stroke:{colors['grid']}}}"
    yield f".spread{{stroke:{colors['ink']}}}"
    for kind in ("ours", "peer", "limit"):
        yield f".{kind}{{fill:{colors[kind]}}}"


def style():
    return ("<style>"
            "text{font:11px -apple-system,'Segoe UI','Helvetica Neue',Helvetica,Arial,sans-serif}"
            ".title{font-size:17px;font-weight:600}.race{font-size:12.5px;font-weight:600}"
            ".us{font-weight:700}.spread{stroke-width:1.2;opacity:.75}"
            + "".join(rules(LIGHT))
            + "@media (prefers-color-scheme:dark){" + "".join(rules(DARK)) + "}</style>")


def duration(ns):
    """Two or three figures and a unit."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3), ("ns", 1)):
        if ns >= size * 0.9995 or unit == "ns":
            value = ns / size
            return f"{value:.0f} {unit}" if value >= 99.5 or unit == "ns" else f"{value:.2g} {unit}"
    return ""


def words(x, y, content, classes="", anchor="start"):
    name = f' class="{classes}"' if classes else ""
    where = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{name}{where}>{content}</text>'


class Axis:
    """Where a duration is, in a column of a given width."""

    def __init__(self, races, width):
        found = [entry["figures"][race["columns"][0]] for race in races for entry in race["entries"]]
        self.low = math.floor(math.log10(max(1, min(figure["p10"] for figure in found))))
        self.high = math.ceil(math.log10(max(figure["p90"] for figure in found)))
        self.high = max(self.high, self.low + 1)
        self.scale = (width - LABEL - VALUE) / (self.high - self.low)

    def place(self, ns):
        return LABEL + (math.log10(max(ns, 10 ** self.low)) - self.low) * self.scale

    def decades(self):
        return range(self.low, self.high + 1)


def height_of(race):
    return HEAD + ROW * len(race["entries"]) + FOOT


def grid(axis, x, top, bottom):
    """The decades, through all of a race's rows."""
    for decade in axis.decades():
        at = x + axis.place(10 ** decade)
        yield f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{top:.1f}" y2="{bottom:.1f}" class="grid"/>'


def draw_entry(entry, column, axis, x, y):
    figure = entry["figures"][column]
    begin, end = x + LABEL, x + axis.place(figure["median"])
    low, high = x + axis.place(figure["p10"]), x + axis.place(figure["p90"])
    middle = y + ROW / 2
    us = " us" if entry["kind"] == "ours" else ""
    label = escape(entry["label"])
    if entry["note"]:
        label += f' <tspan class="dim">{escape(entry["note"])}</tspan>'
    yield words(x + LABEL - 7, middle + 4, label, us.strip(), "end")
    yield (f'<rect x="{begin:.1f}" y="{middle - BAR / 2:.1f}" width="{max(end - begin, 1):.1f}" '
           f'height="{BAR}" rx="1.5" class="{entry["kind"]}"/>')
    yield (f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle:.1f}" y2="{middle:.1f}" '
           'class="spread"/>')
    yield words(max(end, high) + 6, middle + 4, duration(figure["median"]), us.strip())


def draw_race(race, axis, x, y):
    top = y + HEAD
    bottom = top + ROW * len(race["entries"])
    yield from grid(axis, x, top - 1, bottom + 1)
    yield words(x, y + HEAD - 13, escape(race["title"]), "race")
    for decade in axis.decades():
        yield words(x + axis.place(10 ** decade), bottom + 11, duration(10 ** decade), "dim", "middle")
    for place, entry in enumerate(race["entries"]):
        yield from draw_entry(entry, race["columns"][0], axis, x, top + place * ROW)


def split(races):
    """Into two columns, in order, as even as can be."""
    def tallest(cut):
        return max(sum(map(height_of, races[:cut])), sum(map(height_of, races[cut:])))
    cut = min(range(1, len(races) + 1), key=tallest)
    return [column for column in (races[:cut], races[cut:]) if column]


def draw_legend(y):
    x = MARGIN
    for kind, text in (("ours", "handoff"), ("peer", "a peer"), ("limit", "a limit")):
        yield f'<rect x="{x}" y="{y - 9}" width="18" height="{BAR}" rx="1.5" class="{kind}"/>'
        yield words(x + 24, y, text)
        x += 86
    yield f'<line x1="{x}" x2="{x + 18}" y1="{y - 4}" y2="{y - 4}" class="spread"/>'
    yield words(x + 24, y, "p10 to p90 of the rounds")


def draw_heading(report):
    machine, settings = report["machine"], report["settings"]
    kind = "quick, for a look only" if settings["quick"] else "interleaved"
    about = (f"Median of {settings['rounds']} rounds, {kind}"
             + ("; all on one CPU" if settings["pin"] else "")
             + f". {machine['cpu']}, {machine['cores']} cores, {machine['kernel']}, "
             f"{machine['system']}, libuv {machine['libuv']}, {report['date'][:10]}.")
    yield words(MARGIN, 33, "Time per item: shorter is better, each line is ten times the one before",
                "title")
    yield words(MARGIN, 54, escape(about), "dim")


def draw(report):
    """The SVG's text; empty where there is nothing to draw."""
    races = [race for race in report["races"] if race["drawn"]] or report["races"]
    if not races:
        return ""
    columns = split(races)
    width = (WIDTH - 2 * MARGIN - GAP) / 2
    height = TOP + max(sum(map(height_of, column)) for column in columns) + BOTTOM
    axis = Axis(races, width)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
             f'width="{WIDTH}" height="{height}" role="img" aria-labelledby="title">',
             '<title id="title">handoff, its peers and its limits: time per item, log axis</title>',
             style(),
             f'<rect x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1}" rx="6" class="ground"/>',
             *draw_heading(report)]
    for place, column in enumerate(columns):
        y = TOP
        for race in column:
            parts += draw_race(race, axis, MARGIN + place * (width + GAP), y)
            y += height_of(race)
    parts += draw_legend(height - 18)
    return "\n".join([*parts, "</svg>", ""])
