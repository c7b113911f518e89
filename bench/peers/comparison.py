"""The table of `make bench-peers`: medians with their spread, and how Earshot
stands to the others, out of a file of results."""

import os
import statistics

EARSHOT, FLOOR = "Earshot", "bare FastCGI"
BEYOND = 10    # messages beyond a percentile, or it is not told


def against(scenario, figure, ours, theirs, bound, least=False):
    """What is compared with what: a figure of a scenario, ours and theirs as
    (target, way, transport), and what our figure divided by theirs may be at
    most, or must be at least; None: it is told as it is."""
    return scenario, figure, ours, theirs, bound, least


def floor_ratios(web):
    for transport in ("sse", "long-poll"):
        ours, theirs = (EARSHOT, web, transport), (FLOOR, web, transport)
        yield against("latency", "p50", ours, theirs, 1.10)
        yield against("latency", "p99", ours, theirs, 1.10)
        yield against("fanout", "p50", ours, theirs, 1.10)
        yield against("fanout", "p99", ours, theirs, 1.10)
        yield against("fanout", "cpu", ours, theirs, 1.10)
    yield against("publish", "rate", (EARSHOT, web, "sse"),
                  (FLOOR, web, "sse"), 0.8, True)


def peer_ratios(web):
    ours = (EARSHOT, web, "sse")
    yield against("fanout", "cpu", ours, ("Bun SSE", web, "sse"), 0.75)
    for name, transport in (("Bun SSE", "sse"), ("Node SSE", "sse"),
                            ("socket.io", "socket.io")):
        yield against("latency", "p99", ours, (name, web, transport), 1.0)
        yield against("fanout", "p99", ours, (name, web, transport), 1.0)


def ratios():
    for web in ("lighttpd", "nginx"):
        yield from floor_ratios(web)
    redis = ("nchan + Redis", "direct", "sse")
    for web in ("lighttpd", "nginx"):
        yield against("publish", "rate", (EARSHOT, web, "sse"), redis, 2.5,
                      True)
    yield against("latency", "p50", (EARSHOT, "nginx", "sse"), redis, 1.0)
    for name, transport in (("Node SSE", "sse"), ("Node ws", "ws"),
                            ("socket.io", "socket.io"), ("Bun SSE", "sse"),
                            ("Bun WebSocket", "ws")):
        yield against("publish", "rate", (EARSHOT, "lighttpd", "sse"),
                      (name, "lighttpd", transport), 1.0, True)
    direct = (EARSHOT, "direct", "ws")
    for figure in ("cpu", "p99"):
        yield against("fanout", figure, direct,
                      ("Bun WebSocket", "direct", "ws"), 1.15)
        yield against("fanout", figure, direct, ("Node ws", "direct", "ws"),
                      1.0)
        yield against("fanout", figure, direct,
                      ("socket.io", "direct", "socket.io"), 1.0)
    for web in ("lighttpd", "nginx"):
        yield from peer_ratios(web)
    yield against("fanout", "cpu", (EARSHOT, "nginx", "sse"),
                  ("nchan", "direct", "sse"), None)


def figure(run, name):
    """A figure of a run, or None when it says none."""
    if not run["complete"] or run["problem"]:
        return None
    if name == "rate":
        return run["publishes_per_s"]
    if name == "cpu":
        return run["server_cpu_s_per_million"]
    if name == "publish cpu":
        return run["server_cpu_s_per_million_publishes"]
    if name == "memory":
        value = run["server_bytes_per_connection"]
        return value / 1024 if value is not None else None
    if name == "bytes":
        return run["bytes_per_message"]
    if name == "last":
        value = run["last_us"].get("p50")
    else:
        value = run["latency_us"].get(name)
    return value / 1000 if value is not None else None


def together(runs, name, share):
    """A percentile of the repeats' deliveries taken together, in ms, where one
    repeat has too few messages for it; None when all have too few."""
    if any(not run["complete"] or run["problem"] for run in runs):
        return None
    messages = sum(run.get("messages_counted", 0) for run in runs)
    if messages * (1 - share) < BEYOND:
        return None
    found = sorted(step for run in runs for step in steps_of(run[name]))
    left = sum(count for _, count in found) * share
    for ns, count in found:
        left -= count
        if left <= 0:
            return ns / 1e6
    return None


def steps_of(histogram):
    """Its steps as (ns, count): results have them as distances."""
    ns, steps = 0, iter(histogram.get("steps", ()))
    for distance in steps:
        ns += distance
        yield ns, next(steps)


def key(run):
    return run["scenario"], run["target"], run["way"], run["transport"]


def by_key(results):
    cells = {}
    for run in results["runs"]:
        cells.setdefault(key(run), []).append(run)
    return cells


def digits(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def spread(runs, name):
    """"median (least to most)"."""
    values = [value for value in (figure(run, name) for run in runs)
              if value is not None]
    if not values or len(values) < len(runs):
        return "–"
    median = digits(statistics.median(values))
    low, high = digits(min(values)), digits(max(values))
    return median if low == high else f"{median} ({low}–{high})"


def rows(cells, scenario):
    """In the order in which they were measured first."""
    return [(name, way, transport, runs)
            for (word, name, way, transport), runs in cells.items()
            if word == scenario]


def table(heads, lines):
    right = ["---:" if head.startswith(">") else "---" for head in heads]
    out = ["| " + " | ".join(head.lstrip(">") for head in heads) + " |",
           "|" + "|".join(right) + "|"]
    return "\n".join(out + ["| " + " | ".join(line) + " |" for line in lines])


def delivery(cells):
    """Latency and fan-out side by side."""
    idle = {row[:3]: row[3] for row in rows(cells, "latency")}
    many = {row[:3]: row[3] for row in rows(cells, "fanout")}
    lines = []
    for place in dict.fromkeys([*idle, *many]):
        one, all_of = idle.get(place, []), many.get(place, [])
        lines.append([*place, spread(one, "p50"), highest(one),
                      spread(all_of, "p50"), spread(all_of, "p90"),
                      highest(all_of), spread(all_of, "last"),
                      spread(all_of, "cpu"), spread(all_of, "bytes")])
    return table(["server", "way", "transport", ">one: p50 ms", ">p99 ms",
                  ">1,000: p50 ms", ">p90 ms", ">p99 ms", ">last ms",
                  ">CPU s/million", ">bytes/message"], lines)


def highest(runs):
    """p99 of each repeat, or of all of them together."""
    told = spread(runs, "p99")
    if told != "–" or not runs:
        return told
    value = together(runs, "latency_us", 0.99)
    return f"{digits(value)} (all)" if value is not None else "–"


def holding(cells):
    return table(["server", "way", "transport", ">held", ">KB each",
                  ">last ms"],
                 [[name, way, transport, f"{runs[0]['subscribers']:,}",
                   spread(runs, "memory"), spread(runs, "last")]
                  for name, way, transport, runs in rows(cells, "hold")])


def publishing(cells):
    lines = []
    for name, way, _, runs in sorted(
            rows(cells, "publish"),
            key=lambda row: -statistics.median(
                figure(run, "rate") or 0 for run in row[3])):
        lines.append([name, way, spread(runs, "rate"),
                      spread(runs, "publish cpu"),
                      runs[0]["durability"] or "no"])
    return table(["server", "way", ">publishes/s", ">CPU s/million",
                  "durable"], lines)


NAMES = {"cpu": "CPU a delivery", "rate": "publishes/s"}
TO = {"latency": ", one subscriber", "fanout": ", 1,000 subscribers",
      "publish": ""}


def verdict(ratio, bound, least):
    if bound is None:
        return "", ""
    is_met = ratio >= bound if least else ratio <= bound
    return (f"{'at least' if least else 'at most'} {bound:g}",
            "yes" if is_met else "no")


def by_repeats(mine, other, name):
    """The ratio of the medians, and the least and the most of the repeats'."""
    values = [(figure(a, name), figure(b, name)) for a, b in zip(mine, other)]
    if not all(a is not None and b for a, b in values):
        return None
    each = [a / b for a, b in values]
    ratio = statistics.median(a for a, _ in values) / \
        statistics.median(b for _, b in values)
    return name, ratio, f"{min(each):.2f}–{max(each):.2f}"


def of_all(mine, other):
    a, b = (together(runs, "latency_us", 0.99) for runs in (mine, other))
    return ("p99", a / b, "all") if a is not None and b else None


def standing(cells):
    """Our medians divided by theirs; beside it the least and the most of the
    repeats, each by its own."""
    lines = []
    for scenario, name, ours, theirs, bound, least in ratios():
        mine, other = (cells.get((scenario, *place))
                       for place in (ours, theirs))
        if not mine or not other:
            continue
        found = by_repeats(mine, other, name)
        if not found and name == "p99":    # too few messages for it
            found = of_all(mine, other) or by_repeats(mine, other, "p90")
        if not found:
            continue
        one, ratio, range_of_it = found
        what = NAMES.get(one, one) + TO[scenario]
        lines.append([what, " · ".join(ours), " · ".join(theirs),
                      f"{ratio:.2f} ({range_of_it})",
                      *verdict(ratio, bound, least)])
    return table(["figure", "ours", "theirs", ">ours / theirs", "aim", "met?"],
                 lines)


def losses(results):
    lines = []
    for run in results["runs"]:
        # What was under way when it was interrupted counts as lost in it.
        is_cut = not run["complete"] and not run["problem"]
        wrong = [f"{run[word]} {word}" for word in
                 ("lost", "repeated", "reordered", "refused")
                 if run[word] and not is_cut]
        if is_cut:
            wrong.append("interrupted")
        if run["problem"]:
            wrong.append(run["problem"])
        if wrong:
            lines.append(f"- {' · '.join(key(run))}, repeat "
                         f"{run['repeat'] + 1}: {', '.join(wrong)}")
    return "\n".join(["Not everything went well:", "", *lines, ""]) \
        if lines else "In no run was a message lost, repeated, out of order " \
        "or refused.\n"


def limits(results):
    """How often the client or others stood in the way."""
    count = len(results["runs"])
    busy = [run for run in results["runs"] if run["client_busy"] > 0.9]
    others = [run["others_cpu"] for run in results["runs"]]
    disturbed = sum(share > 0.1 for share in others)
    out = []
    if busy:
        out.append(f"In {len(busy)} of {count} runs earshot-bench itself was "
                   "the limit (its core was full): "
                   + "; ".join(sorted({" · ".join(key(run))
                                       for run in busy})) + ".")
    if disturbed:
        out.append(f"In {disturbed} of {count} runs others took more than a "
                   f"tenth of the machine (at most {max(others):.0%}).")
    return "".join(line + "\n" for line in out)


def comparison(results, disk, cores):
    machine = results["machine"]
    cells = by_key(results)
    repeats = max(run["repeat"] for run in results["runs"]) + 1
    where = f"the servers on core {cores[0]}, earshot-bench on core " \
        f"{cores[1]}" if cores else "all on one core"
    how_often = f"{repeats} interleaved repeats: the median (the least–the " \
        "most)." if repeats > 1 else "Measured once."
    head = (f"{machine['cpu']}, {os.cpu_count()} cores, "
            f"{machine['distribution']}, {machine['kernel']}; {where}. "
            f"{how_often} {disk}")
    parts = [head, losses(results) + limits(results)]
    if rows(cells, "latency") or rows(cells, "fanout"):
        parts += ["**Delivery**: one subscriber at 100 messages a second, "
                  "1,000 subscribers at 10. (all): of all repeats together, "
                  "where one has too few messages.", delivery(cells)]
    if rows(cells, "publish"):
        parts += ["**Publishing**: 16 clients, each of which sends its next "
                  "when the last was answered.", publishing(cells)]
    if rows(cells, "hold"):
        parts += ["**Holding**: idle subscribers, then a message to all.",
                  holding(cells)]
    ours = standing(cells)
    if ours.count("\n") > 1:
        parts += ["**How Earshot stands**", ours]
    return "\n\n".join(part.rstrip() for part in parts) + "\n"
