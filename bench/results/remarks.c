#include "results/remarks.h"

#include "base/bytes.h"
#include "result.h"
#include "results/cells.h"
#include "results/text.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is said of a kind: %1 is the range of its figures, %2 the runs, %3 the
 * largest of its figures. */
static const struct {
    const char *word;
    bool is_whole; /* per cent, or deliveries: no digits behind the point */
    const char *en;
    const char *zh;
} kinds[] = {
    {"busy", true,
     "The client was a bottleneck%2: a thread of earshot-bench was %1 % busy. "
     "What was found is its own limit as much as the server's.",
     "客户端成了瓶颈%2：earshot-bench 的一个线程忙碌达 "
     "%1 %。结果既是服务器的极限，也是它自己的。"},
    {"limit", true,
     "%1 deliveries a second%2 are near the most that earshot-bench can take "
     "here from a server that does nothing else.",
     "每秒 %1 次送达%2，已接近 earshot-bench 在此机器上所能接收的上限。"},
    {"schedule", false,
     "The schedule was not kept%2: messages left %1 ms late (p99), and delays "
     "count from when they were due.",
     "未能按计划发送%2：消息晚了 %1 毫秒（p99），而延迟从应发时刻算起。"},
    {"reads", false,
     "Up to %3 ms (p99) of a delay may be the client's own%2: so long it took "
     "to read what had arrived together.",
     "延迟中最多有 %3 毫秒（p99）可能出自客户端自身%2：读完一同到达的数据要"
     "这么久。"},
    {"others", true,
     "Others took %1 % of the machine%2: repeat this when it is quiet.",
     "其他程序占用了机器的 %1 %%2：请在空闲时重测。"},
    {"full", true,
     "The machine was full (%1 %)%2: client and server waited for each other.",
     "机器已满载（%1 %）%2：客户端与服务器互相等待。"},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

struct tally {
    double low;
    double high;
    int runs; /* that have it */
    int all;
};

static void
add(struct remarks *remarks, struct bytes *en, struct bytes *zh)
{
    size_t count = (size_t)remarks->count + 1;
    remarks->list = xrealloc(remarks->list, count * sizeof *remarks->list);
    bytes_append_char(en, '\0');
    bytes_append_char(zh, '\0');
    remarks->list[remarks->count++] = (struct remark){en->data, zh->data};
}

/* -- notes with a kind --------------------------------------------------- */

static void
tally_run(struct tally *tally, const struct result *run, const char *word)
{
    bool has_it = false;
    for (int i = 0; i < run->note_count; i++) {
        const struct result_kind *kind = &run->note_kinds[i];
        if (strcmp(kind->word, word) != 0)
            continue;
        bool is_first = !tally->runs && !has_it;
        tally->low = is_first ? kind->figure : fmin(tally->low, kind->figure);
        tally->high = is_first ? kind->figure : fmax(tally->high, kind->figure);
        has_it = true;
    }
    tally->runs += has_it;
    tally->all++;
}

static void
say_range(struct bytes *out, const struct tally *tally, bool is_whole)
{
    if (!is_whole) {
        text_range(out, tally->low, tally->high);
        return;
    }
    text_setting(out, round(tally->low));
    if (round(tally->low) < round(tally->high)) {
        bytes_append_string(out, "–");
        text_setting(out, round(tally->high));
    }
}

static void
say_runs(struct bytes *out, const struct tally *tally, bool is_en)
{
    if (tally->all > 1)
        bytes_printf(out, is_en ? " in %d of %d runs" : "（%d/%d 次运行）",
                     tally->runs, tally->all);
}

static void
fill(struct bytes *out, const char *format, const struct tally *tally,
     bool is_whole, bool is_en)
{
    for (const char *p = format; *p; p++) {
        bool is_mark = *p == '%' && p[1] >= '1' && p[1] <= '3';
        if (!is_mark)
            bytes_append_char(out, *p);
        else if (*++p == '1')
            say_range(out, tally, is_whole);
        else if (*p == '2')
            say_runs(out, tally, is_en);
        else
            text_number(out, tally->high);
    }
}

static void
add_kind(struct remarks *remarks, const struct cell *cells, int count, int at)
{
    struct tally tally = {0};
    for (int i = 0; i < count; i++)
        for (int j = 0; j < cells[i].run_count; j++)
            tally_run(&tally, cells[i].runs[j], kinds[at].word);
    if (!tally.runs)
        return;
    struct bytes en = BYTES_EMPTY, zh = BYTES_EMPTY;
    fill(&en, kinds[at].en, &tally, kinds[at].is_whole, true);
    fill(&zh, kinds[at].zh, &tally, kinds[at].is_whole, false);
    add(remarks, &en, &zh);
}

/* -- notes of their own -------------------------------------------------- */

static bool
is_of_its_own(const struct result *run, int note)
{
    for (int i = 0; i < KINDS; i++)
        if (strcmp(run->note_kinds[note].word, kinds[i].word) == 0)
            return false;
    return true;
}

static const char *
skip_figures(const char *p)
{
    while (isdigit((unsigned char)*p) || *p == '.' || *p == ',')
        p++;
    return p;
}

/* The same but for their figures. */
static bool
is_alike(const char *a, const char *b)
{
    for (;; a++, b++) {
        a = skip_figures(a);
        b = skip_figures(b);
        if (*a != *b)
            return false;
        if (!*a)
            return true;
    }
}

/* Do any runs of CELL before BEFORE (all, when it is CELL's count) have a note
 * like NOTE? Within a cell figures do not count, between cells they do. */
static bool
has_before(const struct cell *cell, int before, const char *note, bool exactly)
{
    for (int i = 0; i < before; i++)
        for (int j = 0; j < cell->runs[i]->note_count; j++) {
            const char *other = cell->runs[i]->notes[j];
            if (exactly ? strcmp(other, note) == 0 : is_alike(other, note))
                return true;
        }
    return false;
}

/* NOTE with the names of all cells that have it; nothing when a cell before AT
 * has it. */
static void
add_own(struct remarks *remarks, const struct cell *cells, int count, int at,
        const char *note, bool with_target)
{
    struct bytes en = BYTES_EMPTY, zh = BYTES_EMPTY;
    for (int i = 0; i < count; i++) {
        if (!has_before(&cells[i], cells[i].run_count, note, true))
            continue;
        if (i < at) {
            bytes_fini(&en);
            return;
        }
        char *label = cell_label(&cells[i], with_target);
        bytes_printf(&en, "%s%s", en.len ? ", " : "", label);
        free(label);
    }
    bytes_printf(&en, ": %s", note);
    bytes_append(&zh, en.data, en.len);
    add(remarks, &en, &zh);
}

static void
add_owns(struct remarks *remarks, const struct cell *cells, int count, int at,
         bool with_target)
{
    const struct cell *cell = &cells[at];
    for (int i = 0; i < cell->run_count; i++)
        for (int j = 0; j < cell->runs[i]->note_count; j++) {
            const char *note = cell->runs[i]->notes[j];
            if (is_of_its_own(cell->runs[i], j) &&
                !has_before(cell, i, note, false))
                add_own(remarks, cells, count, at, note, with_target);
        }
}

static void
add_rest(struct remarks *remarks, int count)
{
    struct bytes en = BYTES_EMPTY, zh = BYTES_EMPTY;
    bytes_printf(&en, "%d more notes stand in the JSON.", count);
    bytes_printf(&zh, "另有 %d 条说明，见 JSON。", count);
    add(remarks, &en, &zh);
}

/* So many notes of their own are told of a scenario; a server that was
 * restarted gives dozens. */
enum { OWN_MAX = 12 };

static void
cut(struct remarks *remarks, int from)
{
    int more = remarks->count - from - OWN_MAX;
    if (more < 2)
        return;
    for (int i = 0; i < more; i++) {
        free(remarks->list[--remarks->count].en);
        free(remarks->list[remarks->count].zh);
    }
    add_rest(remarks, more);
}

struct remarks *
remarks_new(const struct cell *cells, int count, bool with_target)
{
    struct remarks *remarks = xcalloc(1, sizeof *remarks);
    for (int i = 0; i < KINDS; i++)
        add_kind(remarks, cells, count, i);
    int kinds_told = remarks->count;
    for (int i = 0; i < count; i++)
        add_owns(remarks, cells, count, i, with_target);
    cut(remarks, kinds_told);
    return remarks;
}

void
remarks_free(struct remarks *remarks)
{
    for (int i = 0; i < remarks->count; i++) {
        free(remarks->list[i].en);
        free(remarks->list[i].zh);
    }
    free(remarks->list);
    free(remarks);
}
