#include "request.h"

#include "base/bytes.h"
#include "base/log.h"

#include <fcgiapp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* libfcgi reads from a descriptor. It gets one that holds exactly one whole
 * request, so that its reads never wait (it has no way not to). */
static struct {
    int fd;
    size_t len;
    FCGX_Request parsed;
} reader = {.fd = -1};

bool
request_setup(void)
{
    if (FCGX_Init() != 0)
        return false;
    return FCGX_InitRequest(&reader.parsed, -1, 0) == 0;
}

static bool
fill_reader(const void *records, size_t len)
{
    if (reader.fd < 0) {
        reader.fd = memfd_create("earshot-request", MFD_CLOEXEC);
        reader.len = 0;
    }
    if (reader.fd < 0)
        return false;
    /* What a longer request before it left behind must never be read. */
    if (len < reader.len && ftruncate(reader.fd, (off_t)len) < 0)
        return false;
    reader.len = len;
    return pwrite(reader.fd, records, len, 0) == (ssize_t)len &&
           lseek(reader.fd, 0, SEEK_SET) == 0;
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
};

#define PARAMETER(name, field)                                                \
    {name, sizeof name - 1, offsetof(struct request, field)}

static const struct parameter parameters[] = {
    PARAMETER("PATH_INFO", path_info),
    PARAMETER("SCRIPT_NAME", script_name),
    PARAMETER("REQUEST_URI", request_uri),
    PARAMETER("QUERY_STRING", query),
    PARAMETER("CONTENT_TYPE", content_type),
    PARAMETER("CONTENT_LENGTH", content_length),
    PARAMETER("HTTP_HOST", host),
    PARAMETER("HTTP_ORIGIN", origin),
    PARAMETER("HTTP_X_FORWARDED_HOST", forwarded_host),
    PARAMETER("HTTP_SEC_FETCH_SITE", sec_fetch_site),
    PARAMETER("HTTP_ACCESS_CONTROL_REQUEST_METHOD", request_method_asked),
    PARAMETER("HTTP_LAST_EVENT_ID", last_event_id),
    PARAMETER("HTTP_IDEMPOTENCY_KEY", idempotency_key),
    PARAMETER("REMOTE_ADDR", remote_addr),
    PARAMETER("REMOTE_USER", remote_user),
    PARAMETER("DOCUMENT_ROOT", document_root),
};

enum { PARAMETERS = sizeof parameters / sizeof *parameters };

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
    if (len == 14 && memcmp(pair, "REQUEST_METHOD", len) == 0) {
        request->method = method_of(equals + 1);
        return;
    }
    for (size_t i = 0; i < PARAMETERS; i++) {
        if (parameters[i].name_len == len &&
            memcmp(parameters[i].name, pair, len) == 0) {
            *field_of(request, &parameters[i]) = equals + 1;
            return;
        }
    }
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

static bool
read_body(struct request *request, size_t body_len)
{
    request->body = malloc(body_len + 1);
    if (!request->body)
        return false;
    int got = FCGX_GetStr(request->body, (int)body_len, reader.parsed.in);
    request->body_len = got > 0 ? (size_t)got : 0;
    request->body[request->body_len] = '\0';
    return request->body_len == body_len;
}

bool
request_parse(struct request *request, const void *records, size_t len,
              size_t body_len)
{
    *request = (struct request){0};
    if (!fill_reader(records, len)) {
        log_error("request", "cannot fill the memory file: %m");
        return false;
    }
    reader.parsed.ipcFd = reader.fd;
    reader.parsed.listen_sock = -1;
    /* Else libfcgi closes the descriptor before it reads. */
    reader.parsed.keepConnection = 1;
    if (FCGX_Accept_r(&reader.parsed) < 0) {
        reader.fd = -1; /* libfcgi has closed it */
        return false;
    }
    request_from_environment(request, reader.parsed.envp);
    if (read_body(request, body_len))
        return true;
    request_done(request);
    return false;
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
