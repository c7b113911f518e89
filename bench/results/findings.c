#include "results/findings.h"

#include "base/bytes.h"
#include "measure/histogram.h"
#include "measure/theory.h"
#include "result.h"
#include "results/cells.h"
#include "results/contrast.h"
#include "results/phrases.h"
#include "results/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* -- gathering ----------------------------------------------------------- */

/* Chinese and Latin words are parted by a space: between an ideograph and an
 * ASCII letter or digit. */
static bool
is_latin(unsigned char c)
{
    return c < 0x80 && (c == '(' || c == '.' || (c >= '0' && c <= '9') ||
                        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'));
}

/* U+4E00 to U+9FFF. */
static bool
is_ideograph(const char *p)
{
    unsigned char lead = (unsigned char)*p;
    return lead >= 0xe4 && lead <= 0xe9;
}

static char *
spaced(struct bytes *text)
{
    struct bytes out = BYTES_EMPTY;
    bool was_ideograph = false;
    unsigned char before = ' ';
    bytes_append_char(text, '\0');
    for (const char *p = text->data; *p;) {
        bool is_now = is_ideograph(p);
        if ((is_now && is_latin(before)) ||
            (was_ideograph && is_latin((unsigned char)*p)))
            bytes_append_char(&out, ' ');
        size_t len = 1;
        while (((unsigned char)p[len] & 0xc0) == 0x80)
            len++;
        bytes_append(&out, p, len);
        was_ideograph = is_now;
        before = (unsigned char)*p;
        p += len;
    }
    bytes_append_char(&out, '\0');
    bytes_fini(text);
    return out.data;
}

/* Adds a finding, whose texts are taken over; none when there is no room. */
static void
add(struct findings *findings, struct bytes texts[LANGUAGES])
{
    if (findings->count == FINDINGS_MAX) {
        bytes_fini(&texts[LANGUAGE_EN]);
        bytes_fini(&texts[LANGUAGE_ZH]);
        return;
    }
    bytes_append_char(&texts[LANGUAGE_EN], '\0');
    findings->list[findings->count++] = (struct finding){
        .en = texts[LANGUAGE_EN].data,
        .zh = spaced(&texts[LANGUAGE_ZH]),
    };
}

/* -- what was lost ------------------------------------------------------- */

static void
say_losses(struct bytes *out, enum language language, const struct cell *most,
           uint64_t lost, uint64_t expected)
{
    bool is_en = language == LANGUAGE_EN;
    bytes_append_string(out, is_en ? "" : "应有的送达中有 ");
    text_count(out, lost);
    bytes_append_string(out, is_en ? " of " : " 次没有到来（共 ");
    text_count(out, expected);
    bytes_append_string(out,
                        is_en ? " deliveries that were owed never came, most "
                                "of them in "
                              : " 次），最多的是场景 ");
    bytes_append_string(out, most->like->scenario);
    bytes_append_string(out, is_en ? " with " : " 中的");
    phrase_transport(out, language, most->like);
    bytes_append_string(out, is_en ? " " : "（");
    phrase_way(out, language, most->like);
    bytes_append_string(out, is_en ? " at " : "，");
    bytes_append_string(out, most->like->target);
    bytes_append_string(out, is_en ? ": until that is understood, nothing else "
                                     "here counts."
                                   : "）：弄清原因之前，其余数字都不作数。");
}

static void
add_losses(struct findings *findings, const struct cells *cells)
{
    uint64_t lost = 0, expected = 0;
    const struct cell *most = NULL;
    for (int i = 0; i < cells->count; i++) {
        const struct cell *cell = &cells->cells[i];
        lost += cell_lost(cell);
        expected += cell_expected(cell);
        if (cell_lost(cell) && (!most || cell_lost(cell) > cell_lost(most)))
            most = cell;
    }
    if (!lost)
        return;
    struct bytes texts[LANGUAGES] = {BYTES_EMPTY, BYTES_EMPTY};
    for (int i = 0; i < LANGUAGES; i++)
        say_losses(&texts[i], (enum language)i, most, lost, expected);
    add(findings, texts);
}

/* -- contrasts ----------------------------------------------------------- */

/* So much more telling (a tenth, as a ratio) must one be to be told in place of
 * one that comes before it: medians before tails. */
static const double clearly = 0.1;

/* What is told already: a bit for each figure. */
static bool
is_told(uint64_t told, int figure)
{
    return told >> figure & 1;
}

/* The most telling contrast of these FIGURES and FACTORS (ending with -1);
 * where none can be told, the one of most approaches. */
static bool
most_telling(const struct cells *cells, const int *figures, const int *factors,
             uint64_t told, struct contrast *best)
{
    bool has_any = false;
    for (int i = 0; i < cells->count; i++)
        for (int f = 0; figures[f] >= 0; f++)
            for (int g = 0; factors[g] >= 0; g++) {
                struct contrast contrast;
                if (is_told(told, figures[f]) ||
                    !contrast_make(cells, &cells->cells[i],
                                   (enum factor)factors[g],
                                   (enum figure)figures[f], &contrast))
                    continue;
                double score = contrast_score(&contrast);
                double known = has_any ? contrast_score(best) : -1;
                if (score > known + clearly ||
                    (score >= known && contrast.count > best->count))
                    *best = contrast;
                has_any = true;
            }
    return has_any;
}

static void
add_contrast(struct findings *findings, const struct cells *cells,
             const struct contrast *contrast)
{
    struct bytes texts[LANGUAGES] = {BYTES_EMPTY, BYTES_EMPTY};
    for (int i = 0; i < LANGUAGES; i++)
        phrase_contrast(&texts[i], (enum language)i, contrast,
                        cells_have_targets(cells));
    add(findings, texts);
}

static bool
add_telling(struct findings *findings, const struct cells *cells,
            const int *figures, const int *factors, uint64_t *told)
{
    struct contrast contrast;
    if (findings->count == FINDINGS_MAX ||
        !most_telling(cells, figures, factors, *told, &contrast))
        return false;
    add_contrast(findings, cells, &contrast);
    *told |= (uint64_t)1 << contrast.figure;
    return true;
}

/* -- polling ------------------------------------------------------------- */

/* The cells of polling at the shortest and at the longest interval, of the
 * first target and way that have two. */
struct polled {
    const struct cell *shortest;
    const struct cell *longest;
    int count;
    int astray; /* how many do not agree with theory */
};

static bool
is_polling(const struct cell *cell)
{
    return strcmp(cell->like->scenario, "poll-interval") == 0 &&
           strcmp(cell->like->transport, "poll") == 0 && cell->good_count &&
           cell->like->poll_interval_s > 0 &&
           !isnan(cell_figure(cell, FIGURE_LATENCY_MEAN).median) &&
           !isnan(cell_figure(cell, FIGURE_REQUESTS).median);
}

/* Do most of its runs agree with what theory says of polling? */
static bool
agrees(const struct cell *cell)
{
    int good = 0;
    for (int i = 0; i < cell->good_count; i++) {
        const struct result *run = cell->good[i];
        struct polling polling = {
            .interval_us = run->poll_interval_s * 1e6,
            .latency = run->latency,
            .publish = run->publish,
            .messages = run->messages_counted,
            .is_poisson = run->is_poisson,
        };
        struct polling_theory theory;
        good += theory_of_polling(&polling, &theory) && theory.agrees;
    }
    return good * 2 > cell->good_count;
}

static bool
find_polling(const struct cells *cells, struct polled *polled)
{
    *polled = (struct polled){0};
    for (int i = 0; i < cells->count; i++) {
        const struct cell *cell = &cells->cells[i];
        const struct cell *first = polled->shortest;
        if (!is_polling(cell) ||
            (first && (strcmp(first->like->target, cell->like->target) != 0 ||
                       strcmp(first->like->way, cell->like->way) != 0)))
            continue;
        double interval = cell->like->poll_interval_s;
        polled->count++;
        polled->astray += !agrees(cell);
        if (!first || interval < first->like->poll_interval_s)
            polled->shortest = cell;
        if (!first || interval > polled->longest->like->poll_interval_s)
            polled->longest = cell;
    }
    return polled->count > 1;
}

static void
say_polled(struct bytes *out, enum language language, const struct cell *cell)
{
    bool is_en = language == LANGUAGE_EN;
    struct interval delay = interval_of(cell, FIGURE_LATENCY_MEAN);
    phrase_transport(out, language, cell->like);
    bytes_append_string(out,
                        is_en ? " brings a message after " : "，消息平均 ");
    phrase_interval(out, language, FIGURE_LATENCY_P50, &delay);
    bytes_append_string(out,
                        is_en ? " on average and costs " : "后到达，每条 ");
    text_number(out, cell_figure(cell, FIGURE_REQUESTS).median);
    bytes_append_string(out, is_en ? " requests a message" : " 个请求");
}

static void
say_theory(struct bytes *out, enum language language,
           const struct polled *polled)
{
    bool is_en = language == LANGUAGE_EN;
    if (!polled->astray) {
        bytes_append_string(
            out, is_en ? "; its mean delay agrees with theory (half the "
                         "interval and a round trip) at all "
                       : "；平均延迟与理论（半个间隔加一次往返）相符，全部 ");
        text_setting(out, polled->count);
        bytes_append_string(out, is_en ? " intervals." : " 个间隔皆然。");
        return;
    }
    int some = polled->astray, all = polled->count;
    bytes_append_string(
        out, is_en ? "; its mean delay is not what theory says (half the "
                     "interval and a round trip) at "
                   : "；平均延迟与理论（半个间隔加一次往返）不符，");
    text_setting(out, is_en ? some : all);
    bytes_append_string(out, is_en ? " of " : " 个间隔中有 ");
    text_setting(out, is_en ? all : some);
    bytes_append_string(out, is_en ? " intervals." : " 个。");
}

static bool
add_polling(struct findings *findings, const struct cells *cells)
{
    struct polled polled;
    if (!find_polling(cells, &polled))
        return false;
    struct bytes texts[LANGUAGES] = {BYTES_EMPTY, BYTES_EMPTY};
    for (int i = 0; i < LANGUAGES; i++) {
        enum language language = (enum language)i;
        say_polled(&texts[i], language, polled.shortest);
        bytes_append_string(&texts[i], i == LANGUAGE_EN ? ", " : "；");
        say_polled(&texts[i], language, polled.longest);
        say_theory(&texts[i], language, &polled);
    }
    texts[LANGUAGE_EN].data[0] = 'P';
    add(findings, texts);
    return true;
}

/* -- all ----------------------------------------------------------------- */

static const int approaches[] = {FACTOR_TRANSPORT, FACTOR_TARGET, -1};
static const int ways[] = {FACTOR_WAY, -1};
static const int delays[] = {FIGURE_LATENCY_P50, FIGURE_LATENCY_P99, -1};
static const int costs[] = {FIGURE_SERVER_CPU, FIGURE_BYTES,
                            FIGURE_SERVER_MEMORY, -1};
static const int delay_and_cpu[] = {FIGURE_LATENCY_P50, FIGURE_SERVER_CPU, -1};
static const int publishing[] = {FIGURE_PUBLISHES_PER_S, -1};
static const int recovery[] = {FIGURE_RECOVER_MAX, -1};

/* What was lost before all else; then delay, cost and what polling trades; and
 * where one of these was not measured, what else was. */
struct findings *
findings_new(const struct cells *cells)
{
    struct findings *findings = xcalloc(1, sizeof *findings);
    uint64_t told = 0, told_of_ways = 0;
    add_losses(findings, cells);
    add_telling(findings, cells, delays, approaches, &told);
    add_telling(findings, cells, costs, approaches, &told);
    add_polling(findings, cells);
    add_telling(findings, cells, publishing, approaches, &told);
    add_telling(findings, cells, delay_and_cpu, ways, &told_of_ways);
    add_telling(findings, cells, recovery, approaches, &told);
    add_telling(findings, cells, costs, approaches, &told);
    add_telling(findings, cells, delays, approaches, &told);
    return findings;
}

void
findings_free(struct findings *findings)
{
    for (int i = 0; i < findings->count; i++) {
        free(findings->list[i].en);
        free(findings->list[i].zh);
    }
    free(findings);
}
