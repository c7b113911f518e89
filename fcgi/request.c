#include "request.h"

#include "base/bytes.h"
#include "base/log.h"
#include "record.h"

#include <assert.h>
#include <fcgiapp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { READER_STEP = 64 * 1024 };

/* libfcgi reads from a descriptor. It gets one that holds exactly one whole
 * request, so that its reads never wait (it has no way not to). */
static struct {
    int fd;
    char *map; /* of the file's SIZE bytes */
    size_t size;
    FCGX_Request parsed;
} reader = {.fd = -1};

/* libfcgi takes SIGTERM and SIGUSR1 for itself, and does nothing then: who is
 * told to stop while it still starts would go on for ever. */
static int
init_without_signals(void)
{
    sigset_t stop, before;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGUSR1);
    sigprocmask(SIG_BLOCK, &stop, &before);
    int result = FCGX_Init();
    signal(SIGTERM, SIG_DFL);
    signal(SIGUSR1, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return result;
}

bool
request_setup(void)
{
    if (init_without_signals() != 0)
        return false;
    return FCGX_InitRequest(&reader.parsed, -1, 0) == 0;
}

static enum method
method_of(const char *name)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "OPTIONS"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return (enum method)i;
    return METHOD_OTHER;
}

struct parameter {
    const char *name;
    size_t name_len;
    size_t offset; /* of the string in struct request */
    bool is_setup;
};

#define PARAMETER(name, field)                                                 \
    {                                                                          \
        name, sizeof name - 1, offsetof(struct request, field), false          \
    }

/* One of those that say how the web server is set up. */
#define SETUP_PARAMETER(name, field)                                           \
    {                                                                          \
        name, sizeof name - 1, offsetof(struct request, field), true           \
    }

/* By the length of their names, by which they are found. */
static const struct parameter parameters[] = {
    PARAMETER("PATH_INFO", path_info),
    PARAMETER("HTTP_HOST", host),
    PARAMETER("REMOTE_ADDR", remote_addr),
    PARAMETER("REMOTE_USER", remote_user),
    PARAMETER("REQUEST_URI", request_uri),
    PARAMETER("SCRIPT_NAME", script_name),
    PARAMETER("HTTP_ORIGIN", origin),
    PARAMETER("CONTENT_TYPE", content_type),
    PARAMETER("QUERY_STRING", query),
    SETUP_PARAMETER("DOCUMENT_ROOT", document_root),
    PARAMETER("CONTENT_LENGTH", content_length),
    SETUP_PARAMETER("SERVER_SOFTWARE", server_software),
    SETUP_PARAMETER("SCRIPT_FILENAME", script_filename),
    PARAMETER("HTTP_LAST_EVENT_ID", last_event_id),
    PARAMETER("HTTP_SEC_FETCH_SITE", sec_fetch_site),
    PARAMETER("HTTP_IDEMPOTENCY_KEY", idempotency_key),
    PARAMETER("HTTP_X_FORWARDED_HOST", forwarded_host),
    PARAMETER("HTTP_ACCESS_CONTROL_REQUEST_METHOD", request_method_asked),
};

enum { PARAMETERS = sizeof parameters / sizeof *parameters };

enum { NAME_MAX_LEN = 40 };

/* Where in the table names of a length begin; filled when one is first looked
 * for. */
static unsigned char first_of_length[NAME_MAX_LEN + 1];

static void
index_parameters(void)
{
    size_t at = 0;
    for (size_t len = 0; len <= NAME_MAX_LEN; len++) {
        while (at < PARAMETERS && parameters[at].name_len < len)
            at++;
        first_of_length[len] = (unsigned char)at;
    }
}

/* NULL: nobody asks for it. */
static const struct parameter *
find_parameter(const char *name, size_t len)
{
    if (!first_of_length[NAME_MAX_LEN])
        index_parameters();
    if (len > NAME_MAX_LEN)
        return NULL;
    for (size_t i = first_of_length[len];
         i < PARAMETERS && parameters[i].name_len == len; i++)
        if (memcmp(parameters[i].name, name, len) == 0)
            return &parameters[i];
    return NULL;
}

static bool
is_method(const char *name, size_t len)
{
    static const char method[] = "REQUEST_METHOD";
    return len == sizeof method - 1 && memcmp(name, method, len) == 0;
}

static const char **
field_of(struct request *request, const struct parameter *parameter)
{
    return (const char **)(void *)((char *)request + parameter->offset);
}

static void
take_parameter(struct request *request, const char *pair)
{
    const char *equals = strchr(pair, '=');
    if (!equals)
        return;
    size_t len = (size_t)(equals - pair);
    const struct parameter *parameter = find_parameter(pair, len);
    if (parameter)
        *field_of(request, parameter) = equals + 1;
    else if (is_method(pair, len))
        request->method = method_of(equals + 1);
}

void
request_from_environment(struct request *request, char **environment)
{
    *request = (struct request){.method = METHOD_OTHER};
    for (size_t i = 0; i < PARAMETERS; i++)
        *field_of(request, &parameters[i]) = "";
    for (; *environment; environment++)
        take_parameter(request, *environment);
}

/* Makes room for LEN bytes in the memory file. */
static bool
reserve_reader(size_t len)
{
    if (reader.fd < 0) {
        reader.fd = memfd_create("earshot-request", MFD_CLOEXEC);
        if (reader.map)
            munmap(reader.map, reader.size);
        reader.map = NULL;
        reader.size = 0;
    }
    if (reader.fd < 0 || len <= reader.size)
        return reader.fd >= 0;
    size_t size = (len | (READER_STEP - 1)) + 1;
    if (ftruncate(reader.fd, (off_t)size) < 0)
        return false;
    void *map =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, reader.fd, 0);
    if (map == MAP_FAILED)
        return false;
    if (reader.map)
        munmap(reader.map, reader.size);
    reader.map = map;
    reader.size = size;
    return true;
}

/* The pairs that say how the web server is set up: of this request, and those
 * that were told last. */
static struct bytes setup_now, setup_told;

/* They are judged together, and told all or none: what one of them means may
 * depend on another. */
static char *
copy_setup(char *to)
{
    if (setup_now.len == setup_told.len &&
        (!setup_now.len ||
         memcmp(setup_now.data, setup_told.data, setup_now.len) == 0))
        return to;
    struct bytes told = setup_told;
    setup_told = setup_now;
    setup_now = told;
    return setup_told.len ? mempcpy(to, setup_told.data, setup_told.len) : to;
}

/* Copies a pair that somebody asks for; one of the web server's setup waits. */
static char *
copy_pair(char *to, const struct record_pair *pair, const char *start)
{
    const struct parameter *parameter =
        find_parameter(pair->name, pair->name_len);
    if (parameter && parameter->is_setup)
        bytes_append(&setup_now, start, pair->size);
    else if (parameter || is_method(pair->name, pair->name_len))
        return mempcpy(to, start, pair->size);
    return to;
}

/* Copies the parameters that somebody asks for and that are not empty: a web
 * server sends twice as many. NULL: they hold a NUL or are cut short; as C
 * strings they would say something else. Returns where the copy ends. */
static char *
copy_parameters(char *to, const char *content, size_t len)
{
    struct record_pair pair;
    setup_now.len = 0;
    for (size_t at = 0; at < len; at += pair.size) {
        if (!record_read_pair(content + at, len - at, &pair) ||
            memchr(pair.name, '\0', pair.name_len + pair.value_len))
            return NULL;
        if (pair.value_len)
            to = copy_pair(to, &pair, content + at);
    }
    return copy_setup(to);
}

enum { BEGIN_SIZE = 2 * RECORD_HEADER_SIZE };

/* Where the records of a request lie (intake.h): BEGIN_REQUEST, all parameters
 * in one record, the empty one that ends them, and the body's. */
struct layout {
    const char *params;
    size_t params_len;
    const char *body;
};

static struct layout
layout_of(const char *records)
{
    struct record_header header;
    const char *first = records + BEGIN_SIZE;
    const char *content = first + RECORD_HEADER_SIZE;
    record_parse(first, &header);
    if (!header
             .content_len) /* there are none: that is the one that ends them */
        return (struct layout){content, 0, content};
    return (struct layout){content, header.content_len,
                           content + header.content_len + RECORD_HEADER_SIZE};
}

/* What of the memory file a request takes at most. */
static size_t
room_for(const struct layout *layout)
{
    return BEGIN_SIZE + layout->params_len + 2 * RECORD_HEADER_SIZE;
}

/* Fills the memory file from START with what libfcgi is to read: BEGIN_REQUEST
 * and the parameters. That is where the file's end is near, for libfcgi reads 8
 * KiB at a time, or what there is. The body it would only copy. False when the
 * parameters are torn. */
static bool
fill_reader(char *start, const char *records, const struct layout *layout)
{
    struct record_header begin;
    record_parse(records, &begin);
    char *params = mempcpy(start, records, BEGIN_SIZE);
    char *to = params + RECORD_HEADER_SIZE;
    char *end = copy_parameters(to, layout->params, layout->params_len);
    if (!end)
        return false;
    if (end == to) /* an empty record would end them, and one does follow */
        end = params;
    else
        record_write(params, RECORD_PARAMS, begin.request_id,
                     (size_t)(end - to));
    record_write(end, RECORD_PARAMS, begin.request_id, 0);
    return true;
}

/* Joins the BODY_LEN bytes that the records at RECORDS hold. */
static bool
read_body(struct request *request, const char *records, size_t body_len)
{
    struct record_header header;
    char *to = request->body = malloc(body_len + 1);
    if (!to)
        return false;
    while (request->body_len < body_len) {
        record_parse(records, &header);
        if (!header.content_len ||
            header.content_len > body_len - request->body_len)
            return false;
        to = mempcpy(to, records + RECORD_HEADER_SIZE, header.content_len);
        request->body_len += header.content_len;
        records += RECORD_HEADER_SIZE + header.content_len;
    }
    *to = '\0';
    return true;
}

/* libfcgi parses what the memory file holds in its last ROOM bytes. */
static bool
parse_parameters(size_t room)
{
    if (lseek(reader.fd, (off_t)(reader.size - room), SEEK_SET) < 0)
        return false;
    reader.parsed.ipcFd = reader.fd;
    reader.parsed.listen_sock = -1;
    /* Else libfcgi closes the descriptor before it reads. */
    reader.parsed.keepConnection = 1;
    if (FCGX_Accept_r(&reader.parsed) == 0)
        return true;
    reader.fd = -1; /* libfcgi has closed it */
    return false;
}

enum request_parsed
request_parse(struct request *request, const char *records, size_t len,
              size_t body_len)
{
    *request = (struct request){0};
    const struct layout layout = layout_of(records);
    assert(layout.body < records + len);
    size_t room = room_for(&layout);
    if (!reserve_reader(room)) {
        log_error("request", "cannot make the memory file: %m");
        return REQUEST_SENSELESS;
    }
    if (!fill_reader(reader.map + reader.size - room, records, &layout))
        return REQUEST_TORN;
    if (!parse_parameters(room))
        return REQUEST_SENSELESS;
    request_from_environment(request, reader.parsed.envp);
    if (read_body(request, layout.body, body_len))
        return REQUEST_PARSED;
    request_done(request);
    return REQUEST_SENSELESS;
}

char *
request_take_body(struct request *request)
{
    char *body = request->body;
    request->body = NULL;
    return body;
}

void
request_done(struct request *request)
{
    free(request->body);
    request->body = NULL;
    /* Not FCGX_Finish_r: that would write an answer. */
    FCGX_Free(&reader.parsed, 0);
}
