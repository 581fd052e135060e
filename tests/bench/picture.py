"""The picture: medians as bars on a logarithmic axis, as a self-contained SVG.

It has a background of its own, light or dark by the reader's system, so it is legible on any page.
"""

import math
from xml.sax.saxutils import escape

WIDTH, MARGIN, GAP = 960, 20, 28
ROW, BAR, HEAD, FOOT = 17, 11, 30, 14  # heights: a contender, its bar, above and below a benchmark
TOP, BOTTOM = 74, 46
LABEL, VALUE = 184, 54                 # widths, left and right of the bars

LIGHT = {"background": "#ffffff", "edge": "#d0d7de", "ink": "#1f2328", "dim": "#59636e",
         "grid": "#e4e8ec", "ours": "#d9480f", "peer": "#8aa4c8", "limit": "#c9ced6"}
DARK = {"background": "#0d1117", "edge": "#3d444d", "ink": "#f0f6fc", "dim": "#9198a1",
        "grid": "#262c36", "ours": "#ff8b4d", "peer": "#4f709c", "limit": "#59616d"}


def rules(colors):
    yield f".background{{fill:{colors['background']};stroke:{colors['edge']}}}"
    yield f"text{{fill:{colors['ink']}}}"
    yield f".dim{{fill:{colors['dim']}}}"
    yield f".grid{{stroke:{colors['grid']}}}"
    yield f".spread{{stroke:{colors['ink']}}}"
    for kind in ("ours", "peer", "limit"):
        yield f".{kind}{{fill:{colors[kind]}}}"


def style():
    return ("<style>"
            "text{font:11px -apple-system,'Segoe UI','Helvetica Neue',Helvetica,Arial,sans-serif}"
            ".title{font-size:17px;font-weight:600}.benchmark{font-size:12.5px;font-weight:600}"
            ".bold{font-weight:700}.spread{stroke-width:1.2;opacity:.75}"
            + "".join(rules(LIGHT))
            + "@media (prefers-color-scheme:dark){" + "".join(rules(DARK)) + "}</style>")


def duration(ns):
    """Two or three digits and a unit."""
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
    """Maps durations to x in a column of the picture."""

    def __init__(self, benchmarks, width):
        found = [contender["figures"][benchmark["columns"][0]]
                 for benchmark in benchmarks for contender in benchmark["contenders"]]
        self.low = math.floor(math.log10(max(1, min(figure["p10"] for figure in found))))
        self.high = math.ceil(math.log10(max(figure["p90"] for figure in found)))
        self.high = max(self.high, self.low + 1)
        self.scale = (width - LABEL - VALUE) / (self.high - self.low)

    def place(self, ns):
        return LABEL + (math.log10(max(ns, 10 ** self.low)) - self.low) * self.scale

    def decades(self):
        return range(self.low, self.high + 1)


def height_of(benchmark):
    return HEAD + ROW * len(benchmark["contenders"]) + FOOT


def grid(axis, x, top, bottom):
    """A line for each decade, through all rows of a benchmark."""
    for decade in axis.decades():
        at = x + axis.place(10 ** decade)
        yield f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{top:.1f}" y2="{bottom:.1f}" class="grid"/>'


def draw_contender(contender, column, axis, x, y):
    figure = contender["figures"][column]
    begin, end = x + LABEL, x + axis.place(figure["median"])
    low, high = x + axis.place(figure["p10"]), x + axis.place(figure["p90"])
    middle = y + ROW / 2
    classes = "bold" if contender["kind"] == "ours" else ""
    label = escape(contender["label"])
    if contender["note"]:
        label += f' <tspan class="dim">{escape(contender["note"])}</tspan>'
    yield words(x + LABEL - 7, middle + 4, label, classes, "end")
    yield (f'<rect x="{begin:.1f}" y="{middle - BAR / 2:.1f}" width="{max(end - begin, 1):.1f}" '
           f'height="{BAR}" rx="1.5" class="{contender["kind"]}"/>')
    yield (f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle:.1f}" y2="{middle:.1f}" '
           'class="spread"/>')
    yield words(max(end, high) + 6, middle + 4, duration(figure["median"]), classes)


def draw_benchmark(benchmark, axis, x, y):
    top = y + HEAD
    bottom = top + ROW * len(benchmark["contenders"])
    yield from grid(axis, x, top - 1, bottom + 1)
    yield words(x, y + HEAD - 13, escape(benchmark["title"]), "benchmark")
    for decade in axis.decades():
        yield words(x + axis.place(10 ** decade), bottom + 11, duration(10 ** decade), "dim",
                    "middle")
    for place, contender in enumerate(benchmark["contenders"]):
        yield from draw_contender(contender, benchmark["columns"][0], axis, x, top + place * ROW)


def split(benchmarks):
    """Two columns, in order, of heights as equal as possible."""
    def tallest(cut):
        return max(sum(map(height_of, benchmarks[:cut])), sum(map(height_of, benchmarks[cut:])))
    cut = min(range(1, len(benchmarks) + 1), key=tallest)
    return [column for column in (benchmarks[:cut], benchmarks[cut:]) if column]


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
    kind = "quick, a rough impression only" if settings["quick"] else "interleaved"
    about = (f"Median of {settings['rounds']} rounds, {kind}"
             + ("; all on one CPU" if settings["pin"] else "")
             + f". {machine['cpu']}, {machine['cores']} cores, {machine['kernel']}, "
             f"{machine['system']}, libuv {machine['libuv']}, {report['date'][:10]}.")
    yield words(MARGIN, 33, "Time per item on a logarithmic axis: shorter is better", "title")
    yield words(MARGIN, 54, escape(about), "dim")


def draw(report):
    """The text of the SVG; empty if there is nothing to draw."""
    drawn = ([benchmark for benchmark in report["benchmarks"] if benchmark["drawn"]]
             or report["benchmarks"])
    if not drawn:
        return ""
    columns = split(drawn)
    width = (WIDTH - 2 * MARGIN - GAP) / 2
    height = TOP + max(sum(map(height_of, column)) for column in columns) + BOTTOM
    axis = Axis(drawn, width)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
             f'width="{WIDTH}" height="{height}" role="img" aria-labelledby="title">',
             '<title id="title">handoff, its peers and its limits: time per item, log axis</title>',
             style(),
             f'<rect x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1}" rx="6" '
             'class="background"/>',
             *draw_heading(report)]
    for place, column in enumerate(columns):
        y = TOP
        for benchmark in column:
            parts += draw_benchmark(benchmark, axis, MARGIN + place * (width + GAP), y)
            y += height_of(benchmark)
    parts += draw_legend(height - 18)
    return "\n".join([*parts, "</svg>", ""])
