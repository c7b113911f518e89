/**
 * What the doctor's page says of each finding, in both languages. The same
 * codes as `earshot doctor` has, which tells them in words of its own; a test
 * compares the two.
 *
 * @typedef {Record<"en" | "zh-CN", string>} Words
 *
 * @typedef {object} Finding
 * @property {Words} title  what is wrong
 * @property {Words} good   said in its place when it is not
 * @property {Words} why    what it does to whom
 * @property {true} [note]  good to know, not wrong
 */

/** @returns {Words} */
export const words = (en, zh) => ({ en, "zh-CN": zh });

/** In the order in which they are told. @type {Record<string, Finding>} */
export const FINDINGS = {
    "tls": {
        title: words("browsers will refuse the certificate",
            "浏览器不接受这个证书"),
        good: words("the certificate is good", "证书没有问题"),
        why: words("A page of this address does not open, or asks its reader "
            + "to take a risk.",
        "页面打不开，或者要读者自担风险。"),
    },
    "tls-expires": {
        title: words("the certificate expires soon", "证书快到期了"),
        good: words("the certificate is good for two weeks and more",
            "证书两周内不会到期"),
        why: words("After that day nothing of the site opens.",
            "到那天，整个网站都打不开。"),
        note: true,
    },
    "redirect": {
        title: words("the address sends on to another one",
            "这个地址会跳转到别处"),
        good: words("the address answers itself", "这个地址直接应答"),
        why: words("A POST that is sent on becomes a GET and publishes "
            + "nothing, and a WebSocket is not sent on at all.",
        "POST 跳转后变成 GET，什么也发布不了；WebSocket 根本不跟随跳转。"),
    },
    "not-found": {
        title: words("Earshot is not at this address",
            "这个地址上没有 Earshot"),
        good: words("Earshot is found", "找到了 Earshot"),
        why: words("The web server knows no such address, or hands it to "
            + "Earshot under another name than Earshot expects.",
        "Web 服务器不认识这个地址，或者转给 Earshot 的路径和它预期的不同。"),
    },
    "not-earshot": {
        title: words("something else answers at this address",
            "这个地址上应答的不是 Earshot"),
        good: words("Earshot answers", "应答的是 Earshot"),
        why: words("What came is no answer of Earshot's: a page, or another "
            + "program's.",
        "收到的不是 Earshot 的应答，而是某个页面，或别的程序的应答。"),
    },
    "program-away": {
        title: words("the web server does not reach Earshot",
            "Web 服务器连不上 Earshot"),
        good: words("the web server reaches Earshot",
            "Web 服务器能连上 Earshot"),
        why: words("It answers by itself that the program behind it is away: "
            + "it does not run, has ended at once, or its socket is another "
            + "one or not open to the web server's user.",
        "它自己回答说后面的程序不在：没有运行，一启动就退出了，"
            + "或者套接字不对，或者 Web 服务器的用户无权访问。"),
    },
    "not-ready": {
        title: words("Earshot runs and cannot use its queue",
            "Earshot 在运行，但用不了它的队列"),
        good: words("Earshot can use its queue", "Earshot 的队列可用"),
        why: words("Nothing can be published; who reads gets nothing new.",
            "什么也发布不了，读者收不到新消息。"),
    },
    "login": {
        title: words("nobody may read without a login", "不登录就不能读"),
        good: words("reading needs no more login", "读取不需要再登录"),
        why: words("The web server asks for a login before Earshot is asked.",
            "请求还没到 Earshot，Web 服务器就要求登录。"),
        note: true,
    },
    "old": {
        title: words("Earshot there is older than this page",
            "那里的 Earshot 比这个页面旧"),
        good: words("Earshot is new enough to name its version",
            "Earshot 会报出自己的版本"),
        why: words("What this page says of newer versions may not hold there.",
            "这个页面按新版本说的话，对它不一定成立。"),
        note: true,
    },
    "clock": {
        title: words("the clocks differ", "两边的时钟不一致"),
        good: words("the clocks agree", "两边的时钟一致"),
        why: words("Times of messages look wrong to readers, and what is kept "
            + "by age is kept too long or too short.",
        "读者看到的消息时间不对，按时间保留的消息也会留得太久或太短。"),
    },
    "buffering": {
        title: words("events are held back", "事件被扣住了"),
        good: words("events arrive at once", "事件立刻到达"),
        why: words("What Earshot sends is gathered before it is handed on: a "
            + "browser's stream opens late or never, and events come in "
            + "heaps.",
        "Earshot 发出的内容先被攒起来再转发：浏览器的事件流很晚才打开，"
            + "甚至打不开，事件一堆一堆地来。"),
    },
    "headers-held": {
        title: words("a stream's beginning is held back",
            "事件流的开头被扣住了"),
        good: words("a stream's headers come at once", "事件流的头部立刻到达"),
        why: words("A browser takes the stream for not yet open until the "
            + "first message pushes its beginning through.",
        "第一条消息把开头推出来之前，浏览器以为事件流还没打开。"),
    },
    "compression": {
        title: words("streams are compressed", "事件流被压缩了"),
        good: words("streams are not compressed", "事件流没有被压缩"),
        why: words("A compressor gathers what it gets; events of a few bytes "
            + "wait in it, and each reader costs some 160 KiB of memory "
            + "more.",
        "压缩器会先攒数据：几个字节的事件就卡在里面，"
            + "每个读者还要多占大约 160 KiB 内存。"),
    },
    "idle-limit": {
        title: words("connections are cut while nothing is said",
            "没有消息时连接会被切断"),
        good: words("an idle connection is kept", "空闲的连接保持不断"),
        why: words("A time limit is shorter than the pause between heartbeats "
            + "or than a long-poll's wait: readers reconnect again and again.",
        "某个时限比心跳的间隔或长轮询的等待还短：读者只好不停地重连。"),
    },
    "going-unnoticed": {
        title: words("it is not noticed when a reader leaves",
            "读者离开了却没人发觉"),
        good: words("it is noticed at once when a reader leaves",
            "读者一离开就能发觉"),
        why: words("Readers who have left still count, and hold what a reader "
            + "holds, until a heartbeat or two cannot be written.",
        "离开的读者还算在人数里，还占着资源，直到一两次心跳写不出去。"),
    },
    "too-few": {
        title: words("there is no room for so many streams",
            "容不下这么多事件流"),
        good: words("there is room for as many streams as were asked for",
            "要打开的事件流都打开了"),
        why: words("Streams above that number wait, or are refused, and so is "
            + "the rest of the site.",
        "超出的事件流只能等着，或者被拒绝，网站的其他部分也一样。"),
    },
    "descriptors": {
        title: words("Earshot may open few files",
            "Earshot 能打开的文件太少"),
        good: words("Earshot may open enough files",
            "Earshot 能打开的文件够多"),
        why: words("Each subscriber takes one descriptor; when they are used "
            + "up nobody else is let in.",
        "每个订阅者占一个描述符，用完了就再也进不来人。"),
    },
    "ws-missing": {
        title: words("there is no WebSocket here", "这里没有 WebSocket"),
        good: words("WebSocket is there", "有 WebSocket"),
        why: words("Pages that ask for WebSocket take another approach after "
            + "a failed try.",
        "想用 WebSocket 的页面试一次失败后，会改用别的方式。"),
    },
    "ws-upgrade": {
        title: words("the web server does not pass WebSocket on",
            "Web 服务器不转发 WebSocket"),
        good: words("WebSocket's handshake is passed on",
            "WebSocket 的握手能转发"),
        why: words("The request reaches Earshot's WebSocket endpoint as a "
            + "plain one, or without the Host that the browser sees.",
        "请求到了 Earshot 的 WebSocket 端点，却成了普通请求，"
            + "或者 Host 不是浏览器看到的那个。"),
    },
    "ws-away": {
        title: words("the WebSocket endpoint cannot be reached",
            "连不上 WebSocket 端点"),
        good: words("the WebSocket endpoint is reached",
            "能连上 WebSocket 端点"),
        why: words("The web server passes WebSocket on, and nobody is there.",
            "Web 服务器转发了 WebSocket，可那头没有程序。"),
    },
    "host-rewritten": {
        title: words("the site's own pages are refused as foreign",
            "本站自己的页面被当成外站拒绝了"),
        good: words("the site's own pages are known as such",
            "认得出本站自己的页面"),
        why: words("Earshot gets another Host than the browser has in its "
            + "address bar, and so takes the page's Origin for another "
            + "site's.",
        "Earshot 收到的 Host 和浏览器地址栏里的不同，"
            + "于是把页面的 Origin 当成了别的网站。"),
    },
    "foreign-origin": {
        title: words("pages of every other site may use Earshot",
            "任何别的网站的页面都能用这里的 Earshot"),
        good: words("pages of other sites are refused",
            "别的网站的页面会被拒绝"),
        why: words("Any page that somebody opens can read here, and publish "
            + "as far as its reader may.",
        "随便打开哪个页面，它都能读这里的消息，还能以读者的权限发布。"),
    },
    "publish-anyone": {
        title: words("anyone may publish", "谁都可以发布"),
        good: words("who is not logged in may not publish",
            "没登录的人不能发布"),
        why: words("Whoever finds the address can write to every channel.",
            "知道地址的人就能往任何频道里写。"),
    },
    "publish-anyone-ws": {
        title: words("anyone may publish by WebSocket",
            "谁都可以通过 WebSocket 发布"),
        good: words("who is not logged in may not publish by WebSocket",
            "没登录的人不能通过 WebSocket 发布"),
        why: words("A login before POST does not guard WebSocket, which "
            + "begins with a GET and publishes too.",
        "给 POST 加的登录管不到 WebSocket：它以 GET 开始，也能发布。"),
    },
    "made-up-user": {
        title: words("who makes up a name may publish",
            "编个名字就能发布"),
        good: words("a made-up name is not believed", "编的名字不被承认"),
        why: words("Earshot is told the name that a client says, which nobody "
            + "has checked: whoever finds the address can write to every "
            + "channel.",
        "传给 Earshot 的是客户端自称的名字，没人核实过："
            + "知道地址的人就能往任何频道里写。"),
    },
    "user-not-passed": {
        title: words("Earshot does not learn who has logged in",
            "Earshot 不知道谁登录了"),
        good: words("Earshot learns who has logged in",
            "Earshot 知道谁登录了"),
        why: words("The web server has taken the login, and Earshot still "
            + "says that it knows no user: nobody can publish.",
        "Web 服务器接受了登录，Earshot 却说不知道是谁：谁也发布不了。"),
    },
    "http1-only": {
        title: words("only HTTP/1.1 is spoken", "只支持 HTTP/1.1"),
        good: words("HTTP/2 is spoken", "支持 HTTP/2"),
        why: words("Browsers open six connections to such a site, all tabs "
            + "together: with a stream in each, the seventh tab waits. Our "
            + "client shares one among tabs; others do not.",
        "对这样的网站，浏览器所有标签页加起来只开六个连接："
            + "每页一个事件流的话，第七个标签页只能等。"
            + "我们的客户端让各页共用一个，别的客户端不会。"),
        note: true,
    },
    "log-nowhere": {
        title: words("what Earshot logs is lost", "Earshot 的日志丢了"),
        good: words("what Earshot logs goes somewhere",
            "Earshot 的日志有去处"),
        why: words("When something goes wrong nobody will know why.",
            "出了问题，谁也不知道原因。"),
    },
};

/** What web servers cannot do better, and so is no fault of theirs there. */
export const LIMITS = {
    "going-unnoticed": ["apache", "caddy"],
    "ws-missing": ["h2o"],
};
