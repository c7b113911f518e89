/**
 * Types of earshot.js, the Earshot client. README.md tells what it does.
 */

/** How messages reach a room, the best first. */
export type Transport = "ws" | "sse" | "long-poll" | "poll";

/** `waiting`: until the next attempt. */
export type State = "connecting" | "open" | "waiting" | "closed";

/** A message as it came; handlers get its data decoded, besides. */
export interface Message {
    /** A cursor: what lies after this message can be asked for by it. */
    id: string;
    channel: string;
    event: string;
    /** ms since 1970, by the server's clock. */
    time: number;
    type: "text" | "json" | "binary";
    /** Text as it is, JSON as text, bytes as base64. */
    data: string;
    /** The publisher's own word. It proves nothing. */
    from?: string;
    /** Whether this room published it. */
    own: boolean;
}

/** Why something failed; status and code as the server gave them. */
export type Failure = Error & {
    status?: number;
    code?: string;
};

export interface Options {
    /** Default "auto": the best that works. */
    transport?: Transport | "auto";
    /** A cursor to go on from, or "earliest". Default: from now on. */
    after?: string;
    /** Without a cursor: begin with the newest so many. */
    last?: number;
    /** This client's word, 1 to 64 of A-Za-z0-9_-. Default: a random one. */
    from?: string;
    /** One connection for all tabs, where that is possible. Default: true. */
    share?: boolean;
    /** ms between two short polls. Default: 3000. */
    interval?: number;
    /** Seconds that a long-poll may be held. Default: 25. */
    wait?: number;
    /** ms that a stream may take to open. Default: 5000. */
    opening?: number;
    /** ms after which a quiet connection is doubted. Default: 45000. */
    silence?: number;
    /** ms for a request that is not held. Default: 10000. */
    patience?: number;
    /** ms, the first bound of the backoff. Default: 500. */
    retry?: number;
    /** ms, the last bound of the backoff. Default: 30000. */
    retryMax?: number;
    /** ms until a better transport is tried again. Default: 60000. */
    better?: number;
}

export interface Room {
    /** The one at hand. */
    readonly transport: Transport;
    readonly state: State;
    /** What to give as `after` to go on from here. */
    readonly cursor: string | undefined;
    /** The word by which this client knows its own messages. */
    readonly from: string;
    /** Whether the connection is this tab's, and not another's. */
    readonly leading: boolean;

    /** Whether what has this id, and all before it, has been received. */
    seen(id: string): boolean;

    /** Hears the client's own `state`. @returns what ends it */
    on(
        name: "state",
        callback: (
            state: State,
            more: { transport: Transport; error?: Failure },
        ) => void,
    ): () => void;
    /**
     * Hears that some messages are no longer kept. `anew`: what was received
     * before may come again, under other ids. @returns what ends it
     */
    on(name: "lost", callback: (loss: { anew: boolean }) => void): () => void;
    /**
     * Hears a publisher's event. `data` is decoded: a string, what JSON gives,
     * or a Uint8Array. @returns what ends it
     */
    on(
        name: string,
        callback: (data: any, message: Message) => void,
        options?: {
            /** Not what this client has published itself. */
            others?: boolean;
        },
    ): () => void;

    /**
     * Publishes; one after another, in the order of the calls. Rejects with
     * the server's words when it is refused (4xx), and when the room is
     * closed; everything else is tried again under the same key.
     * @returns the id, once the message is stored
     */
    emit(
        event: string,
        data?: any,
        options?: {
            /** A first try's, to go on with it: nothing is stored twice. */
            key?: string;
        },
    ): Promise<string>;

    /** Changes the transport; goes on from the cursor. */
    use(transport: Transport | "auto"): void;

    /** Ends the connection and rejects what is not stored yet. */
    close(): void;
}

/**
 * Follows a channel, or several: `earshot("/earshot/news,weather")`.
 * @param url where Earshot is mounted, and the channel
 */
export function earshot(url: string, options?: Options): Room;
