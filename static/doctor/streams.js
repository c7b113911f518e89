/** Streams: do they arrive, and are they kept? */

import { PROMPT, Stream, ask, until } from "./wire.js";
import { words } from "./words.js";

const seconds = (ms) => (ms / 1000).toFixed(1);

export async function stream(doctor) {
    doctor.visit.onStep(words("Opening a stream …", "正在打开事件流……"));
    const stream = doctor.stream = new Stream(doctor.url("/sse"),
        doctor.credentials);
    await until(() => stream.isOpen || stream.ended !== undefined, PROMPT);
    if (stream.isOpen) {
        doctor.say("ok", "headers-held",
            words(`its first event came after ${Math.round(stream.first)}`
                + " ms",
            `第一个事件在 ${Math.round(stream.first)} 毫秒后到达`));
        await judgeMessage(doctor, stream);
    } else if (stream.ended !== undefined) {
        doctor.heldBack = true;
        const status = stream.response?.status ?? 0;
        doctor.say("unknown", "buffering",
            words(`a stream was answered ${status} and ended at once`,
                `事件流的应答是 ${status}，随即结束`));
    } else {
        await judgeClosed(doctor, stream);
    }
    judgeCompression(doctor, stream);
}

function judgeCompression(doctor, { response }) {
    const coding = response?.headers.get("Content-Encoding");
    if (response) {
        doctor.say(coding ? "wrong" : "ok", "compression", coding
            ? words(`Content-Encoding: ${coding}`,
                `Content-Encoding: ${coding}`) : undefined);
    } else {
        doctor.say("unknown", "compression",
            words("nothing of a stream comes", "事件流什么也没来"));
    }
}

async function arrives(doctor, stream, text) {
    return await doctor.publish(text) && until(() =>
        stream.text.includes(text) || stream.ended !== undefined, PROMPT)
        .then(() => stream.text.includes(text));
}

async function judgeMessage(doctor, stream) {
    if (!doctor.mayPublish) {
        doctor.say("ok", "buffering",
            words("a stream's first event came; more was not tried, since "
                + "we may not publish here",
            "事件流的第一个事件到了；这里不许发布，没有再试"));
        return;
    }
    const began = performance.now();
    if (await arrives(doctor, stream, "does this arrive?")) {
        const ms = Math.round(performance.now() - began);
        doctor.say("ok", "buffering",
            words(`a message came after ${ms} ms`,
                `一条消息在 ${ms} 毫秒后到达`));
    } else {
        findHeldBack(doctor, words("a stream opened, and a message did not "
            + "come within 3 s",
        "事件流打开了，可 3 秒内没等到消息"));
    }
}

async function judgeClosed(doctor, stream) {
    if (doctor.mayPublish && await doctor.publish("does this push it?")
        && await until(() => stream.isOpen, PROMPT)) {
        doctor.say("wrong", "headers-held",
            words("nothing came within 3 s; with the first message it "
                + "came",
            "3 秒内什么也没来；第一条消息一发，就来了"));
        doctor.say("ok", "buffering");
        return;
    }
    findHeldBack(doctor, stream.response
        ? words("the headers of a stream came, and within 3 s nothing "
            + "more",
        "事件流的头部到了，之后 3 秒什么也没来")
        : words("nothing of a stream came within 3 s, not even its "
            + "headers",
        "3 秒内事件流什么也没来，连头部也没有"));
}

function findHeldBack(doctor, seen) {
    doctor.heldBack = true;
    doctor.say("wrong", "buffering", seen);
    doctor.say("unknown", "headers-held");
}

export async function patience(doctor) {
    const { patience } = doctor.visit;
    doctor.visit.onStep(words(`Holding what is idle for ${patience} s …`,
        `保持空闲连接 ${patience} 秒……`));
    const wait = Math.min(patience, doctor.setup.wait_max_s ?? 25);
    doctor.poll = { began: performance.now() };
    const asked = ask(doctor.url(`-poll/poll?wait=${wait}`), {
        credentials: doctor.credentials,
        signal: AbortSignal.timeout(wait * 1000 + 5000) })
        .then(({ status }) => {
            doctor.poll.status = status;
            doctor.poll.after = performance.now() - doctor.poll.began;
        });
    await until(() => cut(doctor), patience * 1000, 50);
    await asked;
    const seen = cut(doctor) ?? await silent(doctor);
    doctor.say(seen ? "wrong" : "ok", "idle-limit", seen
        ?? words(`held for ${patience} s`, `保持了 ${patience} 秒`));
    doctor.stream.leave();
    doctor.socket.leave();
}

function cut(doctor) {
    const { ended, last = 0, text } = doctor.stream;
    const ownEnd = text.split("retry:").length > 2;
    if (!doctor.heldBack && ended !== undefined && !ownEnd) {
        return words(`a stream was cut ${seconds(ended - last)} s after `
            + "its last byte",
        `事件流在最后一个字节 ${seconds(ended - last)} 秒后被切断`);
    }
    if (doctor.poll.status !== undefined && doctor.poll.status !== 200) {
        return words(`a long-poll was cut after `
            + `${seconds(doctor.poll.after)} s: ${doctor.poll.status}`,
        `长轮询在 ${seconds(doctor.poll.after)} 秒后被切断：`
            + doctor.poll.status);
    }
    const { wasOpen, code, ended: closed } = doctor.socket;
    if (wasOpen && code === 1006) {
        return words(`a WebSocket was cut after ${seconds(closed)} s`,
            `WebSocket 在 ${seconds(closed)} 秒后被切断`);
    }
    return undefined;
}

/** Cut, and its reader not told: nothing comes any more. */
async function silent(doctor) {
    if (doctor.heldBack || !doctor.mayPublish || !doctor.stream.isOpen
        || await arrives(doctor, doctor.stream, "is anybody there?")) {
        return undefined;
    }
    return words("a stream was cut, and its reader not told: its "
        + "connection is open, and nothing comes any more",
    "事件流被切断了，读者却不知道：连接还开着，但什么也不来了");
}
