#include "record.h"

#include "base/bytes.h"

#include <string.h>

void
record_parse(const void *data, struct record_header *header)
{
    const unsigned char *p = data;
    *header = (struct record_header){
        .version = p[0],
        .type = p[1],
        .request_id = (uint16_t)(p[2] << 8 | p[3]),
        .content_len = (uint16_t)(p[4] << 8 | p[5]),
        .padding_len = p[6],
    };
}

void
record_write(char header[RECORD_HEADER_SIZE], enum record_type type,
             uint16_t request_id, size_t len)
{
    header[0] = RECORD_VERSION;
    header[1] = (char)type;
    header[2] = (char)(request_id >> 8);
    header[3] = (char)(request_id & 255);
    header[4] = (char)(len >> 8);
    header[5] = (char)(len & 255);
    header[6] = 0;
    header[7] = 0;
}

static void
write_end_request(char *record, uint16_t request_id,
                  enum protocol_status status)
{
    record_write(record, RECORD_END_REQUEST, request_id, RECORD_HEADER_SIZE);
    memset(record + RECORD_HEADER_SIZE, 0, RECORD_HEADER_SIZE);
    record[RECORD_HEADER_SIZE + 4] = (char)status;
}

void
record_write_end(char end[RECORD_END_SIZE], uint16_t request_id)
{
    record_write(end, RECORD_STDOUT, request_id, 0);
    write_end_request(end + RECORD_HEADER_SIZE, request_id,
                      PROTOCOL_REQUEST_COMPLETE);
}

void
record_append_end(struct bytes *bytes, uint16_t request_id,
                  enum protocol_status status)
{
    char record[2 * RECORD_HEADER_SIZE];
    write_end_request(record, request_id, status);
    bytes_append(bytes, record, sizeof record);
}

void
record_append_unknown_type(struct bytes *bytes, unsigned type)
{
    char record[2 * RECORD_HEADER_SIZE] = {0};
    record_write(record, RECORD_UNKNOWN_TYPE, 0, RECORD_HEADER_SIZE);
    record[RECORD_HEADER_SIZE] = (char)type;
    bytes_append(bytes, record, sizeof record);
}

/* A length of a name-value pair (section 3.4): one byte, or four with the top
 * bit set. False when it is cut short. */
static bool
read_length(const unsigned char **p, const unsigned char *end, size_t *len)
{
    if (*p >= end)
        return false;
    if (**p < 0x80) {
        *len = *(*p)++;
        return true;
    }
    if (end - *p < 4)
        return false;
    *len = ((size_t)((*p)[0] & 0x7f) << 24) | ((size_t)(*p)[1] << 16) |
           ((size_t)(*p)[2] << 8) | (*p)[3];
    *p += 4;
    return true;
}

bool
record_read_pair(const char *content, size_t len, struct record_pair *pair)
{
    const unsigned char *p = (const unsigned char *)content;
    const unsigned char *end = p + len;
    if (!read_length(&p, end, &pair->name_len) ||
        !read_length(&p, end, &pair->value_len) ||
        (size_t)(end - p) < pair->name_len ||
        (size_t)(end - p) - pair->name_len < pair->value_len)
        return false;
    pair->name = (const char *)p;
    pair->value = pair->name + pair->name_len;
    pair->size = (size_t)(pair->value - content) + pair->value_len;
    return true;
}

static void
append_value(struct bytes *bytes, const char *name, size_t len)
{
    static const struct {
        const char *name, *value;
    } known[] = {{"FCGI_MAX_CONNS", "10000"},
                 {"FCGI_MAX_REQS", "10000"},
                 {"FCGI_MPXS_CONNS", "0"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strlen(known[i].name) != len || memcmp(known[i].name, name, len))
            continue;
        bytes_append_char(bytes, (char)len);
        bytes_append_char(bytes, (char)strlen(known[i].value));
        bytes_append_string(bytes, known[i].name);
        bytes_append_string(bytes, known[i].value);
    }
}

void
record_append_values(struct bytes *bytes, const char *content, size_t len)
{
    struct bytes values = BYTES_EMPTY;
    struct record_pair pair;
    for (size_t at = 0; at < len; at += pair.size) {
        if (!record_read_pair(content + at, len - at, &pair))
            break;
        if (values.len < 1024)
            append_value(&values, pair.name, pair.name_len);
    }
    char header[RECORD_HEADER_SIZE];
    record_write(header, RECORD_GET_VALUES_RESULT, 0, values.len);
    bytes_append(bytes, header, sizeof header);
    bytes_append(bytes, values.data, values.len);
    bytes_fini(&values);
}
