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
            + "headers each time, a WebSocket frame 6 to 14.",
        "zh-CN": "页面自己说得很多。每次 POST 光头部就有几百字节，"
            + "而一个 WebSocket 帧头只有 6 到 14 字节。",
    },
    binary: {
        "en": "It carries binary as it is. SSE carries only UTF-8 text: as "
            + "base64, binary grows by a third.",
        "zh-CN": "它直接传二进制。SSE 只能传 UTF-8 文本：转成 base64 会大三分之一。",
    },
    fallBack: {
        "en": "A proxy that does not know the Upgrade ends it. Use wss://, "
            + "which proxies cannot look into, and keep a way back: our client "
            + "goes on by SSE or long-polling by itself.",
        "zh-CN": "不认识 Upgrade 的代理会让它失败。用 wss://，代理就看不进去；"
            + "再留条退路：我们的客户端会自动改用 SSE 或长轮询。",
    },
    reconnect: {
        "en": "Reconnecting is yours to write, or the library's; and your "
            + "server must check Origin, because the browser does not.",
        "zh-CN": "断线重连要自己写，或交给库；服务器还必须检查 Origin，"
            + "因为浏览器不管。",
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

/**
 * @param {Answers} answers
 * @returns {Advice}
 */
export function advice({ hold, delay, send, data, between }) {
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
            but: between === "unknown" ? WORDS.fallBack : WORDS.reconnect,
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
