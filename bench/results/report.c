#include "results/report.h"

#include "base/bytes.h"
#include "results/json.h"
#include "results/page.h"
#include "results/save.h"
#include "results/view.h"

#include <stdlib.h>
#include <string.h>

/* Histograms are written whole where they are small; above this, 1 % off. */
enum { WHOLE_MAX_BYTES = 4 << 20 };

static char *
results_text(const struct results *results, enum results_detail detail,
             size_t *len)
{
    char *text = NULL;
    FILE *file = open_memstream(&text, len);
    if (!file)
        return NULL;
    bool is_good = results_write(file, results, detail);
    if (fclose(file) == 0 && is_good)
        return text;
    free(text);
    return NULL;
}

/* JSON inside <script>: `<' stands in strings alone there, and no string may
 * end the script or begin a comment in it (HTML 13.2.5.4 and below). */
static void
append_json(struct bytes *out, const char *json, size_t len)
{
    bytes_reserve(out, len);
    for (size_t from = 0; from < len;) {
        const char *found = memchr(json + from, '<', len - from);
        size_t to = found ? (size_t)(found - json) : len;
        bytes_append(out, json + from, to - from);
        if (found)
            bytes_append_string(out, "\\u003c");
        from = to + 1;
    }
}

/* A script inside <script>: `</script' can stand in a string alone, where a
 * backslash changes nothing. */
static void
append_script(struct bytes *out, const void *data, size_t len)
{
    const char *text = data;
    for (const char *found; (found = memmem(text, len, "</script", 8));) {
        size_t before = (size_t)(found - text) + 1;
        bytes_append(out, text, before);
        bytes_append_char(out, '\\');
        text += before;
        len -= before;
    }
    bytes_append(out, text, len);
}

static bool
append_results(struct bytes *out, const struct results *results)
{
    size_t len = 0;
    char *text = results_text(results, RESULTS_WHOLE, &len);
    if (text && len > WHOLE_MAX_BYTES) {
        free(text);
        text = results_text(results, RESULTS_COARSE, &len);
    }
    if (text)
        append_json(out, text, len);
    free(text);
    return text;
}

static bool
append_part(struct bytes *out, const char *name, size_t len,
            const struct results *results)
{
    struct bytes view = BYTES_EMPTY;
    bool is_good = true;
    if (len == 5 && memcmp(name, "style", 5) == 0) {
        bytes_append(out, page_report_css, sizeof page_report_css);
    } else if (len == 5 && memcmp(name, "chart", 5) == 0) {
        append_script(out, page_chart_js, sizeof page_chart_js);
    } else if (len == 6 && memcmp(name, "script", 6) == 0) {
        append_script(out, page_script_js, sizeof page_script_js);
    } else if (len == 4 && memcmp(name, "view", 4) == 0) {
        view_put(&view, results);
        append_json(out, view.data, view.len);
    } else {
        is_good = append_results(out, results);
    }
    bytes_fini(&view);
    return is_good;
}

/* report.html with its parts in the places of `{{ NAME }}'. */
static bool
append_page(struct bytes *out, const struct results *results)
{
    const char *text = (const char *)page_report_html;
    size_t left = sizeof page_report_html;
    for (const char *mark; (mark = memmem(text, left, "{{ ", 3));) {
        const char *name = mark + 3;
        const char *end = strchr(name, ' ');
        bytes_append(out, text, (size_t)(mark - text));
        if (!append_part(out, name, (size_t)(end - name), results))
            return false;
        left -= (size_t)(end + 3 - text);
        text = end + 3;
    }
    bytes_append(out, text, left);
    return true;
}

bool
report_write(FILE *file, const struct results *results)
{
    struct bytes page = BYTES_EMPTY;
    bool is_good = append_page(&page, results) &&
                   fwrite(page.data, 1, page.len, file) == page.len;
    bytes_fini(&page);
    return is_good;
}

static bool
write_page(FILE *file, const void *context)
{
    return report_write(file, context);
}

bool
report_save(const char *path, const struct results *results, char **problem)
{
    return save_file(path, write_page, results, problem);
}
