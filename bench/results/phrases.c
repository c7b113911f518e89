#include "results/phrases.h"

#include "base/bytes.h"
#include "result.h"
#include "results/cells.h"
#include "results/text.h"

#include <math.h>
#include <string.h>

/* Picks the words of a language. */
static const char *
pick(enum language language, const char *en, const char *zh)
{
    return language == LANGUAGE_EN ? en : zh;
}

static void
say(struct bytes *out, enum language language, const char *en, const char *zh)
{
    bytes_append_string(out, pick(language, en, zh));
}

/* -- numbers ------------------------------------------------------------- */

/* What a figure is called, and in which unit it is read. */
static const struct noun {
    enum figure figure;
    const char *en;
    const char *zh;
    double scale; /* 0: a duration, whose unit depends on it */
    const char *unit_en;
    const char *unit_zh;
} nouns[] = {
    {FIGURE_LATENCY_P50, "the median delay", "延迟中位数", 0, "", ""},
    {FIGURE_LATENCY_P99, "the delay of the latest hundredth (p99)",
     "最晚百分之一的延迟（p99）", 0, "", ""},
    {FIGURE_LAST_P50, "the time until the last subscriber has a message",
     "最后一位订阅者收到消息的时间", 0, "", ""},
    {FIGURE_SERVER_CPU, "the server's CPU time for a delivery",
     "服务器每次送达的 CPU 时间", 1, " µs", " 微秒"},
    {FIGURE_BYTES, "the traffic for a delivered message", "每条送达消息的流量",
     1, " bytes", " 字节"},
    {FIGURE_SERVER_MEMORY, "the server's memory for a connection",
     "服务器每个连接的内存", 1.0 / 1024, " KiB", " KiB"},
    {FIGURE_PUBLISHES_PER_S, "the rate of publishing", "发布速率", 1,
     " a second", " 条/秒"},
    {FIGURE_RECOVER_MAX,
     "the time until everybody has all that was missed in a cut",
     "断线后所有人补齐消息所需的时间", 0, "", ""},
};

static const struct noun *
noun_of(enum figure figure)
{
    for (size_t i = 0; i < sizeof nouns / sizeof *nouns; i++)
        if (nouns[i].figure == figure)
            return &nouns[i];
    return &nouns[0];
}

/* The factor by which VALUE is read, and its unit. */
static double
scale_of(enum figure figure, enum language language, double value,
         const char **unit)
{
    const struct noun *noun = noun_of(figure);
    *unit = pick(language, noun->unit_en, noun->unit_zh);
    if (noun->scale > 0)
        return noun->scale;
    if (value < 99.95) {
        *unit = pick(language, " µs", " 微秒");
        return 1;
    }
    if (value < 999500) {
        *unit = pick(language, " ms", " 毫秒");
        return 1e-3;
    }
    *unit = pick(language, " s", " 秒");
    return 1e-6;
}

void
phrase_value(struct bytes *out, enum language language, enum figure figure,
             double value)
{
    const char *unit;
    double scale = scale_of(figure, language, value, &unit);
    text_number(out, value * scale);
    bytes_append_string(out, unit);
}

void
phrase_interval(struct bytes *out, enum language language, enum figure figure,
                const struct interval *interval)
{
    const char *unit;
    double scale = scale_of(figure, language, interval->value, &unit);
    size_t from = out->len;
    text_number(out, interval->value * scale);
    size_t to = out->len;
    bytes_append_string(out, unit);
    struct bytes range = BYTES_EMPTY;
    text_range(&range, interval->low * scale, interval->high * scale);
    bool is_exact = range.len == to - from &&
                    memcmp(range.data, out->data + from, range.len) == 0;
    if (!interval->is_guess && !is_exact) {
        say(out, language, " (", "（");
        bytes_append(out, range.data, range.len);
        say(out, language, ")", "）");
    }
    bytes_fini(&range);
}

/* -- names --------------------------------------------------------------- */

void
phrase_transport(struct bytes *out, enum language language,
                 const struct result *like)
{
    static const struct {
        const char *word;
        const char *en;
        const char *zh;
    } known[] = {
        {"long-poll", "long-polling", "长轮询"},
        {"sse", "SSE", "SSE"},
        {"ws", "WebSocket", "WebSocket"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].word, like->transport) == 0) {
            say(out, language, known[i].en, known[i].zh);
            return;
        }
    if (strcmp(like->transport, "poll") != 0) {
        bytes_append_string(out, like->transport);
    } else if (like->poll_interval_s > 0) {
        say(out, language, "polling every ", "每 ");
        text_setting(out, like->poll_interval_s);
        say(out, language, " s", " 秒轮询");
    } else {
        say(out, language, "polling", "轮询");
    }
}

void
phrase_way(struct bytes *out, enum language language, const struct result *like)
{
    if (strcmp(like->way, "direct") == 0) {
        say(out, language, "directly", "直连");
    } else {
        say(out, language, "through ", "经 ");
        bytes_append_string(out, like->way);
    }
}

void
phrase_subscribers(struct bytes *out, enum language language, int count)
{
    text_setting(out, count);
    if (language == LANGUAGE_ZH)
        bytes_append_string(out, " 位订阅者");
    else
        bytes_append_string(out, count == 1 ? " subscriber" : " subscribers");
}

/* What a cell is called where only FACTOR tells it from the others. */
static void
phrase_cell(struct bytes *out, enum language language, enum factor factor,
            const struct result *like)
{
    switch (factor) {
    case FACTOR_TRANSPORT:
        phrase_transport(out, language, like);
        break;
    case FACTOR_WAY:
        phrase_way(out, language, like);
        break;
    case FACTOR_TARGET:
        bytes_append_string(out, like->target);
        break;
    }
}

/* "A, B and C" of the cells from FROM to TO, exclusively. */
static void
phrase_cells(struct bytes *out, enum language language,
             const struct contrast *contrast, int from, int to)
{
    for (int i = from; i < to; i++) {
        if (i > from)
            say(out, language, i + 1 == to ? " and " : ", ",
                i + 1 == to ? "和" : "、");
        phrase_cell(out, language, contrast->factor, contrast->cells[i]->like);
    }
}

/* -- sentences ----------------------------------------------------------- */

/* "To 1,000 subscribers" */
static void
phrase_load(struct bytes *out, enum language language,
            const struct contrast *contrast)
{
    const struct result *like = contrast->cells[0]->like;
    if (contrast->figure == FIGURE_PUBLISHES_PER_S) {
        say(out, language, "with ", "");
        text_setting(out, like->publishers);
        say(out, language, like->publishers == 1 ? " publisher" : " publishers",
            " 个发布者");
    } else {
        say(out, language, "to ", "");
        phrase_subscribers(out, language, like->subscribers);
    }
}

/* What all of a contrast have in common: "Earshot, SSE through lighttpd to
 * 1,000 subscribers: ". */
static void
phrase_common(struct bytes *out, enum language language,
              const struct contrast *contrast, bool with_target)
{
    const struct result *like = contrast->cells[0]->like;
    if (with_target && contrast->factor != FACTOR_TARGET) {
        bytes_append_string(out, like->target);
        say(out, language, ", ", "，");
    }
    if (contrast->factor != FACTOR_TRANSPORT) {
        phrase_transport(out, language, like);
        say(out, language, " ", "，");
    }
    if (contrast->factor != FACTOR_WAY) {
        phrase_way(out, language, like);
        say(out, language, " ", "、");
    }
    phrase_load(out, language, contrast);
    say(out, language, ": ", "：");
}

/* "3.1 to 3.4 times" */
static void
phrase_ratio(struct bytes *out, enum language language,
             const struct contrast *contrast)
{
    int last = contrast->count - 1;
    bool is_guess =
        contrast->intervals[0].is_guess || contrast->intervals[last].is_guess;
    bool more = figure_about(contrast->figure)->more_is_better;
    if (is_guess) {
        double ratio =
            contrast->intervals[last].value / contrast->intervals[0].value;
        say(out, language, "about ", "约");
        text_rough(out, more ? 1 / ratio : ratio);
    } else {
        struct bytes low = BYTES_EMPTY, high = BYTES_EMPTY;
        text_number(&low, contrast->least);
        text_number(&high, contrast->most);
        bytes_append(out, low.data, low.len);
        if (low.len != high.len || memcmp(low.data, high.data, low.len)) {
            say(out, language, " to ", " 至 ");
            bytes_append(out, high.data, high.len);
        }
        bytes_fini(&low);
        bytes_fini(&high);
    }
    say(out, language, " times", " 倍");
}

static void
phrase_no_difference(struct bytes *out, enum language language,
                     const struct contrast *contrast)
{
    const struct noun *noun = noun_of(contrast->figure);
    struct interval all = contrast->intervals[0];
    for (int i = 1; i < contrast->count; i++) {
        all.low = fmin(all.low, contrast->intervals[i].low);
        all.high = fmax(all.high, contrast->intervals[i].high);
    }
    say(out, language, "no difference in ", "");
    say(out, language, noun->en, "");
    say(out, language, " can be told between ", "");
    phrase_cells(out, language, contrast, 0, contrast->count);
    say(out, language, "", "的");
    say(out, language, "", noun->zh);
    say(out, language, ", about ", "看不出差别，约");
    phrase_interval(out, language, contrast->figure, &all);
    if (all.is_guess)
        say(out, language,
            "; one run each shows no difference smaller than a half",
            "；各只运行一次，小于一半的差别无从分辨");
}

/* The others that are as good as the best. */
static void
phrase_alike(struct bytes *out, enum language language,
             const struct contrast *contrast)
{
    if (contrast->alike < 2)
        return;
    say(out, language, "; ", "；");
    say(out, language, "between ", "");
    phrase_cells(out, language, contrast, 0, contrast->alike);
    say(out, language, " no difference can be told", "之间看不出差别");
}

enum { BETWEEN_MAX = 6 };

/* Those that are neither the best nor the worst, with their figures. */
static void
phrase_between(struct bytes *out, enum language language,
               const struct contrast *contrast)
{
    int from = contrast->alike, to = contrast->count - 1;
    if (from >= to || to - from > BETWEEN_MAX)
        return;
    say(out, language, "; between them ", "；其间有");
    for (int i = from; i < to; i++) {
        if (i > from)
            say(out, language, ", ", "、");
        phrase_cell(out, language, contrast->factor, contrast->cells[i]->like);
        say(out, language, " ", "（");
        phrase_value(out, language, contrast->figure,
                     contrast->intervals[i].value);
        say(out, language, "", "）");
    }
}

/* "highest with WebSocket, 0.80 ms (0.76–0.84)" */
static void
phrase_extreme(struct bytes *out, enum language language,
               const struct contrast *contrast, int at, bool is_high)
{
    bool is_extreme = !at || contrast->is_last_worst;
    const char *en = is_high ? "highest" : "lowest";
    const char *zh = is_high ? "最高" : "最低";
    if (!is_extreme) {
        en = is_high ? "clearly higher" : "clearly lower";
        zh = is_high ? "明显更高" : "明显更低";
    }
    say(out, language, en, "以");
    say(out, language, contrast->factor == FACTOR_WAY ? " " : " with ", "");
    phrase_cells(out, language, contrast, at, at + 1);
    say(out, language, ", ", zh);
    say(out, language, "", "，为");
    phrase_interval(out, language, contrast->figure, &contrast->intervals[at]);
}

static void
phrase_difference(struct bytes *out, enum language language,
                  const struct contrast *contrast)
{
    const struct noun *noun = noun_of(contrast->figure);
    int last = contrast->count - 1;
    bool more = figure_about(contrast->figure)->more_is_better;
    say(out, language, noun->en, noun->zh);
    say(out, language, " is ", "");
    phrase_extreme(out, language, contrast, 0, more);
    say(out, language, ", and ", "；");
    phrase_extreme(out, language, contrast, last, !more);
    if (more) {
        say(out, language, "; the former is ", "；前者是后者的");
        phrase_ratio(out, language, contrast);
        say(out, language, " the latter", "");
    } else {
        say(out, language, ", ", "，是前者的");
        phrase_ratio(out, language, contrast);
        say(out, language, " as much", "");
    }
    phrase_between(out, language, contrast);
    phrase_alike(out, language, contrast);
    if (contrast->intervals[last].is_guess)
        say(out, language, " (one run each)", "（各一次运行）");
}

/* From where on it is told what spoils a comparison: shares of the machine, and
 * of one thread (cost/limits.c notes the same of each run). */
static const double much_of_others = 0.05;
static const double busy_thread = 0.85;

static void
phrase_spoilt(struct bytes *out, enum language language,
              const struct contrast *contrast)
{
    double others = 0, busy = 0;
    for (int i = 0; i < contrast->count; i++)
        for (int j = 0; j < contrast->cells[i]->good_count; j++) {
            const struct result *run = contrast->cells[i]->good[j];
            others = fmax(others, run->others_cpu);
            busy = fmax(busy, run->client_busy);
        }
    if (others > much_of_others) {
        say(out, language, " Other work took up to ",
            "期间其他程序占用机器最多达");
        bytes_printf(out, "%.0f %%", others * 100);
        say(out, language, " of the machine meanwhile.", "。");
    }
    if (busy > busy_thread) {
        say(out, language, " earshot-bench itself was up to ",
            "earshot-bench 自身忙碌达");
        bytes_printf(out, "%.0f %%", busy * 100);
        say(out, language, " busy: the true difference may be larger.",
            "，真实差别可能更大。");
    }
}

void
phrase_contrast(struct bytes *out, enum language language,
                const struct contrast *contrast, bool with_target)
{
    size_t from = out->len;
    phrase_common(out, language, contrast, with_target);
    if (contrast->alike == contrast->count)
        phrase_no_difference(out, language, contrast);
    else
        phrase_difference(out, language, contrast);
    say(out, language, ".", "。");
    phrase_spoilt(out, language, contrast);
    if (out->data[from] >= 'a' && out->data[from] <= 'z' && !with_target)
        out->data[from] -= 'a' - 'A';
}
