/** Who may publish, and whether the page is known as the site's own. */

import { words } from "./words.js";

const LOOPBACK = /^(localhost|127\.|\[::1\])/;

export async function publishing(doctor) {
    doctor.visit.onStep(words("Trying who may publish …",
        "正在试谁可以发布……"));
    const answer = await doctor.post("the doctor's page was here");
    if (answer.json.code === "origin") {
        doctor.say("wrong", "host-rewritten",
            words(answer.json.error, answer.json.error));
    } else if (answer.status) {
        doctor.say("ok", "host-rewritten");
    }
    if (answer.status === 201) {
        judgeUnasked(doctor);
        return;
    }
    const refused = [401, 403, 405].includes(answer.status);
    doctor.say(refused ? "ok" : "unknown", "publish-anyone",
        words(`a POST is answered ${answer.status}`,
            `POST 的应答是 ${answer.status}`));
    await judgeMadeUp(doctor);
    if (doctor.visit.login) {
        await judgeLogin(doctor);
    }
}

function judgeUnasked(doctor) {
    const rule = doctor.setup.publish;
    doctor.mayPublish = true;
    if (rule === "local") {
        doctor.say("ok", "publish-anyone",
            words("who comes from this machine may (--publish local)",
                "本机来的可以（--publish local）"));
    } else if (!rule && LOOPBACK.test(location.hostname)) {
        doctor.say("unknown", "publish-anyone",
            words("it was let in, perhaps because it asked from the same "
                + "machine: look from another one",
            "请求被接受了，也许因为它来自同一台机器：换一台机器再看"));
    } else {
        doctor.say("wrong", "publish-anyone",
            words("a POST without any login was stored",
                "没登录的 POST 被存下了"));
    }
}

async function judgeMadeUp(doctor) {
    const { status } = await doctor.post("the doctor's page, as nobody", {
        headers: { "Content-Type": "text/plain",
            "Authorization": `Basic ${btoa("nobody:made-up")}`,
            "X-Remote-User": "nobody" } });
    doctor.say(status === 201 ? "wrong" : status ? "ok" : "unknown",
        "made-up-user", status === 201
            ? words("a POST with a name and password that do not exist "
                + "was stored",
            "用不存在的名字和密码发的 POST 被存下了") : undefined);
}

async function judgeLogin(doctor) {
    const { status, json } = await doctor.post("the doctor's page, with a "
        + "login", { credentials: "same-origin" });
    doctor.mayPublish = status === 201;
    const noUser = json.code === "forbidden"
        && /REMOTE_USER/.test(json.error);
    doctor.say(status === 201 ? "ok" : noUser ? "wrong" : "unknown",
        "user-not-passed", status === 201 ? undefined
            : words(`a POST is answered ${status}`,
                `POST 的应答是 ${status}`));
}
