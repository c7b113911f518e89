/**
 * What a browser would make of a message that is given to innerHTML: which
 * parts become elements, and which of them would run as a script. It says so
 * only of what is sure, which is little, and of the rest that it is not; nobody
 * should guard a page by it. Knows no page.
 *
 * @typedef {"text" | "tag" | "attribute" | "runs" | "on-click" | "inert"
 *     | "unsure"} Kind
 *     inert: a script element, which innerHTML does not run (HTML 8.5.4)
 * @typedef {{kind: Kind, text: string}} Piece
 */

const TAG = /<(\/?)([a-z][^\s/>]*)((?:[^"'>]|"[^"]*"|'[^']*')*)>/gi;
const ATTRIBUTE = /([\s/]+)([a-z][a-z-]*)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>][^\s>]*))?/giy;

/** Without a script in their attributes these run nothing. */
const PLAIN = /^(?:a|b|br|code|details|div|em|h[1-6]|hr|i|img|li|ol|p|s|small|span|strong|summary|u|ul)$/;

const NAMES_SCRIPT = /^on|^srcdoc$/;
const SCRIPT_ADDRESS = /^javascript:./i;

const HARMLESS = {
    "": { alt: /^/, class: /^/, id: /^/, title: /^/, width: /^/, height: /^/ },
    a: { href: /^(?:https?:\/\/)?[\w./#?=-]*$/ },
    details: { open: /^/ },
    img: { src: /^(?:https?:\/\/)?[\w./?=-]*$/ },
};

/** No file is called so: it cannot be loaded. */
const NO_FILE = /^[\w-]{1,20}$/;

/** Which attribute of which element is called at once, and what it needs. */
const AT_ONCE = [
    { element: "img", calls: "onerror", needs: { src: NO_FILE } },
    { element: "audio", calls: "onerror", needs: { src: NO_FILE } },
    { element: "video", calls: "onerror", needs: { src: NO_FILE } },
    { element: "details", calls: "ontoggle", needs: { open: /^/ } },
    { element: "iframe", calls: "onload" },
    { element: "iframe", calls: "src", value: SCRIPT_ADDRESS },
    { element: "iframe", calls: "srcdoc",
        value: /^<script>[^<&]+<\/script>$/i },
    { element: "style", calls: "onload" },
];

const BY_HAND = /^on(?:click|dblclick|(?:mouse|pointer)(?:over|enter|move|down|up))$/;

/**
 * @param {string} text
 * @returns {Piece[]} the whole text in pieces
 */
export function pieces(text) {
    const found = [];
    const context = { isSure: true, inScript: false };
    let end = 0;
    for (const match of text.matchAll(TAG)) {
        between(found, context, text.slice(end, match.index));
        tag(found, context, match);
        end = match.index + match[0].length;
    }
    between(found, context, text.slice(end));
    return found;
}

/** What is the worst that the message would do. @returns {Kind} */
export function worst(text) {
    const kinds = pieces(text).map(({ kind }) => kind);
    return ["runs", "unsure", "on-click", "inert", "tag"].find((kind) =>
        kinds.includes(kind)) ?? "text";
}

function add(found, kind, text) {
    if (text) {
        found.push({ kind, text });
    }
}

/** A comment, or a tag without an end, may swallow what follows. */
function between(found, context, text) {
    const isOpen = /<[a-z!?/]/i.test(text);
    context.isSure &&= !isOpen;
    add(found, isOpen ? "unsure" : context.inScript ? "inert" : "text", text);
}

function tag(found, context, [whole, slash, anyName, rest]) {
    const name = anyName.toLowerCase();
    const isScript = name === "script";
    const attributes = attributesOf(rest);
    if (isScript && slash || context.inScript) {
        context.inScript &&= !isScript;
        return add(found, "inert", whole);
    }
    const kind = slash && !rest.trim() ? "tag"
        : slash || !context.isSure || !attributes ? "unsure"
            : isScript ? "inert" : kindOf(name, attributes);
    context.inScript = isScript;
    // Within others the same tag may be text, or mean something else.
    context.isSure &&= isScript || PLAIN.test(name);
    show(found, kind, whole, rest, isScript);
}

function show(found, kind, whole, rest, isScript) {
    const start = whole.slice(0, whole.length - rest.length - 1);
    const parts = [...rest.matchAll(ATTRIBUTE)];
    const namesScript = parts.some(isForScript);
    const kindOfTag = isScript ? "inert" : "tag";
    add(found, kind === "unsure" && !namesScript ? kind : kindOfTag, start);
    for (const part of parts) {
        add(found, isForScript(part) ? kind : "attribute", part[0]);
    }
    const shown = parts.reduce((sum, [part]) => sum + part.length, 0);
    add(found, kindOfTag, `${rest.slice(shown)}>`);
}

function isForScript([, , name, value = ""]) {
    return NAMES_SCRIPT.test(name.toLowerCase())
        || SCRIPT_ADDRESS.test(unquoted(value));
}

function unquoted(value) {
    return value.replace(/^(["'])(.*)\1$/s, "$2");
}

/** @returns {Map<string, string> | undefined} when they are oddly written */
function attributesOf(rest) {
    const parts = [...rest.matchAll(ATTRIBUTE)];
    const attributes = new Map(parts.map(([, , name, value = ""]) =>
        [name.toLowerCase(), unquoted(value)]));
    const left = rest.slice(parts.map(([part]) => part).join("").length);
    return attributes.size === parts.length && /^\s*\/?$/.test(left)
        ? attributes : undefined;
}

/** @returns {Kind} */
function kindOf(name, attributes) {
    const row = AT_ONCE.find((one) => one.element === name
        && (one.value ?? /\S/).test(attributes.get(one.calls) ?? "")
        && Object.entries(one.needs ?? {}).every(([key, value]) =>
            attributes.has(key) && value.test(attributes.get(key))));
    const isByHand = ([key, value]) => PLAIN.test(name)
        && (BY_HAND.test(key) && /\S/.test(value)
            || name === "a" && key === "href" && SCRIPT_ADDRESS.test(value));
    const isKnown = ([key, value]) => key === row?.calls
        || (HARMLESS[""][key] ?? HARMLESS[name]?.[key]
            ?? row?.needs?.[key])?.test(value);
    const all = [...attributes];
    if (!all.every((one) => isKnown(one) || isByHand(one))) {
        return "unsure";
    }
    return row ? "runs" : !PLAIN.test(name) ? "unsure"
        : all.some(isByHand) ? "on-click" : "tag";
}
