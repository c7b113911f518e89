"""A server whose every fault is known: it does what its script says, and
keeps count. What earshot-bench finds of it must come out as exactly that.

    with Scripted({"rules": [{"every": 10, "lose": True}]}) as server:
        …  server.happened["lost"]

A script is an object (of JSON, if it comes from a file):

"rules"     what is done to which messages, numbered as they arrive, from 0:
            "from", "to" (not itself), "every" say which, and then
    "delay_ms"  it comes to subscribers so much later
    "lose"      it is accepted, and comes to nobody
    "repeat"    it comes so many times more
    "swap"      it comes after the next one
    "only"      all this concerns those of the live subscribers, counted from
                0 as they came; who polls is not among them
    "tell"      every subscriber is told of a loss, before it comes
    "answer_ms" its publisher has to wait so long
    "status"    it is refused with this status
    "silent"    its publisher's connection is closed without an answer;
                "taken": and yet it comes to the subscribers
    "stall_ms"  when it comes, the whole server stands still so long
    "cut"       "all": every subscriber's connection is cut before it comes;
                "middle": within it
"pieces"    so many bytes are written at a time
"fragments" WebSocket messages come in so many frames, with pings between
"forgets"   true: cursors mean nothing, everyone begins at the end
"ends_ms"   every stream ends so long after its beginning
"answers"   {"sse": {"status": 404, "type": "text/html", "body": "…"}}: what
            "publish", "poll", "sse", "ws", "socket.io" is answered instead

It speaks HTTP/1.1, WebSocket and socket.io 4, by asyncio in a thread of its
own. As a program it takes a script's file, prints the target, and ends with
its standard input.
"""

import asyncio
import collections
import json
import sys
import threading
import time

from scripted_wire import frame, read_frame, read_request, upgrade

POLL_MAX = 64
LOSS = None
EFFECTS = {"delay_ms", "lose", "repeat", "swap", "only", "answer_ms", "status",
           "silent", "stall_ms", "cut", "tell"}
CHOICES = {"from", "to", "every"}
SCRIPT = {"rules", "pieces", "fragments", "forgets", "ends_ms", "answers"}


def effects_on(rules, number):
    """What the rules say of the message with this number, together."""
    found = {}
    for rule in rules:
        first = rule.get("from", 0)
        if (first <= number < rule.get("to", float("inf"))
                and (number - first) % rule.get("every", 1) == 0):
            found.update(rule)
    return found


class Channel:
    """What has come to it, in the order in which subscribers see it."""

    def __init__(self):
        self.entries = []       # (text, only); LOSS for a text: one is told
        self.held = []          # what comes after the next
        self.news = asyncio.get_running_loop().create_future()

    def add(self, entries):
        self.entries += entries + self.held
        self.held = []
        self.news.set_result(None)
        self.news = asyncio.get_running_loop().create_future()

    async def wait(self, at):
        """Until there is more than AT."""
        while len(self.entries) <= at:
            await asyncio.shield(self.news)


class Client:
    """One connection."""

    def __init__(self, server, reader, writer):
        self.server, self.reader, self.writer = server, reader, writer
        self.number = None      # of a live subscriber
        self.cut = None
        self.writes = asyncio.Lock()

    async def write(self, data):
        step = self.server.script.get("pieces") or max(len(data), 1)
        async with self.writes:
            for at in range(0, len(data), step):
                self.writer.write(data[at:at + step])
                await self.writer.drain()
                if step < len(data):
                    await asyncio.sleep(0)

    async def answer(self, status, body, kind="application/json"):
        body = body.encode() if isinstance(body, str) else body
        await self.write(
            f"HTTP/1.1 {status} Scripted\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode() + body)

    async def run(self):
        while True:
            request = await read_request(self.reader)
            if request is None:
                return
            *_, channel, verb = ["", "", *request.path.split("/")]
            if request.method == "POST":
                kind, handle, channel = "publish", self.publish, verb
            elif verb == "poll":
                kind, handle = "poll", self.poll
            elif verb == "sse":
                kind, handle = "sse", self.sse
            elif "socket.io" in request.path:
                kind, handle = "socket.io", self.socketio
            else:
                kind, handle = "ws", self.websocket
            self.server.happened["requests " + kind] += 1
            wrong = self.server.script.get("answers", {}).get(kind)
            if wrong:
                await self.answer(wrong["status"], wrong.get("body", ""),
                                  wrong.get("type", "text/plain"))
            else:
                await handle(request, channel)

    # -- publishing

    async def publish(self, request, channel):
        effects = self.server.take(channel, request.body.decode())
        await asyncio.sleep(effects.get("answer_ms", 0) / 1000)
        if effects.get("silent"):
            self.writer.transport.abort()
        elif "status" in effects:
            await self.answer(effects["status"], '{"error":"scripted"}')
        else:
            await self.answer(201, '{"id":"%d"}' % effects["number"])

    # -- polling

    async def poll(self, request, name):
        channel = self.server.channel(name)
        at = self.server.start_of(channel, request.query.get("after"))
        wait = float(request.query.get("wait", 0))
        if wait:
            try:
                await asyncio.wait_for(channel.wait(at), wait)
            except asyncio.TimeoutError:
                pass
        entries = channel.entries[at:at + POLL_MAX]
        at += len(entries)
        texts = [text for text, _ in entries if text is not LOSS]
        self.server.happened["deliveries"] += len(texts)
        await self.answer(200, json.dumps(
            {"messages": [{"data": text} for text in texts],
             "cursor": str(at), "more": at < len(channel.entries),
             "lost": len(texts) < len(entries)},
            separators=(",", ":")))

    # -- live

    async def follow(self, channel, at, encode):
        """Sends what is there from AT on and what comes, until it is cut."""
        self.number = self.server.live_count
        self.server.live_count += 1
        self.server.live.add(self)
        try:
            while True:
                await channel.wait(at)
                text, only = channel.entries[at]
                at += 1
                if only is not None and self.number not in only:
                    continue
                data = encode(text, at)
                if self.cut == "middle":
                    self.writer.write(data[:len(data) // 2])
                    self.writer.close()
                    return
                self.server.happened["deliveries"] += text is not LOSS
                self.server.happened["bytes"] += len(data)
                await self.write(data)
        finally:
            self.server.live.discard(self)

    async def until_end(self, *tasks):
        """Until one of them is over, or its time; the others are ended."""
        life = asyncio.sleep(self.server.script.get("ends_ms", 1e9) / 1000)
        tasks = [asyncio.ensure_future(task) for task in (*tasks, life)]
        try:
            done, _ = await asyncio.wait(
                tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def sse(self, request, name):
        channel = self.server.channel(name)
        at = self.server.start_of(channel,
                                  request.headers.get("last-event-id"))

        def chunk(lines, cursor):
            event = f"id: {cursor}\n{lines}\n\n".encode()
            return b"%x\r\n%s\r\n" % (len(event), event)

        def encode(text, cursor):
            return chunk("event: earshot.lost\ndata: {}" if text is LOSS
                         else f"data: {text}", cursor)

        await self.write(b"HTTP/1.1 200 OK\r\n"
                         b"Content-Type: text/event-stream\r\n"
                         b"Transfer-Encoding: chunked\r\n\r\n" +
                         chunk("event: earshot.open\ndata: {}", at))
        await self.until_end(
            self.follow(channel, at, encode), self.reader.read(1))
        self.writer.close()

    async def switch(self, request):
        await self.write(upgrade(request))

    def frames(self, text):
        payload = text.encode()
        count = self.server.script.get("fragments", 1)
        step = -(-len(payload) // count)
        pieces = [payload[i:i + step] for i in range(0, len(payload), step)]
        return frame(9, b"there?").join(
            frame(0 if i else 1, piece, i == len(pieces) - 1)
            for i, piece in enumerate(pieces))

    async def websocket(self, request, name):
        channel = self.server.channel(name)
        at = self.server.start_of(channel, request.query.get("after"))
        await self.switch(request)

        def encode(text, cursor):
            return self.frames(json.dumps(
                {"event": "earshot.lost", "cursor": str(cursor)}
                if text is LOSS else
                {"id": str(cursor), "event": "message", "data": text}))

        await self.write(self.frames(json.dumps(
            {"event": "earshot.open", "cursor": str(at)})))
        await self.until_end(
            self.follow(channel, at, encode),
            self.hear(lambda text: self.published(name, text)))
        self.writer.close()

    async def published(self, name, text):
        """A message that came by a frame; the answer is one, too."""
        effects = self.server.take(name, json.loads(text)["data"])
        await asyncio.sleep(effects.get("answer_ms", 0) / 1000)
        if effects.get("silent"):
            self.writer.transport.abort()
            return
        word = "error" if "status" in effects else "published"
        await self.write(self.frames(json.dumps(
            {"event": "earshot." + word, "id": str(effects["number"])})))

    async def hear(self, on_text):
        """Takes the client's frames until it closes."""
        while True:
            opcode, data = await read_frame(self.reader)
            if opcode == 8:
                await self.write(frame(8, data))
                return
            if opcode == 10:
                assert data == b"there?", data
                self.server.happened["pongs"] += 1
            if opcode == 1:
                await on_text(data.decode())

    async def socketio(self, request, _):
        assert request.query == {"EIO": "4", "transport": "websocket"}, \
            request.query
        await self.switch(request)
        await self.write(self.frames(
            '0{"sid":"a","upgrades":[],"pingInterval":300,'
            '"pingTimeout":200,"maxPayload":100000}'))
        joined = asyncio.get_running_loop().create_future()

        async def on_text(text):
            if text == "40":
                await self.write(self.frames('40{"sid":"b"}'))
            elif text.startswith("42["):
                event, name = json.loads(text[2:])
                assert event == "join", text
                joined.set_result(name)
            else:
                assert text == "3", text
                self.server.happened["pongs"] += 1

        async def tell():
            channel = self.server.channel(await joined)
            at = len(channel.entries)
            await self.write(self.frames('42["joined"]'))
            await self.until_end(
                self.beat(),
                self.follow(channel, at, lambda text, cursor: self.frames(
                    "42" + json.dumps(["message", text]))))

        await self.until_end(tell(), self.hear(on_text))
        self.writer.close()

    async def beat(self):
        while True:
            await asyncio.sleep(0.3)
            await self.write(self.frames("2"))


class Scripted:
    def __init__(self, script=None, tls=None):
        """With TLS, a server's SSLContext, it is reached by https."""
        self.script = script or {}
        self.tls = tls
        assert set(self.script) <= SCRIPT, self.script
        for rule in self.script.get("rules", ()):
            assert set(rule) <= EFFECTS | CHOICES, rule
        self.happened = collections.Counter()
        self.live = set()
        self.live_count = 0
        self.messages = []      # every text that was accepted
        self.channels = {}
        self.wrong = []
        self.started = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.main()))

    # -- life

    def start(self):
        self.thread.start()
        self.started.wait()
        return self

    def stop(self):
        self.loop.call_soon_threadsafe(self.over.set)
        self.thread.join()
        assert not self.wrong, self.wrong

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    async def main(self):
        self.loop = asyncio.get_running_loop()
        self.over = asyncio.Event()
        self.tasks = set()
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0,
                                            backlog=1024, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        self.started.set()
        await self.over.wait()
        server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def serve(self, reader, writer):
        task = asyncio.current_task()
        self.tasks.add(task)
        self.happened["connections"] += 1
        try:
            await Client(self, reader, writer).run()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass    # it has gone, or was cut
        except Exception as error:
            self.wrong.append(repr(error))
        finally:
            self.tasks.discard(task)
            writer.close()

    # -- messages

    def channel(self, name):
        if name not in self.channels:
            self.channels[name] = Channel()
        return self.channels[name]

    def start_of(self, channel, cursor):
        if cursor is None:
            return len(channel.entries)
        if self.script.get("forgets"):
            self.happened["forgotten"] += len(channel.entries) - int(cursor)
            return len(channel.entries)
        return int(cursor)

    def take(self, name, text):
        """A message comes: does what the script says of it."""
        number = self.happened["messages"]
        self.happened["messages"] += 1
        effects = dict(effects_on(self.script.get("rules", ()), number),
                       number=number)
        if "stall_ms" in effects:
            self.happened["stalls"] += 1
            time.sleep(effects["stall_ms"] / 1000)
        if "cut" in effects:
            self.cut(effects["cut"])
        if "status" in effects or effects.get("silent"):
            self.happened["refused"] += 1
            if effects.get("silent") != "taken":
                return effects
        if effects.get("tell"):
            self.happened["told"] += 1
            self.channel(name).add([(LOSS, None)])
        self.messages.append(text)
        self.pass_on(self.channel(name), text, effects)
        return effects

    def pass_on(self, channel, text, effects):
        only = effects.get("only")
        if effects.get("lose") and only is None:
            self.happened["lost"] += 1
            return
        copies = 1 + effects.get("repeat", 0)
        entries = [(text, None)] * copies
        meant = 1
        if only is not None:    # it happens to a few, and not to the others
            numbers = sorted(client.number for client in self.live)
            few = {numbers[i] for i in only if i < len(numbers)}
            entries = [(text, set(numbers) - few)]
            if not effects.get("lose"):
                entries += [(text, few)] * copies
            meant = len(few)
            self.happened["lost"] += meant * bool(effects.get("lose"))
        self.happened["repeated"] += (copies - 1) * meant
        if effects.get("swap"):
            self.happened["swapped"] += 1
            channel.held += entries
        elif effects.get("delay_ms"):
            self.loop.call_later(effects["delay_ms"] / 1000, channel.add,
                                 entries)
        else:
            channel.add(entries)

    def cut(self, how):
        self.happened["cuts"] += len(self.live)
        for client in self.live:
            client.cut = how
            if how == "all":
                client.writer.transport.abort()

    # -- what a benchmark is told of it

    def target(self):
        """As a target's file describes it (bench/target/target.h)."""
        scheme = "https" if self.tls else "http"
        base = f"{scheme}://127.0.0.1:{self.port}"
        cursor = {"take": "json:cursor", "give": "query:after"}
        return {
            "name": "scripted",
            "set": {"base": base},
            "publish": [
                {"by": "post", "way": "direct", "method": "POST",
                 "url": "{base}/{channel}", "body": "{token}",
                 "accept": [201]},
                {"by": "ws", "way": "direct", "url": "{base}/{channel}/ws",
                 "body": '{{"data":"{token}"}}',
                 "answer": "earshot.published"}],
            "subscribe": [
                {"transport": "poll", "way": "direct",
                 "url": "{base}/{channel}/poll", "cursor": cursor,
                 "lost": '"lost":true'},
                {"transport": "long-poll", "way": "direct",
                 "url": "{base}/{channel}/poll?wait=25",
                 "hello": ["{base}/{channel}/poll"], "cursor": cursor,
                 "lost": '"lost":true'},
                {"transport": "sse", "way": "direct",
                 "url": "{base}/{channel}/sse", "ready": "earshot.open",
                 "lost": "earshot.lost",
                 "cursor": {"take": "sse-id",
                            "give": "header:Last-Event-ID"}},
                {"transport": "ws", "way": "direct",
                 "url": "{base}/{channel}/ws", "ready": "earshot.open",
                 "lost": "earshot.lost",
                 "cursor": {"take": "json:id,cursor",
                            "give": "query:after"}},
                {"transport": "socket.io", "way": "direct",
                 "url": "{base}/socket.io/?EIO=4&transport=websocket",
                 "hello": ['42["join","{channel}"]'], "ready": "joined"}]}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        script = json.load(file)
    with Scripted(script) as server:
        print(json.dumps(server.target()), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
