/*
 * replay.c - the command: options, clients, the run from log to verdict.
 *
 * Verdict: `exact` when all events were acknowledged and all counts are right at all edges and at central. `wrong` when all events were acknowledged and
 * all targets could be read but some count is not right; when an answer contradicted its request; or when central counts more likes than the log
 * can reach. `unknown` otherwise.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/io/loop/clock.h"
#include "kudos/id.h"
#include "sim/replay/replay.h"

typedef struct {
    sim_replay_plan plan;
    sim_replay_log log;
    sim_replay_oracle oracle;
    sim_replay_sent sent;
    sim_replay_check check;
    struct event_base *base;
    sim_engine *engine;      /* its servers are the edges */
    kd_http_client *central; /* only read from */
    sim_replay_poll *poll;
    char names[KD_REPLAY_EDGES_MAX][16];
} replay;

/* ---- command line -----------------------------------------------------------------------------------------
 */

static int replay_check_speed(const kd_args *args, sim_replay_plan *p)
{
    char *end;
    if (strcmp(p->speed_text, "max") == 0) return -1;
    p->speed = strtod(p->speed_text, &end);
    if (*end != '\0' || !(p->speed > 0 && p->speed < 1e12))
        return kd_args_refuse(args, "--speed takes max, or a number above 0");
    return -1;
}

/* -1, or KD_EXIT_USAGE and what is wrong on standard error. */
static int replay_check(const kd_args *args, sim_replay_plan *p)
{
    static const char *const spreads[] = {"sticky", "random", "user"};
    if (p->edges.count > KD_REPLAY_EDGES_MAX)
        return kd_args_refuse(args, "--edge is given more than %d times", KD_REPLAY_EDGES_MAX);
    if (p->admins.count > KD_REPLAY_ADMINS_MAX)
        return kd_args_refuse(args, "--admin is given more than %d times", KD_REPLAY_ADMINS_MAX);
    if (!kd_collection_valid(kd_bytes_str(p->collection)))
        return kd_args_refuse(args, "--collection is not [a-z][a-z0-9_-]{0,31}");
    for (uint32_t i = 0; i < KD_COUNT(spreads); i++) {
        p->spread = (sim_replay_spread)i;
        if (strcmp(spreads[i], p->spread_name) == 0) return replay_check_speed(args, p);
    }
    return kd_args_refuse(args, "--spread takes sticky, random or user");
}

static int replay_parse(sim_replay_plan *p, int argc, char **argv)
{
    const kd_arg table[] = {
        KD_ARG_LIST("edge", "URL", &p->edges, "an edge to send to; once for each edge", .required = true),
        KD_ARG_TEXT("central", "URL", &p->central, "central, whose counts are read", .required = true),
        KD_ARG_LIST("admin", "URL", &p->admins,
                    "an admin port of an edge or of central, for the batches and the lag in the line that is "
                    "shown meanwhile; once for each port"),
        KD_ARG_TEXT("spread", "HOW", &p->spread_name,
                    "sticky (a user stays at one edge), random (each event goes to any edge), user (users "
                    "move now and then) [sticky]"),
        KD_ARG_UINT("seed", "N", &p->seed, "chooses the edge of each event and the answers of --lost [1]",
                    .max = 1e18),
        KD_ARG_TEXT("speed", "max|X", &p->speed_text,
                    "X times as fast as it happened, or as fast as the edges answer [max]"),
        KD_ARG_UINT("connections", "C", &p->connections, "connections per edge [4]", .min = 1, .max = 1024),
        KD_ARG_UINT("streams", "S", &p->streams, "requests in flight per connection [64]", .min = 1,
                    .max = 1000),
        KD_ARG_TEXT("collection", "NAME", &p->collection, "collection of items without a / [posts]"),
        KD_ARG_REAL("lost", "P", &p->lost, "share of good answers to throw away and ask for again [0]",
                    .max = 0.99),
        KD_ARG_UINT("timeout", "S", &p->timeout_s,
                    "seconds to retry an event, and seconds to wait until all counts are right [120]",
                    .min = 1, .max = 86400),
        KD_ARG_UINT("top", "N", &p->top, "number of items in the table at the end [5]", .max = 100),
        KD_ARG_TEXT("ca", "FILE", &p->ca_file, "https: PEM file of the authorities to trust [the system's]"),
        KD_ARG_FLAG("insecure", &p->insecure, "https: does not verify the servers"),
    };
    const kd_args args = {
        .program = "kudos-sim",
        .command = "replay",
        .usage = "FILE --edge URL [--edge URL ...] --central URL [options]",
        .about = "Sends a log of likes through edges as clients would, then demands the right count of every "
                 "item at every\n"
                 "edge and at central. FILE: unix milliseconds, user, item, op (1 or -1), tab-separated, "
                 "plain or .gz.\n"
                 "Bytes that an id cannot hold, and =, are sent as =XX (hex).",
        .operands = &p->file,
        .operands_min = 1,
        .operands_max = 1,
        .at = table,
        .count = KD_COUNT(table),
        .more = "last line: replay events= acked= pairs= expected= wrong_items= converged_ms= likes_per_s= "
                "verdict=exact|wrong|unknown"};
    int rc = kd_args_read(&args, argc, argv);
    return rc >= 0 ? rc : replay_check(&args, p);
}

/* ---- the run ----------------------------------------------------------------------------------------------
 */

static int unusable(const char *url, int err)
{
    const char *why = err == KD_EIO ? "the file of --ca cannot be used" : kd_strerror(err);
    fprintf(stderr, "kudos-sim replay: %s: %s\n", url, why);
    return KD_EXIT_USAGE;
}

static kd_http_client_options client_options(const sim_replay_plan *p)
{
    return (kd_http_client_options){
        .connections = (uint32_t)p->connections,
        .max_streams = (uint32_t)p->streams,
        .queue_max = (uint32_t)(p->connections * p->streams * p->edges.count + 64),
        .backoff_max_ms = 1000,
        .body_max = 1024 * 1024,
        .insecure = p->insecure,
        .ca_file = p->ca_file,
        .seed = p->seed,
    };
}

static int connect_all(replay *r)
{
    const kd_http_client_options options = client_options(&r->plan);
    uint32_t n = r->plan.edges.count;
    const char *url = NULL; /* the one that `err` is about */
    int err = KD_OK;
    for (uint32_t i = 0; i < n && err == KD_OK; i++) {
        url = r->plan.edges.at[i];
        err = sim_engine_connect(r->engine, i, url, &options);
        snprintf(r->names[i], sizeof r->names[i], "edge %u", i + 1);
        r->check.targets[i].name = r->names[i];
        r->check.targets[i].client = sim_engine_client(r->engine, i);
    }
    if (err == KD_OK) {
        url = r->plan.central;
        err = kd_http_client_create(&r->central, r->base, url, &options);
    }
    r->check.targets[n].name = "central";
    r->check.targets[n].client = r->central;
    r->check.count = n + 1;
    if (err == KD_OK) err = sim_replay_poll_create(&r->poll, r->base, &r->plan.admins, &url);
    return err == KD_OK ? -1 : unusable(url, err);
}

static const char *verdict_of(const replay *r)
{
    bool all = r->sent.acked == r->log.count && r->sent.acked > 0;
    if (r->check.beyond) return "wrong";
    if (!all || r->sent.stopped) return "unknown";
    if (r->check.right && r->sent.contradictions == 0) return "exact";
    return r->check.readable || r->sent.contradictions > 0 ? "wrong" : "unknown";
}

static int replay_exit_code(const replay *r, const char *verdict)
{
    if (strcmp(verdict, "exact") == 0) return KD_EXIT_OK;
    if (strcmp(verdict, "wrong") == 0) return KD_EXIT_FAILED;
    return r->sent.reached || r->log.count == 0 ? KD_EXIT_UNKNOWN : KD_EXIT_UNAVAILABLE;
}

/* Tells when the counts are not those of this log because the store held likes before. */
static void note_use(const replay *r)
{
    const sim_replay_check *c = &r->check;
    const int64_t *central = c->targets[c->count - 1].counts;
    const char *at =
        c->beyond ? sim_names_at(&r->log.items, c->beyond_item) : sim_names_at(&r->log.items, c->used_first);
    KD_ASSERT(central || !c->beyond);
    if (c->beyond)
        printf("central counts %lld likes of %s; in this log %llu users like it: the store holds likes of "
               "others, use an empty one\n",
               (long long)central[c->beyond_item], at, (unsigned long long)r->oracle.likers[c->beyond_item]);
    else if (c->used > 0 && !c->right)
        printf("the store was used before: of %u items central had counts already, of %s %lld; use an empty "
               "one\n",
               c->used, at, (long long)c->used_says);
}

static void notes(const replay *r)
{
    note_use(r);
    const sim_replay_sent *s = &r->sent;
    if (s->retries)
        printf("retries %llu (%llu answers lost on purpose)\n", (unsigned long long)s->retries,
               (unsigned long long)s->lost);
    if (s->contradictions)
        printf("%llu answers did not say what was asked for\n", (unsigned long long)s->contradictions);
    if (s->stopped) printf("gave up: %s\n", s->why);
}

static int replay_report(const replay *r)
{
    const sim_replay_sent *s = &r->sent;
    const char *verdict = verdict_of(r);
    const int64_t *central = r->check.targets[r->check.count - 1].counts;
    int64_t pairs = 0;
    uint64_t sending_us = KD_MAX(s->last_ack_us - s->started_us, (uint64_t)1);
    for (uint32_t i = 0; central && i < r->log.items.count; i++) pairs += central[i];
    notes(r);
    printf("replay events=%u acked=%llu pairs=%lld expected=%llu wrong_items=%u converged_ms=", r->log.count,
           (unsigned long long)s->acked, (long long)pairs, (unsigned long long)r->oracle.pairs,
           r->check.wrong_items);
    if (r->check.right)
        printf("%llu", (unsigned long long)(r->check.converged_us - s->last_ack_us) / 1000);
    else
        printf("-");
    printf(" likes_per_s=%.0f verdict=%s\n", (double)s->acked * 1e6 / (double)sending_us, verdict);
    fflush(stdout);
    return replay_exit_code(r, verdict);
}

static int replay_run(replay *r)
{
    sim_replay_view view = {
        .log = &r->log, .oracle = &r->oracle, .sent = &r->sent, .check = &r->check, .poll = r->poll};
    sim_replay_look(&r->log, &r->oracle, r->base, &r->check);
    if (r->check.beyond) return replay_report(r);
    sim_replay_view_init(&view, r->base);
    sim_replay_send(&r->plan, &r->log, r->engine, &r->sent);
    /* If sending was given up the counts cannot become right: one round of reads shows how far off they are. */
    uint64_t patience_us = r->sent.stopped ? 0 : r->plan.timeout_s * 1000000;
    if (r->sent.acked > 0) {
        sim_replay_verify(&r->log, &r->oracle, r->base, &r->check, kd_clock_mono_us() + patience_us);
    }
    sim_replay_view_finish(&view);
    if (r->sent.acked > 0) sim_replay_view_table(&view, (uint32_t)r->plan.top);
    return replay_report(r);
}

static void replay_finish(replay *r)
{
    sim_replay_poll_destroy(r->poll);
    sim_engine_destroy(r->engine);
    kd_http_client_destroy(r->central);
    sim_replay_check_finish(&r->check);
    sim_replay_oracle_finish(&r->oracle);
    sim_replay_log_finish(&r->log);
    event_base_free(r->base);
    free(r);
}

int sim_sim_replay(int argc, char **argv)
{
    replay *r = kd_alloc(sizeof *r);
    r->plan = (sim_replay_plan){.collection = "posts",
                                .spread_name = "sticky",
                                .speed_text = "max",
                                .seed = 1,
                                .connections = 4,
                                .streams = 64,
                                .timeout_s = 120,
                                .top = 5};
    char error[KD_LINE_FILE_ERROR_MAX];
    r->base = event_base_new();
    KD_ASSERT(r->base != NULL);
    r->engine = sim_engine_create(r->base);
    int rc = replay_parse(&r->plan, argc, argv);
    if (rc < 0 && sim_replay_log_load(&r->log, r->plan.file, r->plan.collection, error) != KD_OK) {
        fprintf(stderr, "kudos-sim replay: %s\n", error);
        rc = KD_EXIT_USAGE;
    }
    if (rc < 0) sim_replay_oracle_init(&r->oracle, &r->log);
    if (rc < 0) rc = connect_all(r);
    if (rc < 0) rc = replay_run(r);
    replay_finish(r);
    return rc;
}
