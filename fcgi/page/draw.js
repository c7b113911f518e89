/** Pictures: lines over time, and bars. Colours are the sheet's. */

import { axisEnd } from "./numbers.js";

const SVG = "http://www.w3.org/2000/svg";
const ROOM = { left: 52, right: 6, top: 10, bottom: 20 };

/** @returns {SVGElement} */
export function shape(name, attributes, ...children) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) {
        made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
}

function place(svg) {
    const width = svg.clientWidth || 300;
    const height = svg.clientHeight || 176;
    return { ...ROOM, width, height, inner: width - ROOM.left - ROOM.right,
        base: height - ROOM.bottom };
}

/** Rules with what they stand for, from 0 to END. */
function axis(at, end, format) {
    return [0, 0.5, 1].flatMap((share) => {
        const y = at.base - share * (at.base - at.top);
        return [
            shape("line", { "class": "rule", "x1": at.left, "y1": y,
                "x2": at.width - at.right, "y2": y }),
            shape("text", { "x": at.left - 6, "y": y + 4,
                "text-anchor": "end" }, format(share * end)),
        ];
    });
}

/** The points as pieces of line: a gap where there is no value. */
function path(points) {
    let draws = false;
    return points.map(([x, y]) => {
        const step = y === undefined ? "" : `${draws ? "L" : "M"}${x} ${y}`;
        draws = y !== undefined;
        return step;
    }).join("");
}

/**
 * Lines over time, the newest at the right.
 *
 * @param {SVGElement} svg
 * @param {{ values: (number | undefined)[], ink: string, dash?: string }[]}
 *     series
 * @param {{ slots: number, format: (value: number) => string, from: string,
 *     to: string, label: string }} options
 */
export function drawLines(svg, series, { slots, format, from, to, label }) {
    const at = place(svg);
    const most = Math.max(0, ...series.flatMap(({ values }) =>
        values.filter((value) => value !== undefined)));
    const end = axisEnd(most);
    const step = at.inner / (slots - 1);
    const lines = series.map(({ values, ink, dash }) => {
        const first = slots - values.length;
        const points = values.map((value, i) => [
            (at.left + (first + i) * step).toFixed(1),
            value === undefined ? undefined
                : (at.base - value / end * (at.base - at.top)).toFixed(1),
        ]);
        return shape("path", { "d": path(points), "class": `line ${ink}`,
            ...dash && { "stroke-dasharray": dash } });
    });
    svg.setAttribute("viewBox", `0 0 ${at.width} ${at.height}`);
    svg.setAttribute("aria-label", label);
    svg.replaceChildren(...axis(at, end, format), ...lines,
        shape("text", { x: at.left, y: at.height - 4 }, from),
        shape("text", { "x": at.width - at.right, "y": at.height - 4,
            "text-anchor": "end" }, to));
}

/**
 * Upright bars with a word below each, or as many as have room.
 *
 * @param {SVGElement} svg
 * @param {{ value: number, word: string }[]} bars
 */
export function drawBars(svg, bars, { format, label, none }) {
    const at = place(svg);
    const end = axisEnd(Math.max(0, ...bars.map(({ value }) => value)));
    const step = at.inner / bars.length;
    const every = Math.ceil(bars.length * 62 / at.inner);
    const drawn = bars.flatMap(({ value, word }, i) => {
        const height = value / end * (at.base - at.top);
        const x = at.left + i * step;
        return [
            ...value > 0 ? [shape("rect", { "class": "bar ink-sse",
                "x": x + 1, "y": at.base - Math.max(height, 1),
                "width": Math.max(step - 2, 1),
                "height": Math.max(height, 1), "rx": 2 })] : [],
            ...i % every ? [] : [shape("text", { "x": x + step / 2,
                "y": at.height - 4, "text-anchor": "middle" }, word)],
        ];
    });
    const isEmpty = bars.every(({ value }) => value <= 0);
    svg.setAttribute("viewBox", `0 0 ${at.width} ${at.height}`);
    svg.setAttribute("aria-label", label);
    svg.replaceChildren(...axis(at, end, format), ...drawn,
        ...isEmpty ? [shape("text", { "x": at.left + at.inner / 2,
            "y": at.top + 60, "text-anchor": "middle" }, none)] : []);
}

/** A lying bar of parts, WHOLE being its full length. */
export function bar(parts, whole) {
    const svg = shape("svg", { "viewBox": "0 0 100 6",
        "preserveAspectRatio": "none", "aria-hidden": "true" });
    let x = 0;
    for (const { value, ink } of parts) {
        const width = whole > 0 ? Math.min(value / whole, 1) * 100 : 0;
        svg.append(shape("rect", { "class": `bar ${ink}`, x, "y": 0,
            width, "height": 6 }));
        x += width;
    }
    return svg;
}

/** A legend's piece of line. */
export function sample({ ink, dash }) {
    return shape("svg", { "viewBox": "0 0 24 10", "aria-hidden": "true" },
        shape("path", { "d": "M0 5H24", "class": `line ${ink}`,
            ...dash && { "stroke-dasharray": dash } }));
}
