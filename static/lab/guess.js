/**
 * An experiment: it asks for a guess, runs, and lays the guess over what came
 * out.
 *
 * @typedef {import("./page.js").Words} Words
 *
 * @typedef {object} Bar  one line of a result
 * @property {string} way   whose colour it has
 * @property {Words} name
 * @property {number} value
 * @property {Words | string} text
 *
 * @typedef {object} Outcome
 * @property {number | string} value  what was to be guessed
 * @property {Bar[]} bars
 * @property {Words} words  what it means
 *
 * @typedef {object} Experiment
 * @property {string} id
 * @property {Words} title
 * @property {Words[]} question  paragraphs
 * @property {NumberGuess | ChoiceGuess} guess
 * @property {boolean} [needsTap]
 * @property {(bench: Bench) => Promise<Outcome>} run
 *
 * @typedef {{min: number, max: number, step: number, start: number,
 *     show: (value: number) => string, logarithmic?: boolean,
 *     near: (guess: number, value: number) => boolean}} NumberGuess
 * @typedef {{choices: Record<string, Words>}} ChoiceGuess
 */

import { both, label, make } from "./page.js";
import { Stage, randomWord } from "./stage.js";
import { StageView } from "./view.js";

const BY_ITSELF = {
    run: ["Run it", "开始"],
    again: ["Once more", "再来一次"],
    running: ["It runs…", "进行中…"],
    hidden: ["It was stopped, because the page was hidden. Run it again.",
        "页面被隐藏，实验已停止。请再来一次。"],
    failed: ["It did not come to its end:", "没能做完："],
    needsTap: ["This one needs the tap, which `./demo` starts.",
        "这个实验需要中继，由 `./demo` 启动。"],
    yours: ["your guess", "你的猜测"],
};

/** What an experiment works with; it lasts until the signal. */
export class Bench {
    /** @type {Stage | undefined} the one at hand */
    stage;
    #drawing = new AbortController();

    constructor(root, tap, signal) {
        this.root = root;
        this.tap = tap;
        this.signal = signal;
        root.replaceChildren();
        signal.addEventListener("abort", () => this.#close());
    }

    /**
     * Lanes on a channel of their own, open when it resolves. What was open
     * is closed, and its drawing stays as it was.
     */
    async open(lanes, names, { pixelsPerSecond, ready = lanes.length,
        caption, thin = false } = {}) {
        this.#close();
        this.#drawing = new AbortController();
        this.stage = new Stage(`lab.${randomWord()}`, lanes, this.tap);
        const place = make("div", { className: "stage small-stage" });
        place.classList.toggle("thin", thin);
        this.root.append(...caption ? both(caption, "h4") : [], place);
        new StageView(this.stage, place, { names, pixelsPerSecond })
            .run(this.#drawing.signal);
        await this.stage.start();
        await this.until(() => this.stage.lanes.filter(
            ({ state }) => state === "open").length >= ready, 8000);
        await this.sleep(300);
        return this.stage;
    }

    #close() {
        this.#drawing.abort();
        this.stage?.close();
    }

    /** Publishes one after another, and gives the ids. */
    async publish(count, gap, text = (number) => `${number}`) {
        const ids = [];
        for (let number = 1; number <= count; number++) {
            ids.push(await this.stage.publish(text(number)));
            await this.sleep(typeof gap === "function" ? gap() : gap);
        }
        return ids;
    }

    /** Which of these ids a lane has heard. */
    heard({ key }, ids) {
        return ids.filter((id) =>
            key in (this.stage.find(id)?.arrivals ?? {}));
    }

    /** Waits until all of these lanes have heard all of these ids. */
    all(ids, ms, lanes = this.stage.lanes) {
        return this.until(() => lanes.every((lane) =>
            this.heard(lane, ids).length === ids.length), ms);
    }

    /** @returns {Promise<boolean>} false when the time was over first */
    async until(condition, ms) {
        const end = Date.now() + ms;
        while (!condition()) {
            if (Date.now() > end) {
                return false;
            }
            await this.sleep(50);
        }
        return true;
    }

    sleep(ms) {
        return new Promise((resolve, reject) => {
            this.signal.throwIfAborted();
            const stop = () => {
                clearTimeout(timer);
                reject(this.signal.reason);
            };
            const timer = setTimeout(() => {
                this.signal.removeEventListener("abort", stop);
                resolve();
            }, ms);
            this.signal.addEventListener("abort", stop, { once: true });
        });
    }
}

/**
 * The card of an experiment.
 * @param {Experiment} experiment
 * @param {object} surroundings
 * @param {import("./tap.js").Tap} [surroundings.tap]
 * @param {(work: () => Promise<any>) => Promise<any>} surroundings.rest
 */
export function card(experiment, { tap, rest }) {
    const { id, title, question, needsTap } = experiment;
    const possible = tap || !needsTap;
    const guess = experiment.guess.choices
        ? choiceGuess(id, experiment.guess) : numberGuess(experiment.guess);
    const button = make("button", { type: "submit", disabled: !possible,
        className: "button primary" }, both(BY_ITSELF.run));
    const status = make("p", { className: "small", role: "status" },
        possible ? [] : both(BY_ITSELF.needsTap));
    const stages = make("div", { className: "stages" });
    const outcome = make("span", { className: "outcome" });
    const result = make("div", { className: "result", hidden: true });
    const form = make("form", {}, guess.fields,
        make("div", { className: "go" }, button, status));
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        rest(() => perform());
    });

    async function perform() {
        const running = new AbortController();
        const hide = () => document.hidden && running.abort("hidden");
        document.addEventListener("visibilitychange", hide);
        button.disabled = guess.fields.disabled = true;
        status.replaceChildren(...both(BY_ITSELF.running));
        outcome.replaceChildren();
        guess.mark?.();
        result.hidden = true;
        const bench = new Bench(stages, tap, running.signal);
        try {
            const found = await experiment.run(bench);
            showResult(result, experiment, guess.value(), found);
            guess.mark?.(found.value);
            outcome.replaceChildren(...inShort(experiment, guess.value(),
                found.value));
            status.replaceChildren();
            result.scrollIntoView({ block: "nearest" });
        } catch (error) {
            status.replaceChildren(...error === "hidden"
                ? both(BY_ITSELF.hidden)
                : [...both(BY_ITSELF.failed), ` ${error.message ?? error}`]);
        } finally {
            running.abort();
            document.removeEventListener("visibilitychange", hide);
            button.disabled = guess.fields.disabled = false;
            button.replaceChildren(...both(BY_ITSELF.again));
        }
    }

    return make("details", { className: "card experiment", id,
        name: "experiment" },
    make("summary", {}, make("h3", {}, both(title)), outcome),
    question.map((words) => both(words, "p")), form, stages, result);
}

/** For the card that is closed again. */
function inShort({ guess: { choices, show } }, guessed, value) {
    return choices ? both(guessed === value ? ["as you said", "猜对了"]
        : ["not as you said", "没猜对"])
        : both([`you: ${show(guessed)}, it was ${show(value)}`,
            `你猜 ${show(guessed)}，结果 ${show(value)}`]);
}

// The guess. -----------------------------------------------------------------

function numberGuess({ min, max, step, start, show, logarithmic }) {
    const [there, back] = logarithmic ? [Math.log10, (x) => 10 ** x]
        : [Number, Number];
    const output = make("output", { className: "guessed" });
    const input = make("input", { type: "range", min: there(min),
        max: there(max), step: logarithmic ? "any" : step });
    input.value = there(start);
    label(input, BY_ITSELF.yours);
    const value = () => back(Number(input.value));
    const tell = () => {
        output.textContent = show(value());
        input.ariaValueText = output.textContent;
    };
    input.addEventListener("input", tell);
    tell();
    return { value, fields: make("fieldset", { className: "number-guess" },
        make("legend", {}, both(BY_ITSELF.yours), ": ", output), input) };
}

function choiceGuess(id, { choices }) {
    const fields = make("fieldset", { className: "choice-guess" },
        make("legend", {}, both(BY_ITSELF.yours)),
        Object.entries(choices).map(([value, words]) =>
            make("label", {}, make("input", { type: "radio", required: true,
                name: `guess-${id}`, value }),
            make("span", {}, both(words)))));
    /** Shows beside the choices which of them came true. */
    function mark(truth) {
        for (const label of fields.querySelectorAll("label")) {
            const { value, checked } = label.querySelector("input");
            label.dataset.was = truth === undefined ? ""
                : value === truth ? "true" : checked ? "false" : "";
        }
    }
    return { fields, mark,
        value: () => fields.querySelector(":checked").value };
}

// The result. ----------------------------------------------------------------

function showResult(root, { guess }, guessed, { value, bars, words }) {
    const children = guess.choices
        ? [choiceVerdict(guess, guessed, value), barTable(bars)]
        : [numberVerdict(guess, guessed, value),
            barTable(bars, guess, guessed)];
    root.replaceChildren(...children, ...both(words, "p"));
    root.hidden = false;
}

function numberVerdict({ show, near }, guessed, value) {
    const [mine, its] = [show(guessed), show(value)];
    const good = near(guessed, value);
    return make("p", { className: good ? "verdict good" : "verdict",
        role: "status" }, both(good
        ? [`You said ${mine}, and it was ${its}. Well judged.`,
            `你猜 ${mine}，结果是 ${its}。判断得不错。`]
        : [`You said ${mine}. It was ${its}.`,
            `你猜 ${mine}，结果是 ${its}。`]));
}

function choiceVerdict({ choices }, guessed, value) {
    const good = guessed === value;
    const [en, zh] = choices[value];
    return make("p", { className: good ? "verdict good" : "verdict",
        role: "status" }, both(good ? ["As you said: ", "正如你所说："]
        : ["Not as you said. It was: ", "和你说的不一样，结果是："]),
    both([en, zh], "b"));
}

/** Bars, and across them a line where the guess lies. */
function barTable(bars, guess, guessed) {
    const scale = guess?.logarithmic
        ? (value) => Math.log10(Math.max(value / guess.min, 1)) : Number;
    const top = Math.max(...bars.map(({ value }) => scale(value)),
        guess ? scale(guessed) : 0) || 1;
    const share = (value) => scale(value) / top;
    // Its roles are said, for on a phone it is no table to the eye.
    const table = make("table", { className: "bars", role: "table" },
        bars.map(({ way, name, value, text }) => {
            const bar = make("i");
            bar.style.width = `${100 * share(value)}%`;
            return make("tr", { className: `way-${way}`, role: "row" },
                make("th", { scope: "row", role: "rowheader" }, both(name)),
                make("td", { className: "bar", role: "cell" }, bar),
                make("td", { className: "number", role: "cell" },
                    typeof text === "string" ? text : both(text)));
        }));
    if (guess) {
        const mark = make("span", {}, both(BY_ITSELF.yours), ": ",
            guess.show(guessed));
        const cell = make("td", { className: "guess-mark", role: "cell" },
            mark);
        table.prepend(make("tr", { role: "row" },
            make("td", { role: "cell" }), cell));
        table.style.setProperty("--share", share(guessed));
        table.classList.add("guessed-at");
        table.classList.toggle("far", share(guessed) > 0.5);
    }
    return table;
}
