/**
 * From answers to advice. Knows no page; each sentence in both languages.
 *
 * @typedef {Record<"en" | "zh-CN", string>} Words
 * @typedef {"poll" | "long-poll" | "sse" | "ws"} Way
 *
 * @typedef {object} Answers
 * @property {"yes" | "no"} hold         may the server keep requests open?
 * @property {"now" | "later"} delay     how soon must news be there?
 * @property {"often" | "rarely"} send   how much does the page itself say?
 * @property {"text" | "binary"} data
 * @property {"clear" | "unknown"} between  who is between page and server?
 *
 * @typedef {object} Advice
 * @property {Way} way
 * @property {Words[]} because   in the order in which they weigh
 * @property {Words} [but]       what it costs, where it costs something
 * @property {string} code       to begin with: a module, for a page
 * @property {Words} taking      on whose code it stands
 */

const WORDS = {
    cannotHold: {
        "en": "Your server must end each request soon, so nothing can be held "
            + "open: no long-poll, no stream, no WebSocket.",
        "zh-CN": "你的服务器必须很快结束每个请求，所以没法保持连接："
            + "长轮询、事件流、WebSocket 都不行。",
    },
    lateByHalf: {
        "en": "“At once” cannot be had then: polling is late by half its "
            + "interval on average. Ask more often and it costs more.",
        "zh-CN": "这样就做不到“立刻”：轮询平均晚半个间隔。问得勤些，代价也大些。",
    },
    postsCost: {
        "en": "What the page says goes by POST, a whole request each time.",
        "zh-CN": "页面要说的话用 POST 发，每次都是一个完整的请求。",
    },
    sendsOften: {
        "en": "The page itself says much. A POST costs hundreds of bytes of "
            + "headers each time, a WebSocket frame 6 to 14, and "
            + "no frame waits for the answer to the one before.",
        "zh-CN": "页面自己说得很多。每次 POST 光头部就有几百字节，"
            + "而一个 WebSocket 帧头只有 6 到 14 字节，也不必等上一帧的答复。",
    },
    binary: {
        "en": "A WebSocket frame can carry binary as it is, here by "
            + "format=raw. SSE carries only UTF-8 text, and so does JSON: as "
            + "base64, binary grows by a third.",
        "zh-CN": "WebSocket 的帧可以直接传二进制，这里用 format=raw。"
            + "SSE 和 JSON 只能装 UTF-8 文本：转成 base64 会大三分之一。",
    },
    fallBack: {
        "en": "A proxy that does not know the Upgrade ends it. Use wss://, "
            + "which proxies cannot look into; or keep a way back, as our "
            + "client does: it goes on by SSE or long-polling.",
        "zh-CN": "不认识 Upgrade 的代理会让它失败。用 wss://，代理就看不进去；"
            + "或者留条退路，像我们的客户端那样，改用 SSE 或长轮询。",
    },
    reconnect: {
        "en": "Reconnecting is yours to write, as in the lesson; and your "
            + "server must check Origin, because the browser does not.",
        "zh-CN": "断线重连要自己写，课程里有；服务器还必须检查 Origin，"
            + "因为浏览器不管。",
    },
    bareHasNoPlace: {
        "en": "Bare bytes come without an id, so after a cut nobody can go on "
            + "where he was; and your server must check Origin, because the "
            + "browser does not.",
        "zh-CN": "直接传的字节不带编号，断线之后没法从原处继续；"
            + "服务器还必须检查 Origin，因为浏览器不管。",
    },
    lateIsFine: {
        "en": "News may be half a minute late, so ask every half minute. "
            + "Nothing is simpler, and everything lets it through.",
        "zh-CN": "消息晚半分钟没关系，那就每半分钟问一次。没有更简单的办法，"
            + "也没有什么会拦它。",
    },
    idleCost: {
        "en": "Each question costs a request, news or not: with very many "
            + "readers and little news, SSE is cheaper.",
        "zh-CN": "不管有没有新消息，每问一次都是一个请求：读者很多而消息很少时，"
            + "SSE 更省。",
    },
    endsSoGetsThrough: {
        "en": "A proxy that buffers keeps a stream back for ever. The answer "
            + "to a long-poll ends, so it gets through, and at once.",
        "zh-CN": "会缓冲的代理能把事件流一直扣着不放。长轮询的响应会结束，"
            + "所以能立刻通过。",
    },
    requestEach: {
        "en": "Each batch of news costs a request. With https:// nobody in "
            + "between can buffer, and SSE would be the better choice.",
        "zh-CN": "每批新消息都要一个请求。换成 https://，中间就没人能缓冲，"
            + "那时 SSE 更好。",
    },
    oneWay: {
        "en": "News comes at once, it is text, and the page itself says "
            + "little: that is what SSE was made for.",
        "zh-CN": "消息要立刻到，内容是文本，页面自己说得不多：SSE 正是为此而生。",
    },
    byItself: {
        "en": "The browser reconnects by itself and tells the server where it "
            + "was. The server's part is plain HTTP.",
        "zh-CN": "浏览器会自动重连，并告诉服务器读到了哪里。服务器这边就是普通 HTTP。",
    },
    sixTabs: {
        "en": "On HTTP/1.1 a browser keeps six connections to a site, over all "
            + "its tabs. Share one between tabs, as our client does, or speak "
            + "HTTP/2.",
        "zh-CN": "在 HTTP/1.1 上，浏览器对一个站点一共只开六个连接，"
            + "所有标签页合起来算。像我们的客户端那样让标签页共用一个，或者用 HTTP/2。",
    },
};

const TAKING = {
    client: {
        "en": "This is our client library: one file, to take along.",
        "zh-CN": "这是我们的客户端库：只有一个文件，拿去就能用。",
    },
    often: {
        "en": "This is the browser's own WebSocket. Our client library sends "
            + "a message once the one before is known to be stored: right "
            + "for talk, too slow for a pointer that moves.",
        "zh-CN": "这是浏览器自带的 WebSocket。我们的客户端库要等上一条确认存好才发"
            + "下一条：聊天正合适，跟随鼠标就太慢了。",
    },
    binary: {
        "en": "This is the browser's own WebSocket. Our client library "
            + "publishes bytes by POST, and receives them as base64.",
        "zh-CN": "这是浏览器自带的 WebSocket。我们的客户端库用 POST 发布字节，"
            + "收到的是 base64。",
    },
};

/** Half a minute, where that is soon enough. */
const INTERVAL_MS = 30000;

/** What a page begins with that takes the client library. */
function clientCode(way, delay) {
    const interval = way === "poll" && delay === "later"
        ? `, interval: ${INTERVAL_MS}` : "";
    return `import { earshot } from "/earshot.js";

const room = earshot("/earshot/room",
    { transport: "${way}"${interval}, last: 10 });
room.on("message",
    (data) => console.log(data));
await room.emit("message", "Hello");
`;
}

const SOCKET = `const socket = new WebSocket(
    location.origin.replace("http", "ws")
    + "/earshot/room/ws");
socket.onmessage = (frame) => {
    const { channel, data }
        = JSON.parse(frame.data);
    // Else the server speaks of itself.
    channel && console.log(data);
};
socket.onopen = () => socket.send(
    JSON.stringify({ data: "Hello" }));
`;

const BARE = `const socket = new WebSocket(
    location.origin.replace("http", "ws")
    + "/earshot/room/ws?format=raw");
socket.binaryType = "arraybuffer";
// Text is the answer: your bytes' id.
socket.onmessage = ({ data }) =>
    typeof data === "string"
        || console.log(data);
socket.onopen = () =>
    socket.send(Uint8Array.of(1, 2, 3));
`;

/**
 * @param {Answers} answers
 * @returns {Advice}
 */
export function advice(answers) {
    const reasons = weigh(answers);
    const { send, data, delay } = answers;
    if (reasons.way !== "ws") {
        return { ...reasons, code: clientCode(reasons.way, delay),
            taking: TAKING.client };
    }
    return data === "binary"
        ? { ...reasons, code: BARE, taking: TAKING.binary }
        : { ...reasons, code: SOCKET, taking: TAKING[send] };
}

function weigh({ hold, delay, send, data, between }) {
    if (hold === "no") {
        return {
            way: "poll",
            because: [WORDS.cannotHold],
            but: delay === "now" ? WORDS.lateByHalf
                : send === "often" ? WORDS.postsCost : WORDS.idleCost,
        };
    }
    if (send === "often" || data === "binary") {
        return {
            way: "ws",
            because: [
                ...send === "often" ? [WORDS.sendsOften] : [],
                ...data === "binary" ? [WORDS.binary] : [],
            ],
            but: between === "unknown" ? WORDS.fallBack
                : data === "binary" ? WORDS.bareHasNoPlace : WORDS.reconnect,
        };
    }
    if (delay === "later") {
        return { way: "poll", because: [WORDS.lateIsFine],
            but: WORDS.idleCost };
    }
    if (between === "unknown") {
        return { way: "long-poll", because: [WORDS.endsSoGetsThrough],
            but: WORDS.requestEach };
    }
    return { way: "sse", because: [WORDS.oneWay, WORDS.byItself],
        but: WORDS.sixTabs };
}
