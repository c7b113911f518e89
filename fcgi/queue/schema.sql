-- The queue's file, version 1. Comments and line ends are for readers only:
-- the build makes one C string of this file.
--
-- Any program may INSERT INTO message(channel, event, data) and DELETE FROM
-- message: the CHECKs and triggers keep such rows sound and counted. Earshot's
-- own connections run with triggers off and keep the same accounts themselves,
-- once per transaction.

-- One row: which file this is.
CREATE TABLE state (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    epoch TEXT NOT NULL,
    boot TEXT NOT NULL,       -- the boot under which it was last opened
    inode INTEGER NOT NULL,   -- where it lay then
    device INTEGER NOT NULL,
    created INTEGER NOT NULL, -- ms since 1970
    aged INTEGER NOT NULL,    -- the clock of pruning by age, ms since 1970
    floor INTEGER NOT NULL    -- stands for the marks of forgotten channels
) STRICT;

CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT
        CHECK (id BETWEEN 1 AND 9007199254740991),
    channel TEXT NOT NULL
        CHECK (channel GLOB '[A-Za-z0-9]*'
            AND channel NOT GLOB '*[^A-Za-z0-9._~-]*'
            AND length(CAST(channel AS BLOB)) <= 128
            AND instr(channel, char(0)) = 0),
    event TEXT NOT NULL DEFAULT 'message'
        CHECK (length(CAST(event AS BLOB)) BETWEEN 1 AND 128
            AND instr(event, char(0)) = 0
            AND event NOT GLOB
                '*[' || char(1) || '-' || char(31) || ']*'
            AND event NOT GLOB
                '*[' || char(127) || '-' || char(159) || ']*'
            AND substr(event, 1, 8) <> 'earshot.'),
    data ANY NOT NULL DEFAULT ''
        CHECK (length(CAST(data AS BLOB)) <= 1048576),
    -- Not IN: for three values SQLite makes a table of them at each INSERT.
    type TEXT NOT NULL DEFAULT 'text'
        CHECK (type = 'text' OR type = 'json' OR type = 'binary'),
    time INTEGER NOT NULL
        DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5
                      AS INTEGER))
        CHECK (time BETWEEN 0 AND 9007199254740991),
    "from" TEXT
        CHECK ("from" NOT GLOB '*[^A-Za-z0-9_-]*'
            AND length(CAST("from" AS BLOB)) BETWEEN 1 AND 64
            AND instr("from", char(0)) = 0)
) STRICT;

-- The id is the last column of every index.
CREATE INDEX message_channel ON message(channel);

-- What is kept of each channel, and the highest id that was pruned from it.
CREATE TABLE channel (
    name TEXT PRIMARY KEY,
    kept INTEGER NOT NULL,
    last INTEGER NOT NULL,
    pruned INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX channel_pruned ON channel(pruned) WHERE pruned > 0;

-- Idempotency-Keys: outlive the messages that they made.
CREATE TABLE publish_key (
    channel TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    first INTEGER NOT NULL,
    count INTEGER NOT NULL,
    time INTEGER NOT NULL,
    PRIMARY KEY (channel, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX publish_key_time ON publish_key(time);

-- While this runs, sqlite_sequence still has its value from before the
-- statement.
CREATE TRIGGER message_insert AFTER INSERT ON message BEGIN
    SELECT RAISE(ABORT, 'leave the id out: it must be a new one, and near')
     WHERE new.id NOT BETWEEN
           (SELECT seq + 1 FROM sqlite_sequence WHERE name = 'message')
       AND (SELECT seq + 4294967296 FROM sqlite_sequence
             WHERE name = 'message');
    INSERT INTO channel(name, kept, last, pruned)
    VALUES (new.channel, 1, new.id, (SELECT floor FROM state))
        ON CONFLICT(name) DO UPDATE SET kept = kept + 1, last = new.id;
END;

CREATE TRIGGER message_delete AFTER DELETE ON message BEGIN
    UPDATE channel SET kept = kept - 1, pruned = max(pruned, old.id)
     WHERE name = old.channel;
END;

CREATE TRIGGER message_update BEFORE UPDATE ON message BEGIN
    SELECT RAISE(ABORT, 'a message is never changed: insert a new one');
END;

INSERT INTO sqlite_sequence(name, seq) VALUES ('message', 0);
