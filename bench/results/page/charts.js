/**
 * The charts. Each says in a list what it shows: a title, how to read it, and
 * a configuration of Chart.js for the cells that are shown, or null where they
 * hold nothing for it.
 */

import { FIGURES, SIDES, WORDS } from "./words.js";
import { themeColour } from "./look.js";
import { number } from "./numbers.js";

const SIDE_COLOURS = ["c6", "c2", "c0", "c4", "c1", "c3"];
const TICKS = [[2, "50 %"], [10, "90 %"], [100, "99 %"], [1e3, "99.9 %"],
    [1e4, "99.99 %"], [1e5, "99.999 %"], [1e6, "99.9999 %"]];

/** Where a curve is short, the marks between as well. */
const MORE_TICKS = [[4 / 3, "25 %"], [4, "75 %"]];

function ticksUpTo(end) {
    return [...end < 100 ? MORE_TICKS : [], ...TICKS]
        .filter(([at]) => at <= end);
}

/** Ranges over the repeats as whiskers, and values at the ends of bars. */
const whiskers = {
    id: "whiskers",
    afterDatasetsDraw(chart) {
        const context = chart.ctx;
        context.save();
        chart.data.datasets.forEach((dataset, index) => {
            const meta = chart.getDatasetMeta(index);
            if (dataset.ranges && !meta.hidden) {
                meta.data.forEach((element, at) => {
                    drawWhisker(chart, element, dataset.ranges[at]);
                });
            }
            dataset.ends?.forEach((text, at) =>
                write(context, text, meta.data[at].x + 8, meta.data[at].y));
            dataset.tags?.forEach((text, at) =>
                write(context, text, meta.data[at].x + 9, meta.data[at].y - 9));
        });
        context.restore();
    },
};

function write(context, text, x, y) {
    context.fillStyle = themeColour("ink");
    context.font = `12px ${Chart.defaults.font.family}`;
    context.textBaseline = "middle";
    context.fillText(text, x, y);
}

/** Along the axis of the values: of bars that lie, the horizontal one. */
function drawWhisker(chart, element, spread) {
    if (!spread || spread[0] === spread[1]) {
        return;
    }
    const context = chart.ctx;
    const lies = chart.options.indexAxis === "y";
    const axis = lies ? chart.scales.x : chart.scales.y;
    const [from, to] = spread.map((value) => axis.getPixelForValue(value));
    if (Math.abs(from - to) < 3) {
        return;
    }
    context.strokeStyle = themeColour("ink");
    context.lineWidth = 1;
    context.beginPath();
    if (lies) {
        context.moveTo(from, element.y);
        context.lineTo(to, element.y);
        for (const end of [from, to]) {
            context.moveTo(end, element.y - 4);
            context.lineTo(end, element.y + 4);
        }
    } else {
        context.moveTo(element.x, from);
        context.lineTo(element.x, to);
    }
    context.stroke();
}

/** Ticks of a logarithmic axis: 1, 2, 5 where there is room, else 1. */
function logTicks(axis) {
    const decades = Math.log10(axis.max / axis.min);
    const steps = decades > 3 ? [1] : decades > 1.2 ? [1, 3] : [1, 2, 5];
    const ticks = [];
    for (let power = Math.floor(Math.log10(axis.min)) - 1;
        power <= Math.log10(axis.max); power++) {
        for (const step of steps) {
            const value = step * 10 ** power;
            if (value >= axis.min * 0.999 && value <= axis.max * 1.001) {
                ticks.push({ value });
            }
        }
    }
    axis.ticks = ticks;
}

function plainNumber(value) {
    return Number(value.toPrecision(3)).toLocaleString("en",
        { maximumFractionDigits: 6 });
}

/** With some air round what is drawn. */
const logAxis = (text, values = []) => ({
    type: "logarithmic",
    ...values.length ? { min: Math.min(...values) / 1.3,
        max: Math.max(...values) * 1.3 } : {},
    title: { display: true, text },
    afterBuildTicks: logTicks,
    ticks: { callback: plainNumber, autoSkip: false },
});

const linearAxis = (text, more = {}) => ({
    type: "linear",
    beginAtZero: true,
    title: { display: Boolean(text), text },
    ticks: { callback: plainNumber, maxTicksLimit: 7 },
    ...more,
});

function lineOptions(x, y, label) {
    return {
        scales: { x, y },
        interaction: { mode: "nearest", axis: "xy", intersect: false },
        plugins: { tooltip: { callbacks: { title: () => "", label } } },
    };
}

function line(page, cell, data, more = {}) {
    const look = page.looks.of(cell);
    return {
        label: page.looks.name(cell),
        data,
        borderColor: look.colour,
        backgroundColor: look.isHollow ? themeColour("sheet") : look.colour,
        borderDash: look.dash,
        borderWidth: 2,
        pointStyle: look.mark,
        pointBorderColor: look.colour,
        pointBorderWidth: 2,
        pointRadius: 4,
        pointHitRadius: 12,
        ...more,
    };
}

// Each chart. ----------------------------------------------------------------

function curves(page, cells) {
    // The very first point is the quickest message of all: an accident.
    const drawn = cells.filter(({ curve }) => curve.length > 2).map((cell) =>
        ({ cell, curve: cell.curve.slice(1) }));
    if (!drawn.length) {
        return null;
    }
    const end = Math.max(...drawn.map(({ curve }) => curve.at(-1)[0]), 2);
    // A mark at each power of ten and at the end.
    const isMarked = (x) => Math.abs(Math.log10(x)
        - Math.round(Math.log10(x))) < 1e-6;
    return {
        type: "line",
        data: { datasets: drawn.map(({ cell, curve }) => line(page, cell,
            curve.map(([x, us]) => ({ x, y: us / 1e3 })), {
                clip: false,
                pointRadius: curve.map(([x], at) =>
                    isMarked(x) || at === curve.length - 1 ? 4 : 0),
            })) },
        options: lineOptions({
            type: "logarithmic",
            min: 1,
            max: end,
            title: { display: true, text: page.say(WORDS.shareAxis) },
            afterBuildTicks: (axis) => {
                axis.ticks = ticksUpTo(end).map(([value]) => ({ value }));
            },
            ticks: { autoSkip: false, maxRotation: 0,
                callback: (value) =>
                    ticksUpTo(end).find(([at]) => at === value)?.[1] },
        }, logAxis(page.say(WORDS.delayAxis), drawn.flatMap(({ curve }) =>
            curve.map(([, us]) => us / 1e3))),
        ({ dataset, raw }) => `${dataset.label}: `
            + `${plainNumber(100 * (1 - 1 / raw.x))} %: ${number(raw.y)} ms`),
    };
}

function overTime(page, cells) {
    const drawn = cells.filter(({ slots }) => slots.length > 1);
    return drawn.length ? {
        type: "line",
        data: { datasets: drawn.map((cell) => line(page, cell,
            cell.slots.map(([at, , p99]) => ({ x: at, y: p99 / 1e3 })),
            { pointRadius: cell.slots.map((_, at) => at % 10 ? 0 : 4) })) },
        options: lineOptions(linearAxis(page.say(WORDS.timeAxis)),
            logAxis(page.say(WORDS.delayAxis), drawn.flatMap(({ slots }) =>
                slots.map(([, , p99]) => p99 / 1e3))),
            ({ dataset, raw }) => `${dataset.label}: ${number(raw.x)} s: `
                + `${number(raw.y)} ms`),
    } : null;
}

/** Bars that lie, one for each cell, of one or several parts. */
function bars(page, cells, parts, unit) {
    const wide = Math.max(...cells.map((_, at) => parts.reduce((sum, part) =>
        sum + (part.data[at] ?? 0), 0)));
    const letters = Math.max(...parts.flatMap(({ ends }) => ends ?? [""])
        .map(({ length }) => length));
    const air = 1 + letters * (page.isNarrow ? 0.07 : 0.035);
    return {
        type: "bar",
        data: { labels: cells.map((cell) => page.looks.lines(cell,
            page.isNarrow ? 16 : 28)), datasets: parts },
        options: {
            indexAxis: "y",
            scales: {
                x: linearAxis(unit, { stacked: true, suggestedMax: wide * air }),
                y: { stacked: true, grid: { display: false },
                    ticks: { autoSkip: false, crossAlign: "far" } },
            },
            plugins: { tooltip: { callbacks: { label: ({ dataset, raw }) =>
                `${dataset.label}: ${number(raw)}` } } },
        },
        rows: cells.length * (page.looks.hasTargets ? 1.4 : 1),
    };
}

function figureBars(page, cells, name) {
    const { scale, unit, ...words } = FIGURES[name];
    const drawn = cells.filter(({ figures }) => figures[name]);
    if (!drawn.length) {
        return null;
    }
    if (!drawn.some(({ figures }) => figures[name][0])) {
        return null;
    }
    const spreads = drawn.map(({ figures }) =>
        figures[name].map((value) => value * scale));
    return bars(page, drawn, [{
        label: page.say(words),
        data: spreads.map(([median]) => median),
        ranges: spreads.map(([, low, high]) => [low, high]),
        ends: spreads.map(([median]) => number(median)),
        backgroundColor: drawn.map((cell) => page.looks.of(cell).colour),
        maxBarThickness: 22,
    }], unit);
}

/** A side has its place and its colour, whoever else is there. */
function orderOf(side) {
    const at = Object.keys(SIDES).indexOf(side);
    return at < 0 ? SIDE_COLOURS.length - 1 : at;
}

/** Bars of parts: a side each; WHAT is "cpu" or "memory". */
function sideBars(page, cells, what, whole) {
    const { scale, unit } = FIGURES[whole];
    const drawn = cells.filter(({ figures }) => figures[whole]);
    const names = [...new Set(drawn.flatMap(({ sides }) =>
        sides.filter((side) => side[what]).map(({ name }) => name)))]
        .sort((one, other) => orderOf(one) - orderOf(other));
    if (!names.length) {
        return null;
    }
    const ends = drawn.map(({ figures }) => number(figures[whole][0] * scale));
    const parts = names.map((name) => ({
        label: page.say(SIDES[name] ?? { "en": name, "zh-CN": name }),
        data: drawn.map(({ sides }) => {
            const side = sides.find((one) => one.name === name);
            return side?.[what] ? side[what][0] * scale : 0;
        }),
        backgroundColor: themeColour(SIDE_COLOURS[orderOf(name)]),
        borderColor: themeColour("sheet"),
        borderWidth: { right: 1 },
        maxBarThickness: 22,
    }));
    parts.at(-1).ends = ends;
    return { ...bars(page, drawn, parts, unit),
        sides: parts.map(({ label, backgroundColor }) =>
            ({ label, colour: backgroundColor })) };
}

function polling(page, cells) {
    const drawn = cells.filter(({ scenario, figures }) =>
        scenario === "poll-interval" && figures.latency_mean_us
        && figures.requests_per_message);
    if (drawn.length < 2) {
        return null;
    }
    const groups = Map.groupBy?.(drawn, groupOf) ?? groupBy(drawn, groupOf);
    const sets = [...groups.values()].map((group) => {
        const name = page.looks.name({ ...group[0], poll_interval_s: 0 });
        return line(page, group[0], group.map(({ figures, poll_interval_s }) =>
            ({ x: figures.requests_per_message[0],
                y: figures.latency_mean_us[0] / 1e3, every: poll_interval_s })),
        { label: name, showLine: false, clip: false,
            tags: group.map(({ poll_interval_s }) => `${poll_interval_s} s`),
            ranges: group.map(({ figures }) => figures.latency_mean_us.slice(1)
                .map((us) => us / 1e3)) });
    });
    return {
        type: "line",
        data: { datasets: [...sets, theory(page, drawn)] },
        air: 28,
        options: lineOptions(
            logAxis(page.say(WORDS.requestsAxis), drawn.map(({ figures }) =>
                figures.requests_per_message[0])),
            logAxis(page.say(WORDS.delayAxis), drawn.map(({ figures }) =>
                figures.latency_mean_us[0] / 1e3)),
            ({ dataset, raw }) => `${dataset.label}${raw.every
                ? `, ${raw.every} s` : ""}: ${number(raw.y)} ms, `
                + `${number(raw.x)}`),
    };
}

/** By theory a subscriber asks once an interval, whatever there is to get. */
function theory(page, cells) {
    const points = cells.filter(({ figures, rate_per_s }) =>
        figures.theory_mean_us && rate_per_s)
        .map(({ figures, poll_interval_s, rate_per_s, channels }) =>
            ({ x: channels / (poll_interval_s * rate_per_s),
                y: figures.theory_mean_us[0] / 1e3 }))
        .sort((one, other) => one.x - other.x);
    return { label: page.say(WORDS.theory), data: points,
        borderColor: themeColour("theory"), borderWidth: 1.5,
        borderDash: [4, 3], pointRadius: 0 };
}

function groupOf({ target, way }) {
    return `${target}\n${way}`;
}

function groupBy(list, of) {
    const groups = new Map();
    for (const one of list) {
        groups.set(of(one), [...groups.get(of(one)) ?? [], one]);
    }
    return groups;
}

function publishing(page, cells) {
    const name = "publishes_per_s";
    const drawn = cells.filter(({ figures }) => figures[name]);
    const groups = groupBy(drawn, (cell) => page.looks.name(cell));
    if (new Set(drawn.map(({ publishers }) => publishers)).size < 2) {
        return figureBars(page, drawn, name);
    }
    const sets = [...groups.values()].map((group) => line(page, group[0],
        group.map(({ publishers, figures }) =>
            ({ x: publishers, y: figures[name][0] })),
        { ranges: group.map(({ figures }) => figures[name].slice(1)) }));
    return {
        type: "line",
        data: { datasets: sets },
        options: lineOptions({ ...logAxis(page.say(WORDS.publishersAxis)),
            afterBuildTicks: (axis) => {
                axis.ticks = [...new Set(drawn.map(({ publishers }) =>
                    publishers))].map((value) => ({ value }));
            } },
        linearAxis(page.say(WORDS.perSecondAxis)),
        ({ dataset, raw }) => `${dataset.label}: ${raw.x}: `
            + `${number(raw.y)}`),
    };
}

function recovery(page, cells) {
    const drawn = cells.filter(({ figures }) => figures.recover_max_us);
    if (!drawn.length) {
        return null;
    }
    const ms = (cell, name) => cell.figures[name]?.[0] / 1e3 || 0;
    const half = drawn.map((cell) => ms(cell, "recover_p50_us"));
    const all = drawn.map((cell) => ms(cell, "recover_max_us"));
    const parts = [
        { label: page.say(WORDS.median), data: half,
            backgroundColor: themeColour("c2"), maxBarThickness: 22 },
        { label: page.say(WORDS.longest),
            data: all.map((value, at) => value - half[at]),
            backgroundColor: themeColour("line"), maxBarThickness: 22,
            ends: all.map((value, at) =>
                `${number(half[at])} / ${number(value)}`) },
    ];
    return { ...bars(page, drawn, parts, "ms"),
        sides: parts.map(({ label, backgroundColor }) =>
            ({ label, colour: backgroundColor })) };
}

// All of them. ---------------------------------------------------------------

/** The scenario whose costs are drawn: the first of these that was run. */
function costly(cells, name) {
    const order = ["fanout", "hold", "latency"];
    const measured = new Set(cells.filter(({ figures }) => figures[name])
        .map(({ scenario }) => scenario));
    return order.find((word) => measured.has(word)) ?? [...measured][0];
}

/**
 * @returns {{key: string, words: object, how: object, scenario: string,
 *     isWide?: boolean, make: (page, cells) => object | null}[]}
 */
export function charts(cells) {
    const has = (word) => cells.some(({ scenario }) => scenario === word);
    const delays = ["latency", "fanout", "churn", "slow"].filter(has);
    const cost = (name) => costly(cells, name);
    const cuts = ["resume", "restart"].filter(has);
    return [
        ...delays.slice(0, 2).map((scenario) => ({ key: "curves", scenario,
            words: WORDS.curves, how: WORDS.curvesHow, isWide: true,
            make: curves })),
        ...delays.slice(0, 2).map((scenario) => ({ key: "time", scenario,
            words: WORDS.time, how: WORDS.timeHow, make: overTime })),
        { key: "bytes", scenario: cost("bytes_per_message"),
            words: WORDS.bytes, how: WORDS.bytesHow,
            make: (page, shown) =>
                figureBars(page, shown, "bytes_per_message") },
        { key: "requests", scenario: cost("requests_per_message"),
            words: WORDS.requests, how: WORDS.requestsHow,
            make: (page, shown) =>
                figureBars(page, shown, "requests_per_message") },
        { key: "cpu", scenario: cost("server_cpu_s_per_million"),
            words: WORDS.cpu, how: WORDS.cpuHow,
            make: (page, shown) => sideBars(page, shown, "cpu",
                "server_cpu_s_per_million") },
        { key: "memory", scenario: has("hold") ? "hold"
            : cost("server_bytes_per_connection"),
        words: WORDS.memory, how: WORDS.memoryHow,
        make: (page, shown) => sideBars(page, shown, "memory",
            "server_bytes_per_connection") },
        { key: "publishing", scenario: "publish", words: WORDS.publishing,
            how: WORDS.publishingHow, make: publishing },
        { key: "polling", scenario: "poll-interval", words: WORDS.polling,
            how: WORDS.pollingHow, make: polling },
        ...cuts.map((scenario) => ({ key: "recovery", scenario,
            words: WORDS.recovery, how: WORDS.recoveryHow, make: recovery })),
    ];
}

/** Draws one; ends what was drawn there before. */
export function draw(canvas, chart) {
    Chart.getChart(canvas)?.destroy();
    const { rows, air = 0, type, data, options } = chart;
    if (rows) {
        canvas.parentElement.style.height = `${rows * 30 + 76}px`;
    }
    return new Chart(canvas, { type, data, plugins: [whiskers], options: {
        ...options,
        animation: false,
        maintainAspectRatio: false,
        layout: { padding: { right: air } },
        plugins: { legend: { display: false }, ...options.plugins },
    } });
}

/** What all charts have in common, in the colours of now. */
export function setDefaults() {
    Chart.defaults.color = themeColour("soft");
    Chart.defaults.borderColor = themeColour("line");
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
}
