/**
 * How an approach looks: its colour, dash and mark, the same in every chart.
 * One target: a colour and mark for each transport, dashes for the way.
 * Several: a colour for each target, mark and dash for the transport.
 */

const TRANSPORTS = ["poll", "long-poll", "sse", "ws", "socket.io"];
const MARKS = ["rect", "triangle", "circle", "rectRot", "star"];
const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3], [14, 4]];
const COLOURS = 8;

/** A cell's approach: what it has in common with cells of other scenarios. */
export function approachOf({ target, transport, way, poll_interval_s }) {
    return [target, transport, way, poll_interval_s].join("\n");
}

/** What an approach is called; the target only where there are several. */
export function nameOf(cell, withTarget) {
    const interval = cell.poll_interval_s > 0
        ? ` ${cell.poll_interval_s} s` : "";
    return (withTarget ? `${cell.target} · ` : "")
        + `${cell.transport}${interval} · ${cell.way}`;
}

/** The looks of all approaches in CELLS. */
export class Looks {
    constructor(cells) {
        this.targets = [...new Set(cells.map(({ target }) => target))];
        this.ways = [...new Set(cells.map(({ way }) => way))];
    }

    get hasTargets() {
        return this.targets.length > 1;
    }

    name(cell) {
        return nameOf(cell, this.hasTargets);
    }

    /** The name as a bar's label: one line, or the target above the rest. */
    lines(cell, letters) {
        const { target } = cell;
        const short = target.length > letters
            ? `${target.slice(0, letters - 1)}…` : target;
        return this.hasTargets ? [short, nameOf(cell, false)]
            : nameOf(cell, false);
    }

    of(cell) {
        const transport = Math.max(TRANSPORTS.indexOf(cell.transport), 0);
        const way = this.ways.indexOf(cell.way);
        const colour = this.hasTargets
            ? this.targets.indexOf(cell.target) : transport;
        const dash = this.hasTargets ? transport : way;
        return {
            colour: themeColour(`c${colour % COLOURS}`),
            dash: DASHES[dash % DASHES.length],
            mark: MARKS[transport],
            isHollow: way > 0,
        };
    }
}

/** A colour of the sheet, as it is now: light, dark or in print. */
export function themeColour(name) {
    return getComputedStyle(document.documentElement)
        .getPropertyValue(`--${name}`).trim();
}

/** The legend's piece of line, drawn on a canvas of its own. */
export function drawSample(canvas, look) {
    const scale = devicePixelRatio || 1;
    canvas.width = 44 * scale;
    canvas.height = 16 * scale;
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    context.strokeStyle = look.colour;
    context.fillStyle = look.isHollow ? themeColour("sheet") : look.colour;
    context.lineWidth = 2;
    context.setLineDash(look.dash);
    context.beginPath();
    context.moveTo(1, 8);
    context.lineTo(43, 8);
    context.stroke();
    context.setLineDash([]);
    Chart.helpers.drawPoint(context, { pointStyle: look.mark, radius: 5,
        rotation: 0, borderWidth: 2 }, 22, 8);
}
