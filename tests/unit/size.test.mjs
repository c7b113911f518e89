/** static/earshot.js is small, and stands alone. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

const CLIENT = new URL("../../static/earshot.js", import.meta.url);
const LIMIT = 6000;

const STRINGS = [/"(?:\\.|[^"\\])*"/, /`(?:\\.|[^`\\])*`/,
    /\/\^(?:\\.|[^/\\])+\//];
const COMMENTS = [/\/\*[^]*?\*\//, /\/\/[^\n]*/];
const any = (patterns) => patterns.map(({ source }) => source).join("|");

/**
 * Without comments, and the lines that are blank without them. All else stays
 * as it is, indentation too: who loads the file loads that.
 */
function strip(text) {
    const parts = new RegExp(`(${any(STRINGS)})|${any(COMMENTS)}`, "g");
    return text.replace(parts, (_, kept = "\0") => kept)
        .replace(/^[ \t\0]*\0[ \t\0]*\n/gm, "").replaceAll("\0", "");
}

test("the client is at most 6,000 bytes gzipped, without comments", async (t) => {
    const code = strip(await readFile(CLIENT, "utf8"));
    const { length } = gzipSync(code, { level: 9 });
    t.diagnostic(`${length} bytes of ${LIMIT}`);
    assert.ok(length <= LIMIT, `${length} bytes`);
    assert.ok(length > 2000, "not everything was a comment");
});

test("what is left without the comments is the client", async () => {
    const code = strip(await readFile(CLIENT, "utf8"));
    assert.doesNotMatch(code, /Earshot client|@typedef/);
    const coded = Buffer.from(code).toString("base64");
    const module = await import(`data:text/javascript;base64,${coded}`);
    assert.deepEqual(Object.keys(module), ["earshot"]);
});

test("comments are taken for comments, and strings for strings", () => {
    assert.equal(strip('a = "/* no */"; /* yes */ b = `// no`; // yes\n  c'),
        'a = "/* no */";  b = `// no`; \n  c');
    assert.equal(strip("a\n\n  /** yes\n   * yes */\n  // yes\n  b"),
        "a\n\n  b");
});

test("the client imports nothing, and loads nothing from elsewhere",
    async () => {
        const code = strip(await readFile(CLIENT, "utf8"));
        assert.doesNotMatch(code, /\bimport\b|https?:\/\//);
        assert.doesNotMatch(code, /\beval\b|innerHTML|document\.write/);
    });
