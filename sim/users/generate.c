/*
 * generate.c - an hour in which one story goes viral among thousands of quiet posts, reels and comments.
 *
 * One draw is one person's act: a like, and now and then what people do besides (a double tap in the same
 * millisecond or shortly after, an unlike, a like again, an unlike of something never liked). The acts are
 * laid out in time, then sorted. Times and choices are whole numbers from one seed; the ranks of quiet items
 * follow Zipf's law.
 */
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "common/io/daemon/args.h"
#include "sim/users/generate.h"
#include "sim/users/zipf.h"

/* Shares per thousand. */
enum {
    VIRAL = 330,        /* likes that go to the story */
    DOUBLE_TAPS = 30,   /* likes that come twice */
    UNLIKES = 40,       /* likes that are taken back */
    AGAIN = 500,        /* likes that come again, of those taken back */
    IDLE_UNLIKES = 15,  /* acts that unlike what was never liked */
    STORY_BEGINS = 200, /* share of the time after which the story breaks */
};
static const uint64_t first_ms = 1767225600000; /* 2026-01-01T00:00:00Z, the hour's beginning */

typedef struct {
    const sim_generate_plan *plan;
    sim_generate_event *events;
    uint64_t count, viral, step, random;
    sim_zipf quiet;
} generator;

static uint64_t generate_below(generator *g, uint64_t n)
{
    return kd_random_next(&g->random) % n;
}

static bool permille(generator *g, uint64_t share)
{
    return generate_below(g, 1000) < share;
}

static void generate_put(generator *g, uint64_t at_ms, uint32_t user, uint32_t item, bool liked)
{
    if (g->count == g->plan->events) return;
    uint64_t last_ms = g->plan->seconds * 1000 - 1;
    g->events[g->count] = (sim_generate_event){.at_ms = KD_MIN(at_ms, last_ms),
                                               .order = (uint32_t)g->count,
                                               .user = user,
                                               .item = item,
                                               .liked = liked};
    g->count++;
}

/* When a like of the story comes. The product of two uniform draws is small more often than large: likes crowd at the story's beginning. */
static uint64_t story_ms(generator *g)
{
    uint64_t span = g->plan->seconds * 1000, begin = span * STORY_BEGINS / 1000;
    uint64_t crowded = (generate_below(g, 65536) * generate_below(g, 65536)) >> 16;
    return begin + ((span - begin) * crowded >> 16);
}

/* Another user each time, until each has come once. */
static uint32_t story_user(generator *g)
{
    return (uint32_t)(g->viral++ * g->step % g->plan->users);
}

static void generate_act(generator *g)
{
    bool viral = permille(g, VIRAL);
    uint64_t at = viral ? story_ms(g) : generate_below(g, g->plan->seconds * 1000);
    uint32_t user = viral ? story_user(g) : (uint32_t)generate_below(g, g->plan->users);
    uint32_t item = viral ? 0 : 1 + sim_zipf_pick(&g->quiet, &g->random);
    if (!viral && permille(g, IDLE_UNLIKES)) {
        generate_put(g, at, user, item, false);
        return;
    }
    generate_put(g, at, user, item, true);
    if (permille(g, DOUBLE_TAPS))
        generate_put(g, at + (permille(g, 500) ? 0 : generate_below(g, 900)), user, item, true);
    if (!permille(g, UNLIKES)) return;
    at += 1000 + generate_below(g, 60000);
    generate_put(g, at, user, item, false);
    if (permille(g, AGAIN)) generate_put(g, at + generate_below(g, 20000), user, item, true);
}

static int generate_by_time(const void *left, const void *right)
{
    const sim_generate_event *a = left, *b = right;
    if (a->at_ms != b->at_ms) return a->at_ms < b->at_ms ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

uint64_t sim_coprime_step(uint64_t n)
{
    for (uint64_t step = (uint64_t)((double)n * 0.6180339887) | 1;; step += 2) {
        uint64_t a = step, b = n;
        while (b) {
            uint64_t rest = a % b;
            a = b;
            b = rest;
        }
        if (a == 1) return step;
    }
}

void sim_generate(const sim_generate_plan *plan, sim_generate_event *events)
{
    generator g = {
        .plan = plan, .events = events, .random = plan->seed, .step = sim_coprime_step(plan->users)};
    sim_zipf_init(&g.quiet, (uint32_t)plan->items, 0.9);
    while (g.count < plan->events) generate_act(&g);
    sim_zipf_finish(&g.quiet);
    qsort(events, plan->events, sizeof *events, generate_by_time);
}

void sim_generate_item(uint32_t item, char out[48])
{
    static const char *const kinds[] = {"posts/p", "posts/p", "reels/r", "posts/p", "comments/c"};
    if (item == 0)
        snprintf(out, 48, "stories/the-one-everybody-likes");
    else
        snprintf(out, 48, "%s%u", kinds[item % KD_COUNT(kinds)], item);
}

/* ---- the command ------------------------------------------------------------------------------------------
 */

static bool generate_write_all(const sim_generate_plan *plan, const sim_generate_event *events, gzFile out)
{
    bool ok = true;
    for (uint64_t i = 0; i < plan->events && ok; i++) {
        const sim_generate_event *e = &events[i];
        char item[48];
        sim_generate_item(e->item, item);
        ok = gzprintf(out, "%llu\tu%07u\t%s\t%s\n", (unsigned long long)first_ms + e->at_ms, e->user, item,
                      e->liked ? "1" : "-1") > 0;
    }
    return ok;
}

/* Compressed if the name ends in .gz; `-` is standard output. */
static gzFile open_out(const char *name)
{
    size_t len = strlen(name);
    bool zipped = len > 3 && strcmp(&name[len - 3], ".gz") == 0;
    const char *mode = zipped ? "wb" : "wbT";
    return strcmp(name, "-") == 0 ? gzdopen(1, mode) : gzopen(name, mode);
}

static int generate_write_out(const sim_generate_plan *plan, const char *name)
{
    gzFile out = open_out(name);
    bool ok = out != NULL;
    if (ok) {
        sim_generate_event *events = kd_alloc(plan->events * sizeof *events);
        sim_generate(plan, events);
        ok = generate_write_all(plan, events, out);
        free(events);
        ok = (gzclose_w(out) == Z_OK) && ok;
    }
    if (ok) return KD_EXIT_OK;
    fprintf(stderr, "kudos-sim generate: cannot write %s\n", name);
    return KD_EXIT_FAILED;
}

int sim_sim_generate(int argc, char **argv)
{
    sim_generate_plan p = {.users = 60000, .items = 4000, .events = 150000, .seed = 1, .seconds = 3600};
    const char *out = "-";
    const kd_arg table[] = {
        KD_ARG_UINT("users", "N", &p.users, "number of users [60000]", .min = 1, .max = 4e9),
        KD_ARG_UINT("items", "N", &p.items, "number of quiet items besides the story [4000]", .min = 1,
                    .max = 1e8),
        KD_ARG_UINT("events", "N", &p.events, "number of lines [150000]", .min = 1, .max = 1e9),
        KD_ARG_UINT("seconds", "T", &p.seconds, "seconds that the log spans [3600]", .min = 1, .max = 1e7),
        KD_ARG_UINT("seed", "N", &p.seed, "draws the hour: the same seed gives the same bytes [1]",
                    .max = 1e18),
        KD_ARG_TEXT("out", "FILE", &out,
                    "file to write, compressed if its name ends in .gz; - is standard output [-]"),
    };
    const kd_args args = {
        .program = "kudos-sim",
        .command = "generate",
        .usage = "[options]",
        .about = "Writes a generated hour of likes as a log for replay: a viral story, thousands of quiet\n"
                 "posts, reels and comments, double taps, unlikes, likes again.",
        .at = table,
        .count = KD_COUNT(table)};
    int rc = kd_args_read(&args, argc, argv);
    return rc >= 0 ? rc : generate_write_out(&p, out);
}
