/** Is it noticed when a reader leaves, and is there room for many? */

import { PROMPT, Stream, ask, until } from "./wire.js";
import { words } from "./words.js";

/** Other processes tell their numbers once a second at most. */
const COUNT = 5000; // ms

const seconds = (ms) => (ms / 1000).toFixed(1);

async function readers(doctor) {
    const { json } = await ask(doctor.url("-going"),
        { credentials: doctor.credentials });
    return json.subscribers?.sse;
}

async function waitForCount(doctor, count) {
    const end = performance.now() + COUNT;
    while (performance.now() < end) {
        if (await readers(doctor) === count) {
            return true;
        }
        await until(() => false, 100);
    }
    return false;
}

export async function going(doctor) {
    if (doctor.heldBack) {
        doctor.say("unknown", "going-unnoticed",
            words("no stream comes through", "事件流过不来"));
        return;
    }
    doctor.visit.onStep(words("Leaving a stream …", "正在离开一个事件流……"));
    const stream = new Stream(doctor.url("-going/sse"), doctor.credentials);
    const counted = await waitForCount(doctor, 1);
    stream.leave();
    const left = performance.now();
    if (!counted) {
        doctor.say("unknown", "going-unnoticed",
            words("a reader who came was not counted",
                "来了一个读者，却没有被算进去"));
    } else if (await waitForCount(doctor, 0)) {
        const after = seconds(performance.now() - left);
        doctor.say("ok", "going-unnoticed",
            words(`after ${after} s`, `${after} 秒后`));
    } else {
        doctor.say("wrong", "going-unnoticed",
            words("5 s after a reader left it still counted",
                "读者离开 5 秒后还算在人数里"));
    }
}

/** Over HTTP/1.1 a browser has six connections, and no more to try. */
export async function crowd(doctor) {
    const isMany = /^h[23]/.test(doctor.protocol);
    if (doctor.heldBack || !isMany) {
        doctor.say("unknown", "too-few", doctor.heldBack
            ? words("no stream comes through", "事件流过不来")
            : words("a browser opens six connections by HTTP/1.1; the "
                + "command opens more",
            "浏览器用 HTTP/1.1 只开六个连接；命令行可以开得更多"));
        return;
    }
    doctor.visit.onStep(words("Opening 24 streams …",
        "正在打开 24 个事件流……"));
    const crowd = Array.from({ length: 24 }, () =>
        new Stream(doctor.url("-crowd/sse"), doctor.credentials));
    const open = () => crowd.filter(({ isOpen }) => isOpen).length;
    await until(() => open() === crowd.length, 2 * PROMPT);
    doctor.say(open() === crowd.length ? "ok" : "wrong", "too-few",
        words(`of 24 streams ${open()} opened`,
            `24 个事件流打开了 ${open()} 个`));
    crowd.forEach((stream) => { stream.leave(); });
}
