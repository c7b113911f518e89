/** Numbers as they are read: three digits that say something. */

export function number(value) {
    if (value === null || value === undefined) {
        return "–";
    }
    const size = Math.abs(value);
    const digits = size < 0.00005 ? 0 : size < 0.0095 ? 4 : size < 0.995 ? 3
        : size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
    return value.toLocaleString("en", { minimumFractionDigits: digits,
        maximumFractionDigits: digits });
}

/** A number that somebody has chosen, as it is. */
export function setting(value) {
    return value.toLocaleString("en", { maximumFractionDigits: 6 });
}

/** "0.41–0.46", or one number when both read the same. */
export function range(low, high) {
    return number(low) === number(high) ? number(low)
        : `${number(low)}–${number(high)}`;
}

/** "8.0 GiB" */
export function memory(bytes) {
    return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
