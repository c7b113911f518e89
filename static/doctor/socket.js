/** WebSocket: is it there, and who may publish by it? */

import { PROMPT, Socket, ask, until } from "./wire.js";
import { words } from "./words.js";

export async function socket(doctor) {
    doctor.visit.onStep(words("Opening a WebSocket …",
        "正在打开 WebSocket……"));
    const socket = doctor.socket = new Socket(doctor.url("/ws"));
    await until(() => socket.isOpen || socket.ended !== undefined, PROMPT);
    if (!socket.isOpen) {
        await whyNoSocket(doctor);
        return;
    }
    for (const code of ["ws-missing", "ws-upgrade", "ws-away"]) {
        doctor.say("ok", code);
    }
    await judgeSocketPublishing(doctor, socket);
}

/** A page is not told; a plain request to the same address says more. */
async function whyNoSocket(doctor) {
    const { status, json } = await ask(doctor.url("/ws"));
    const code = status === 426 || json.code === "handshake"
        ? "ws-upgrade" : status >= 500 ? "ws-away" : "ws-missing";
    if (status === 401 || (status === 403 && !json.code)) {
        doctor.say("unknown", "ws-missing", words("it asks for a login",
            "它要求登录"));
    } else {
        doctor.say("wrong", code, words(`a plain request is answered `
            + `${status}${json.error ? `: ${json.error}` : ""}`,
        `普通请求的应答是 ${status}${json.error
            ? `：${json.error}` : ""}`));
    }
}

async function judgeSocketPublishing(doctor, socket) {
    socket.send(JSON.stringify({ data: "the doctor's page was here" }));
    const stored = () => socket.text.includes("earshot.published");
    await until(() => stored() || socket.text.includes("earshot.error"),
        PROMPT);
    if (!stored()) {
        doctor.say("ok", "publish-anyone-ws");
    } else if (doctor.setup.publish === "anyone") {
        doctor.say("wrong", "publish-anyone-ws",
            words("what a WebSocket sent was stored",
                "WebSocket 发来的被存下了"));
    } else {
        doctor.say("unknown", "publish-anyone-ws",
            words("it was stored; a browser cannot tell whether a login "
                + "went along, or only this machine may",
            "存下了；浏览器分不清是带上了登录，还是只许本机"));
    }
}
