#include "doctor.h"

#include "base/clock.h"
#include "commands.h"
#include "hub/names.h"
#include "options.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* It could not be looked at. */
enum { EXIT_UNSEEN = 2 };

__attribute__((format(printf, 1, 2))) static bool
complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("earshot doctor: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return false;
}

/* -- whom to look at ----------------------------------------------------- */

static char *
part_of(CURLU *url, CURLUPart part, unsigned flags)
{
    char *text = NULL, *copy;
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK)
        return xstrdup("");
    copy = xstrdup(text);
    curl_free(text);
    return copy;
}

/* A login within the URL is taken out of it: it must not be printed, and some
 * requests are to be made without. */
static void
take_login(struct doctor *doctor, CURLU *url)
{
    struct bytes user = BYTES_EMPTY;
    char *name = part_of(url, CURLUPART_USER, CURLU_URLDECODE);
    char *password = part_of(url, CURLUPART_PASSWORD, CURLU_URLDECODE);
    if (doctor->options->user[0])
        bytes_append_string(&user, doctor->options->user);
    else if (name[0])
        bytes_printf(&user, "%s:%s", name, password);
    bytes_append_char(&user, '\0');
    doctor->user = user.data;
    curl_url_set(url, CURLUPART_USER, NULL, 0);
    curl_url_set(url, CURLUPART_PASSWORD, NULL, 0);
    free(name);
    free(password);
}

static void
set_origin(struct doctor *doctor, CURLU *url)
{
    char *scheme = part_of(url, CURLUPART_SCHEME, 0);
    char *host = part_of(url, CURLUPART_HOST, 0);
    char *port = part_of(url, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
    snprintf(doctor->origin, sizeof doctor->origin, "%s://%s%s%s", scheme, host,
             port[0] ? ":" : "", port);
    doctor->is_https = strcasecmp(scheme, "https") == 0;
    free(scheme);
    free(host);
    free(port);
}

static void
set_base(struct doctor *doctor, CURLU *url)
{
    curl_url_set(url, CURLUPART_QUERY, NULL, 0);
    curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0);
    doctor->base = part_of(url, CURLUPART_URL, 0);
    size_t len = strlen(doctor->base);
    while (len && doctor->base[len - 1] == '/')
        doctor->base[--len] = '\0';
}

static bool
read_url(struct doctor *doctor)
{
    const char *text = doctor->options->operands[0];
    CURLU *url = curl_url();
    if (!url)
        abort();
    bool is_good = (strncasecmp(text, "http://", 7) == 0 ||
                    strncasecmp(text, "https://", 8) == 0) &&
                   curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK;
    if (is_good) {
        take_login(doctor, url);
        set_origin(doctor, url);
        set_base(doctor, url);
    } else {
        complain("\"%s\" is no URL: give the address at which Earshot is "
                 "mounted, such as https://example.org/earshot",
                 text);
    }
    curl_url_cleanup(url);
    return is_good;
}

/* -- the options --------------------------------------------------------- */

static bool
complain_of_code(const char *code, size_t len)
{
    struct bytes codes = BYTES_EMPTY;
    for (int i = 0; i < FINDINGS; i++)
        bytes_printf(&codes, "%s%s", i ? ", " : "",
                     finding_words((enum finding)i)->code);
    bytes_append_char(&codes, '\0');
    complain("--ignore: there is no finding \"%.*s\"; there are %s", (int)len,
             code, codes.data);
    bytes_fini(&codes);
    return false;
}

static bool
check_ignore(const char *codes)
{
    while (*codes) {
        codes += strspn(codes, ", ");
        size_t len = strcspn(codes, ", ");
        if (len && finding_called(codes, len) == FINDINGS)
            return complain_of_code(codes, len);
        codes += len;
    }
    return true;
}

static bool
set_channel(struct doctor *doctor)
{
    enum { LONGEST_TAIL = 8 };
    const char *name = doctor->options->channel;
    unsigned char random[5];
    size_t len = strlen(name);
    if (len && (!name_is_channel(name, len) ||
                len > sizeof doctor->channel - LONGEST_TAIL ||
                len + LONGEST_TAIL > 128))
        return complain("--channel: \"%s\" is no name of a channel, or "
                        "too long (120 at most here)",
                        name);
    if (len) {
        strcpy(doctor->channel, name);
        return true;
    }
    if (RAND_bytes(random, sizeof random) != 1)
        abort();
    snprintf(doctor->channel, sizeof doctor->channel,
             "doctor-%02x%02x%02x%02x%02x", random[0], random[1], random[2],
             random[3], random[4]);
    return true;
}

static bool
begin(struct doctor *doctor)
{
    const struct options *options = doctor->options;
    if (!check_ignore(options->ignore) || !set_channel(doctor) ||
        !read_url(doctor))
        return false;
    doctor->has_login = doctor->user[0] || options->header[0];
    doctor->report.ignore = options->ignore;
    doctor->web.base = doctor->base;
    doctor->web.user = doctor->user;
    doctor->web.header = options->header;
    doctor->web.cacert = options->cacert;
    doctor->web.is_insecure = options->insecure;
    return web_init(&doctor->web) || complain("out of memory");
}

/* -- the visit ----------------------------------------------------------- */

static void
on_turn(void *context)
{
    doctor_socket_turn(context);
}

/* Reading may need a login beyond the health's. */
static bool
may_read(struct doctor *doctor)
{
    struct probe probe = {0};
    const struct ask ask = {.path = doctor_path(doctor, "/poll")};
    bool came = web_ask(&doctor->web, &probe, &ask, DOCTOR_ANSWER_MS);
    bool may = came && probe.status != 401 && probe.status != 403;
    if (came && !may)
        report_found(&doctor->report, FINDING_LOGIN,
                     "a poll is answered %ld%s: streams cannot be looked at",
                     probe.status,
                     doctor->has_login ? " with the login that was given" : "");
    else
        report_good(&doctor->report, FINDING_LOGIN, "%s", "");
    web_end(&doctor->web, &probe);
    return may;
}

/* False: nobody could be asked. */
static bool
visit(struct doctor *doctor)
{
    bool seen;
    if (!doctor_address(doctor, &seen))
        return seen;
    doctor_setup(doctor);
    if (!may_read(doctor))
        return true;
    doctor_who(doctor);
    doctor_socket_open(doctor);
    doctor_stream_open(doctor);
    doctor_going(doctor);
    doctor_crowd(doctor);
    doctor_stream_patience(doctor);
    doctor_socket_end(doctor);
    return true;
}

static void
tell(const struct doctor *doctor)
{
    char about[2 * PROBE_FIELD];
    const char *version = doctor->setup.version;
    snprintf(about, sizeof about, "%s%s behind %s",
             version[0] ? "Earshot " : "something", version,
             doctor->software[0] ? doctor->software
                                 : "a web server without a name");
    if (doctor->options->format)
        report_print_json(&doctor->report, stdout, doctor->base,
                          doctor->software, version);
    else
        report_print(&doctor->report, stdout, doctor->base, about);
}

static void
end(struct doctor *doctor)
{
    web_end(&doctor->web, &doctor->stream);
    web_end(&doctor->web, &doctor->poll);
    web_fini(&doctor->web);
    report_fini(&doctor->report);
    free(doctor->base);
    free(doctor->user);
}

int
doctor_command(const struct options *options)
{
    struct doctor doctor = {.options = options};
    if (!begin(&doctor)) {
        free(doctor.base);
        free(doctor.user);
        return EXIT_USAGE;
    }
    doctor.web.on_turn = on_turn;
    doctor.web.context = &doctor;
    bool seen = visit(&doctor);
    int status = !seen                                         ? EXIT_UNSEEN
                 : report_count(&doctor.report, VERDICT_WRONG) ? ADMIN_BAD
                                                               : ADMIN_GOOD;
    if (seen)
        tell(&doctor);
    end(&doctor);
    return status;
}
