/**
 * What the page remembers. A browser may forbid it, or be full: then the page
 * forgets, and works all the same.
 */

/** Of this tab, over a reload. */
export const tab = store(() => sessionStorage);

/** Of this browser, for good. */
export const browser = store(() => localStorage);

function store(storage) {
    return {
        /** @returns {any} undefined when there is nothing that can be read */
        recall(key) {
            try {
                return JSON.parse(storage().getItem(`earshot.${key}`))
                    ?? undefined;
            } catch {
                return undefined;
            }
        },

        /** @returns {boolean} whether it could be kept */
        keep(key, value) {
            try {
                storage().setItem(`earshot.${key}`, JSON.stringify(value));
                return true;
            } catch {
                return false;
            }
        },
    };
}
