/** Numbers as they are read, and what is computed of them. */

/** 1,234,567; 12.3; 0.04 */
export function number(value) {
    if (value === undefined || value === null || Number.isNaN(value)) {
        return "–";
    }
    const digits = Number.isInteger(value) || value >= 100 ? 0
        : value >= 10 ? 1 : 2;
    return value.toLocaleString("en", { maximumFractionDigits: digits });
}

/** "1.5 MiB" */
export function memory(bytes) {
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let unit = 0;
    while (bytes >= 1024 && unit < units.length - 1) {
        bytes /= 1024;
        unit++;
    }
    return `${bytes.toFixed(unit ? 1 : 0)} ${units[unit]}`;
}

/** "3 d 4 h", "12 min", "0.25 ms"; seconds. */
export function duration(s) {
    if (s === undefined || s === null) {
        return "–";
    }
    if (s < 1) {
        return `${number(s * 1000)} ms`;
    }
    const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
    const first = units.findIndex(([, size]) => s >= size);
    const [name, size] = units[first];
    if (name === "s") {
        return `${number(s)} s`;
    }
    const [nextName, nextSize] = units[first + 1];
    const rest = Math.floor(s % size / nextSize);
    return `${Math.floor(s / size)} ${name}${rest ? ` ${rest} ${nextName}` : ""}`;
}

/** The sum of an array's, or an object's, numbers. */
export function sum(values) {
    return Object.values(values).reduce((a, b) => a + b, 0);
}

/**
 * A histogram less an earlier one: counts, and behind them their sum.
 * @param {number[]} now
 * @param {number[]} [before]
 */
export function since(now, before) {
    return now.map((count, at) => count - (before?.[at] ?? 0));
}

/**
 * How much of GROWN came in a second of so many MS; undefined where nobody
 * knows: what counts has begun anew, or the server's clock was set back.
 */
export function perSecond(grown, ms) {
    return grown >= 0 && ms > 0 ? grown * 1000 / ms : undefined;
}

/** Several histograms as one. */
export function together(histograms) {
    return histograms.reduce((all, one) =>
        all.map((count, at) => count + one[at]));
}

/**
 * The duration in seconds below which the share Q lies, drawn straight within
 * its bucket; undefined when there is none.
 * @param {number[]} histogram
 * @param {number[]} bounds in microseconds
 */
export function quantile(histogram, bounds, q) {
    const counts = histogram.slice(0, bounds.length + 1);
    const total = sum(counts);
    if (total <= 0) {
        return undefined;
    }
    let below = 0;
    for (let at = 0; at < bounds.length; at++) {
        const here = counts[at];
        if (here > 0 && below + here >= q * total) {
            const low = at ? bounds[at - 1] : 0;
            return (low + (bounds[at] - low) * (q * total - below) / here)
                / 1e6;
        }
        below += here;
    }
    return bounds.at(-1) / 1e6;
}

/** The end of an axis that MOST lies on: 1, 2 or 5 times a power of ten. */
export function axisEnd(most) {
    if (!(most > 0)) {
        return 1;
    }
    const power = 10 ** Math.floor(Math.log10(most));
    return [1, 2, 5, 10].map((step) => step * power)
        .find((end) => end >= most * 0.999);
}
