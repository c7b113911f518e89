/** The address: does Earshot answer there, and what does it say of itself? */

import { ask } from "./wire.js";
import { words } from "./words.js";

const CLOCK = 60e3; // ms that clocks may differ
const DESCRIPTORS = 4096; // as many are plenty

/** Whether there is more to look at. */
export async function address(doctor) {
    doctor.visit.onStep(words("Asking whether Earshot is there …",
        "正在看 Earshot 在不在……"));
    const answer = await ask(`${doctor.visit.base}/-/health`,
        { credentials: "same-origin" });
    doctor.visit.onServer(answer.headers.get("Server") ?? "");
    if (answer.redirected) {
        doctor.say("wrong", "redirect", words(`it leads to ${answer.url}`,
            `它跳转到 ${answer.url}`));
    }
    if (!("ready" in answer.json)) {
        notOurs(doctor, answer);
        return false;
    }
    doctor.say("ok", "redirect");
    doctor.say("ok", "not-found");
    judgeHealth(doctor, answer);
    judgeProtocol(doctor);
    return true;
}

function notOurs(doctor, { status }) {
    const code = status === 401 || status === 403 ? "login"
        : status === 404 || status === 405 ? "not-found"
            : status >= 500 || status === 0 ? "program-away"
                : "not-earshot";
    doctor.say("wrong", code, status === 0
        ? words("no answer came", "没有应答")
        : words(`the answer is ${status}`, `应答是 ${status}`));
}

function judgeHealth(doctor, { status, json, headers }) {
    doctor.say(status === 200 ? "ok" : "wrong", "not-ready",
        json.error ? words(json.error, json.error) : undefined);
    const { version } = json;
    doctor.say(version ? "ok" : "wrong", "old",
        version ? words(version, version) : undefined);
    const ahead = Date.parse(headers.get("Date") ?? "") - Date.now();
    const by = Math.round(Math.abs(ahead) / 1000);
    if (Number.isNaN(ahead)) {
        doctor.say("unknown", "clock", words("the answer has no Date",
            "应答没有 Date 头部"));
    } else {
        doctor.say(Math.abs(ahead) > CLOCK ? "wrong" : "ok", "clock",
            Math.abs(ahead) <= CLOCK ? undefined : ahead > 0
                ? words(`the server's is ${by} s ahead`,
                    `服务器快 ${by} 秒`)
                : words(`the server's is ${by} s behind`,
                    `服务器慢 ${by} 秒`));
    }
}

function judgeProtocol(doctor) {
    const { protocol } = doctor;
    if (!protocol) {
        doctor.say("unknown", "http1-only");
    } else {
        doctor.say(/^h[23]/.test(protocol) ? "ok" : "wrong", "http1-only",
            words(protocol, protocol));
    }
    if (location.protocol === "https:") {
        doctor.say("ok", "tls", words("this browser has accepted it",
            "这个浏览器接受了它"));
    }
}

export async function setup(doctor) {
    const { json, status } = await ask(`${doctor.visit.base}/-/status`,
        { credentials: doctor.credentials });
    doctor.setup = json.setup ?? {};
    if (!json.setup) {
        const seen = words("only who may see /-/status can tell: it is "
            + `answered ${status}`,
        `只有能看 /-/status 的人才知道，它的应答是 ${status}`);
        for (const code of ["log-nowhere", "descriptors",
            "foreign-origin"]) {
            doctor.say("unknown", code, seen);
        }
        return;
    }
    const { log, descriptors, origin } = doctor.setup;
    doctor.say(log.nowhere ? "wrong" : "ok", "log-nowhere",
        words(log.nowhere ?? log.to, log.nowhere ?? log.to));
    const limit = descriptors.limit ?? Infinity;
    doctor.say(limit < DESCRIPTORS
        && limit < doctor.setup.subscribers_max + 64 ? "wrong" : "ok",
    "descriptors", words(String(limit), String(limit)));
    doctor.say(/(^|[, ])\*([, ]|$)/.test(origin) ? "wrong" : "ok",
        "foreign-origin", origin ? words(origin, origin) : undefined);
}
