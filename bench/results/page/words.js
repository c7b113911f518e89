/**
 * What the report's page says, in both languages.
 *
 * @typedef {"en" | "zh-CN"} Language
 * @typedef {Record<Language, string>} Words
 */

const both = (en, zh) => ({ "en": en, "zh-CN": zh });

const MS = { unit: "ms", scale: 1e-3 };
const COUNT = { unit: "", scale: 1 };

/**
 * The figures by their names in the JSON: what they are, and in which unit
 * they are shown.
 */
export const FIGURES = {
    "latency_mean_us": { ...MS, ...both("delay, mean", "延迟均值") },
    "latency_p50_us": { ...MS, ...both("delay p50", "延迟 p50") },
    "latency_p90_us": { ...MS, ...both("delay p90", "延迟 p90") },
    "latency_p99_us": { ...MS, ...both("delay p99", "延迟 p99") },
    "latency_p99.9_us": { ...MS, ...both("delay p99.9", "延迟 p99.9") },
    "latency_max_us": { ...MS, ...both("delay, largest", "最大延迟") },
    "latency_sent_p50_us": { ...MS,
        ...both("from sent, p50", "从实际发出算起 p50") },
    "latency_sent_p99_us": { ...MS,
        ...both("from sent, p99", "从实际发出算起 p99") },
    "last_mean_us": { ...MS,
        ...both("last subscriber, mean", "最后一位订阅者，均值") },
    "last_p50_us": { ...MS,
        ...both("last subscriber p50", "最后一位订阅者 p50") },
    "last_p99_us": { ...MS,
        ...both("last subscriber p99", "最后一位订阅者 p99") },
    "last_max_us": { ...MS,
        ...both("last subscriber, largest", "最后一位订阅者，最大") },
    "publish_p50_us": { ...MS, ...both("publishing p50", "发布耗时 p50") },
    "publish_p99_us": { ...MS, ...both("publishing p99", "发布耗时 p99") },
    "publishes_per_s": { ...COUNT, ...both("publishes a second", "每秒发布") },
    "deliveries_per_s": { ...COUNT,
        ...both("deliveries a second", "每秒送达") },
    "server_cpu_s_per_million": { unit: "µs", scale: 1,
        ...both("server CPU, a delivery", "服务器 CPU，每次送达") },
    "server_cpu_s_per_million_publishes": { unit: "µs", scale: 1,
        ...both("server CPU, a publish", "服务器 CPU，每次发布") },
    "server_bytes_per_connection": { unit: "KiB", scale: 1 / 1024,
        ...both("server memory, a connection", "服务器内存，每个连接") },
    "server_switches_per_delivery": { ...COUNT,
        ...both("context switches, a delivery", "上下文切换，每次送达") },
    "bytes_per_message": { ...COUNT,
        ...both("bytes, a message", "字节，每条消息") },
    "bytes_down_per_message": { ...COUNT,
        ...both("bytes down, a message", "下行字节，每条消息") },
    "bytes_up_per_message": { ...COUNT,
        ...both("bytes up, a message", "上行字节，每条消息") },
    "segments_per_message": { ...COUNT,
        ...both("TCP segments, a message", "TCP 段，每条消息") },
    "requests_per_message": { ...COUNT,
        ...both("requests, a message", "请求，每条消息") },
    "messages_per_commit": { ...COUNT,
        ...both("messages, a commit", "消息，每次提交") },
    "client_cpu_s_per_million": { unit: "µs", scale: 1,
        ...both("earshot-bench's own CPU, a delivery",
            "earshot-bench 自身 CPU，每次送达") },
    "theory_mean_us": { ...MS,
        ...both("delay by theory, mean", "理论延迟均值") },
    "connect_p50_us": { ...MS, ...both("connecting p50", "建立连接 p50") },
    "connect_p99_us": { ...MS, ...both("connecting p99", "建立连接 p99") },
    "first_p50_us": { ...MS, ...both("first message p50", "首条消息 p50") },
    "recover_p50_us": { ...MS, ...both("recovering p50", "恢复 p50") },
    "recover_max_us": { ...MS, ...both("recovering, longest", "恢复，最长") },
};

export const SCENARIOS = {
    "latency": both("How late a message reaches one subscriber",
        "消息到达一位订阅者有多晚"),
    "fanout": both("How late messages reach many subscribers",
        "消息到达许多订阅者有多晚"),
    "publish": both("How many messages a second are accepted",
        "每秒接受多少条消息"),
    "hold": both("What it takes to hold many who mostly hear nothing",
        "保持大量安静连接的代价"),
    "churn": both("While connections come and go", "连接不断来去时"),
    "slow": both("While a tenth of the readers stop", "十分之一的读者停读时"),
    "resume": both("After every connection was cut", "所有连接被切断之后"),
    "restart": both("After the server was restarted", "服务器重启之后"),
    "ramp": both("The highest rate at which p99 stayed under the bound",
        "p99 不超限时的最高速率"),
    "poll-interval": both("What polling's interval trades: delay and waste",
        "轮询间隔的取舍：延迟与浪费"),
};

/** Sides of a server, as it names them. */
export const SIDES = {
    "web server": both("web server", "Web 服务器"),
    "program": both("program", "程序"),
    "reference": both("reference endpoint", "参考端点"),
    "server": both("server", "服务器"),
    "origin": both("origin server", "源服务器"),
    "redis": both("Redis", "Redis"),
};

export const WORDS = {
    curves: both("Delay, from the best message to the worst",
        "延迟：从最快的消息到最慢的"),
    curvesHow: both("To the right ever fewer messages are later: at 99 % one in"
        + " a hundred is. A line ends where fewer than ten messages lie beyond"
        + " it.",
    "越往右，比这更晚的消息越少：99 % 处只有百分之一。曲线止于其外不足十条消息之处。"),
    time: both("Delay over time", "延迟随时间的变化"),
    timeHow: both("p99 of each slice of the first run.",
        "首次运行中每个时间片的 p99。"),
    bytes: both("Bytes on the wire, a delivered message",
        "每条送达消息在网络上的字节数"),
    bytesHow: both("Counted on the subscriber's socket, both ways, with"
        + " headers, chunks and frames, below TLS and above TCP.",
    "在订阅者的套接字上双向计数，含头部、分块和帧。"),
    requests: both("Requests, a delivered message", "每条送达消息的请求数"),
    requestsHow: both("What a subscriber asks for to get one message.",
        "订阅者为得到一条消息所发的请求。"),
    cpu: both("Server's CPU, a delivery", "每次送达的服务器 CPU"),
    cpuHow: both("Microseconds (the same as seconds per million deliveries), by"
        + " the scheduler's time of all processes of a side.",
    "单位微秒（即每百万次送达的秒数），按各部分所有进程的调度时间计。"),
    memory: both("Server's memory, a connection", "每个连接的服务器内存"),
    memoryHow: both("Resident memory with everyone held, less what was there"
        + " before they came.",
    "全部连接保持时的常驻内存，减去它们到来之前的。"),
    polling: both("Polling: delay against waste", "轮询：延迟与浪费"),
    pollingHow: both("Each point is an interval. The line is theory: half the"
        + " interval and a round trip.",
    "每个点是一个轮询间隔；线是理论值：半个间隔加一次往返。"),
    publishing: both("Publishes a second, by publishers",
        "每秒发布数与发布者数"),
    publishingHow: both("Closed loop: each publisher sends its next message"
        + " when the last was answered.",
    "闭环：每个发布者在上一条得到应答后才发下一条。"),
    recovery: both("Until everybody has all that was missed",
        "直到所有人补齐错过的消息"),
    recoveryHow: both("From the moment when every connection was cut.",
        "从所有连接被切断的时刻算起。"),
    stop: both(". ", "。"),
    theory: both("theory", "理论"),
    delayAxis: both("delay, ms", "延迟（毫秒）"),
    shareAxis: both("messages that are no later", "不晚于此的消息"),
    timeAxis: both("seconds", "秒"),
    requestsAxis: both("requests, a delivered message",
        "每条送达消息的请求数"),
    publishersAxis: both("publishers", "发布者"),
    perSecondAxis: both("a second", "每秒"),
    median: both("half of them", "半数"),
    longest: both("the last of them", "最后一位"),
    approach: both("approach", "方式"),
    figure: both("figure", "数据"),
    every: both("every figure", "每一项数据"),
    notes: both("notes", "说明"),
    subscribers: both("subscribers", "订阅者"),
    publishers: both("publishers", "发布者"),
    rate: both("messages a second", "每秒消息"),
    size: both("message bytes", "消息字节"),
    closed: both("closed loop", "闭环"),
    lost: both("lost", "丢失"),
    repeated: both("repeated", "重复"),
    reordered: both("out of order", "乱序"),
    owed: both("deliveries owed", "应送达"),
    runs: both("runs", "运行次数"),
    noResult: both("No result", "无结果"),
    cut: both("Interrupted: its figures are of the part that was run",
        "被中断：数据来自已运行的部分"),
    partly: both("Interrupted or broken runs are left out of its figures",
        "中断或失败的运行未计入数据"),
    neverCame: both("deliveries that were owed never came",
        "次应有的送达没有到来"),
    of: both("of", "／共"),
    none: both("not measured", "未测量"),
};

export const MACHINE = {
    cpu: both("processor", "处理器"),
    cores: both("cores", "核数"),
    memory_bytes: both("memory", "内存"),
    kernel: both("kernel", "内核"),
    distribution: both("distribution", "发行版"),
    virtualised: both("runs in", "运行于"),
    earshot: both("earshot-bench", "earshot-bench"),
    libcurl: both("libcurl", "libcurl"),
    libevent: both("libevent", "libevent"),
    disk_path: both("queue's disk", "队列所在磁盘"),
    disk_system: both("file system", "文件系统"),
    fdatasync_p50_us: both("fdatasync, p50", "fdatasync p50"),
    fdatasync_p99_us: both("fdatasync, p99", "fdatasync p99"),
    command_line: both("command", "命令"),
    began: both("began", "开始于"),
    seed: both("seed", "随机种子"),
    calibration: both("earshot-bench's own CPU a delivery, and the most that"
        + " it took",
    "earshot-bench 自身每次送达的 CPU 与最高接收速率"),
    publishing: both("published to", "发布到"),
    durability: both("durable", "持久性"),
};
