/* FastCGI records (FastCGI Specification 1.0, sections 3.3 and 8): reading
 * their headers and writing them. No sockets, no state. */
#ifndef EARSHOT_RECORD_H
#define EARSHOT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes;

enum {
    RECORD_HEADER_SIZE = 8,
    RECORD_CONTENT_MAX = 65535,
    RECORD_CHUNK = 65528, /* what we put in one: keeps the next one aligned */
    RECORD_VERSION = 1,
    RECORD_END_SIZE = 3 * RECORD_HEADER_SIZE, /* end of STDOUT, END_REQUEST */
};

enum record_type {
    RECORD_BEGIN_REQUEST = 1,
    RECORD_ABORT_REQUEST = 2,
    RECORD_END_REQUEST = 3,
    RECORD_PARAMS = 4,
    RECORD_STDIN = 5,
    RECORD_STDOUT = 6,
    RECORD_STDERR = 7,
    RECORD_DATA = 8,
    RECORD_GET_VALUES = 9,
    RECORD_GET_VALUES_RESULT = 10,
    RECORD_UNKNOWN_TYPE = 11,
};

enum { ROLE_RESPONDER = 1, BEGIN_KEEP_CONN = 1 };

enum protocol_status {
    PROTOCOL_REQUEST_COMPLETE = 0,
    PROTOCOL_CANT_MPX_CONN = 1,
    PROTOCOL_OVERLOADED = 2,
    PROTOCOL_UNKNOWN_ROLE = 3,
};

struct record_header {
    unsigned version;
    unsigned type;
    uint16_t request_id; /* 0: a management record */
    uint16_t content_len;
    uint8_t padding_len;
};

void record_parse(const void *data, struct record_header *header);

/* Writes the header of a record of LEN bytes (at most RECORD_CONTENT_MAX). */
void record_write(char header[RECORD_HEADER_SIZE], enum record_type type,
                  uint16_t request_id, size_t len);

/* Writes what ends an answer: the empty STDOUT record and END_REQUEST. */
void record_write_end(char end[RECORD_END_SIZE], uint16_t request_id);

/* Append whole records. */
void record_append_end(struct bytes *bytes, uint16_t request_id,
                       enum protocol_status status);
void record_append_unknown_type(struct bytes *bytes, unsigned type);

/* A name-value pair (section 3.4). */
struct record_pair {
    const char *name;
    size_t name_len;
    const char *value; /* right behind the name */
    size_t value_len;
    size_t size; /* of the whole pair, with its lengths */
};

/* Reads the pair at CONTENT, of which LEN bytes are left. False: it is cut
 * short. */
bool record_read_pair(const char *content, size_t len,
                      struct record_pair *pair);

/* Appends the answer to FCGI_GET_VALUES (section 4.1): those of the names in
 * CONTENT that are known. */
void record_append_values(struct bytes *bytes, const char *content, size_t len);

#endif
