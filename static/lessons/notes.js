/**
 * What a line on the wire is for: [English, 中文]. Knows no page.
 *
 * @typedef {[string, string]} Words
 */

const HEADERS = {
    "host": ["which site is meant: one address may serve many (RFC 9110, 7.2)",
        "要找的是哪个网站：一个地址可以有许多网站（RFC 9110，7.2）"],
    "user-agent": ["which browser; sent with every single request",
        "是什么浏览器；每个请求都要带上"],
    "origin": ["which site's page asks. A page cannot forge it: the server decides by it",
        "是哪个网站的页面在问。页面伪造不了它，服务器据此决定"],
    "referer": ["the page that asks", "发问的页面"],
    "accept": ["what may come back", "可以返回什么"],
    "accept-encoding": ["compression that the browser understands",
        "浏览器懂得的压缩方式"],
    "accept-language": ["the reader's languages", "读者的语言"],
    "connection": ["what becomes of this connection afterwards",
        "这条连接之后怎么办"],
    "cache-control": ["nothing here may come out of a cache",
        "这里的内容不许来自缓存"],
    "pragma": ["the same for caches of the last century", "同上，写给上世纪的缓存"],
    "last-event-id": ["EventSource's cursor: the last `id:` that it has seen",
        "EventSource 的游标：它见到的最后一个 `id:`"],
    "content-type": ["what the body is", "正文是什么"],
    "content-length": ["so many bytes, then the answer is over",
        "正文有多少字节，读完回答就结束"],
    "transfer-encoding": ["the length is not known yet: the body comes in chunks (RFC 9112, 7.1)",
        "长度还不知道：正文分块到来（RFC 9112，7.1）"],
    "x-accel-buffering": ["asks nginx not to gather the answer first",
        "请 nginx 不要先把回答攒起来"],
    "access-control-allow-origin": ["this page may read it, though the relay has another port",
        "中继的端口不同，但这个页面可以读"],
    "vary": ["to another origin the answer would be another", "对别的来源，回答会不同"],
    "date": ["when it was said", "说话的时间"],
    "server": ["the web server", "Web 服务器"],
    "upgrade": ["what the two will speak from now on", "从此双方改说的协议"],
    "sec-websocket-key": ["16 random bytes: the server has to show that it understood",
        "16 个随机字节：服务器要证明自己听懂了"],
    "sec-websocket-version": ["the version of RFC 6455, the only one",
        "RFC 6455 的版本，只有这一个"],
    "sec-websocket-extensions": ["extensions that are offered, such as compression",
        "提议的扩展，例如压缩"],
    "sec-websocket-accept": ["made from the key: no plain web server says this by accident",
        "由 key 算出：普通 Web 服务器不会碰巧说出它"],
    "retry-after": ["come again after so many seconds", "过这么多秒再来"],
};

const FAMILIES = [
    [/^sec-fetch-/, ["the browser's own word on who asks, and for what",
        "浏览器自己说明：谁在问，为了什么"]],
    [/^sec-ch-ua/, ["which browser, once more", "又说了一遍是什么浏览器"]],
    [/^access-control-/, ["what a page of another origin may do",
        "别的来源的页面可以做什么"]],
    [/^cookie$/, ["who the visitor is: sent along by itself",
        "访客是谁：自动带上"]],
];

const STATUSES = {
    101: ["yes: what follows is no HTTP any more", "同意：后面不再是 HTTP"],
    200: ["here it is", "给你"],
};

/** @type {Record<string, Words>} */
const FIELDS = {
    "comment": ["a comment: the heartbeat. The browser skips it",
        "注释行，也就是心跳。浏览器会跳过"],
    "data": ["what the page gets", "页面得到的内容"],
    "event": ["the event's name; without this line it is `message`",
        "事件名；没有这一行就是 `message`"],
    "id": ["the place: it comes back as `Last-Event-ID`",
        "位置：重连时作为 `Last-Event-ID` 送回"],
    "retry": ["after a cut, come back in so many milliseconds",
        "断开后，过这么多毫秒再来"],
    "dispatch": ["a blank line: the event is complete, the page is called",
        "空行：事件完整了，交给页面"],
    "nothing": ["a blank line; without `data:` no event",
        "空行；没有 `data:` 就没有事件"],
    "unknown": ["a field that no browser knows: skipped",
        "浏览器不认识的字段：跳过"],
    "bad-retry": ["not digits alone: skipped", "不全是数字：跳过"],
    "goes-on": ["the end of a line that is not shown", "没有显示的那一行的末尾"],
    "bad-id": ["an id with a NUL: skipped", "id 里有 NUL：跳过"],
};

export const CHUNK = ["a chunk of so many bytes follows, in hexadecimal: HTTP's framing",
    "下面一块有这么多字节（十六进制）：这是 HTTP 的分块"];
export const LAST_CHUNK = ["a chunk of 0 bytes: the answer is over",
    "0 字节的块：回答结束"];

export const GOES_ON = ["goes on from what is not shown", "接着没有显示的部分"];

/** @returns {Words} */
export function ofFrameGoingOn(count) {
    return [`${count} bytes more of the frame before`,
        `上一帧的后续，${count} 字节`];
}

/** Of a record whose bytes are not all kept. @returns {Words} */
export function ofMissing(count) {
    return [`… and ${count} bytes more, not shown`,
        `……还有 ${count} 字节，没有显示`];
}

/** @returns {Words | undefined} */
export function ofRequestLine(line) {
    const target = line.split(" ")[1] ?? "";
    if (target.includes("/ws")) {
        return ["an ordinary request, so far", "到此为止是个普通的请求"];
    }
    if (target.includes("after=")) {
        return ["the question; `after` is the cursor: “I have all up to here”",
            "问题；`after` 是游标：“到这里我都有了”"];
    }
    return ["the question: no cursor yet, so “from now on”",
        "问题：还没有游标，意思是“从现在起”"];
}

/** @returns {Words | undefined} */
export function ofStatusLine(line) {
    return STATUSES[line.split(" ")[1]];
}

/** @returns {Words | undefined} */
export function ofHeader(line) {
    const name = line.split(":")[0].toLowerCase();
    return HEADERS[name]
        ?? FAMILIES.find(([pattern]) => pattern.test(name))?.[1];
}

/** Of a line of an event stream, by its meaning. */
export function ofField(meaning) {
    return FIELDS[meaning];
}
