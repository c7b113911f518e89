/*
 * FastCGI records for the test programs: writing them, and reading them as
 * they come, in pieces of any size (FastCGI 1.0, sections 3.3 and 5).
 *
 * It shares nothing with fcgi/record.c, so that a mistake there cannot hide
 * behind the same mistake here.  Everything is inline: two small programs.
 */
#ifndef TESTS_SUPPORT_RECORDS_H
#define TESTS_SUPPORT_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    RECORD_HEADER = 8,
    RECORD_MAX = 65535,
};

enum record_type {
    RECORD_BEGIN = 1,
    RECORD_END = 3,
    RECORD_PARAMS = 4,
    RECORD_STDIN = 5,
    RECORD_STDOUT = 6,
};

/* Writes a record's header at `at` and returns the place behind it. */
static inline uint8_t *
record_put_header(uint8_t *at, enum record_type type, size_t length)
{
    const uint8_t header[RECORD_HEADER] = {
        1, (uint8_t)type, 0, 1, (uint8_t)(length >> 8), (uint8_t)length, 0, 0,
    };

    memcpy(at, header, sizeof(header));
    return at + sizeof(header);
}

static inline uint8_t *
record_put(uint8_t *at, enum record_type type, const void *bytes, size_t length)
{
    at = record_put_header(at, type, length);
    if (length > 0)
        memcpy(at, bytes, length);
    return at + length;
}

/* BEGIN_REQUEST for a responder; `keep` asks for the connection's being kept
   (FastCGI 5.1). */
static inline uint8_t *
record_put_begin(uint8_t *at, bool keep)
{
    const uint8_t body[8] = {0, 1, keep, 0, 0, 0, 0, 0};

    return record_put(at, RECORD_BEGIN, body, sizeof(body));
}

/* END_REQUEST: status 0, request complete (FastCGI 5.5). */
static inline uint8_t *
record_put_end(uint8_t *at)
{
    const uint8_t body[8] = {0};

    return record_put(at, RECORD_END, body, sizeof(body));
}

/* One name and value inside PARAMS; the name is shorter than 128 bytes
   (FastCGI 3.4). */
static inline uint8_t *
record_put_param(uint8_t *at, const char *name, const char *value)
{
    size_t name_length = strlen(name), value_length = strlen(value);

    *at++ = (uint8_t)name_length;
    if (value_length < 128) {
        *at++ = (uint8_t)value_length;
    } else {
        *at++ = (uint8_t)(value_length >> 24 | 0x80);
        *at++ = (uint8_t)(value_length >> 16);
        *at++ = (uint8_t)(value_length >> 8);
        *at++ = (uint8_t)value_length;
    }
    memcpy(at, name, name_length);
    memcpy(at + name_length, value, value_length);
    return at + name_length + value_length;
}

/* Reads a stream of records; all zero at the beginning. */
struct record_reader {
    uint8_t header[RECORD_HEADER];
    uint32_t have;
    uint32_t content_left;
    uint32_t padding_left;
};

/* A piece of one record's content; `first` and `last` say whether it begins
   and ends the record. An empty record is one empty piece. */
struct record_piece {
    enum record_type type;
    const uint8_t *bytes;
    size_t length;
    size_t record_length;
    bool first;
    bool last;
};

/* Takes from `bytes`, at least one, up to the end of the next piece, and
   returns how many were taken. `piece->bytes` is NULL when there is no piece
   yet. */
static inline size_t
record_read(struct record_reader *reader, const uint8_t *bytes, size_t length,
            struct record_piece *piece)
{
    size_t taken = 0;

    piece->bytes = NULL;
    if (reader->have == RECORD_HEADER && reader->content_left == 0) {
        taken = reader->padding_left < length ? reader->padding_left : length;
        reader->padding_left -= (uint32_t)taken;
        if (reader->padding_left > 0)
            return taken;
        reader->have = 0;
    }
    if (reader->have < RECORD_HEADER) {
        while (reader->have < RECORD_HEADER && taken < length)
            reader->header[reader->have++] = bytes[taken++];
        if (reader->have < RECORD_HEADER)
            return taken;
        reader->content_left =
            (uint32_t)(reader->header[4] << 8 | reader->header[5]);
        reader->padding_left = reader->header[6];
        piece->first = true;
    } else {
        piece->first = false;
    }
    piece->record_length = (size_t)(reader->header[4] << 8 | reader->header[5]);
    piece->type = (enum record_type)reader->header[1];
    piece->bytes = bytes + taken;
    piece->length = reader->content_left < length - taken ? reader->content_left
                                                          : length - taken;
    reader->content_left -= (uint32_t)piece->length;
    piece->last = reader->content_left == 0;
    return taken + piece->length;
}

#endif
