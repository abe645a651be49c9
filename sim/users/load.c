/*
 * load.c - the command: options, threads, the lines at the end.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/text.h"
#include "kudos/id.h"
#include "common/io/daemon/args.h"
#include "sim/users/load.h"

static const uint64_t SEED_NONE = UINT64_MAX; /* above what --seed takes: none was given */
enum {
    NUMBER_MAX = 16,     /* bytes that the number of an item may take in --path */
    PUMP_BATCH_MAX = 200 /* whose body is below SIM_PUMP_BODY_MAX, whatever the numbers of users and items */
};

typedef struct {
    sim_load_plan plan;
    bool like, read, batch;
} load_options;

typedef struct {
    const sim_load_plan *plan;
    pthread_t thread;
    uint32_t index;
    int rc;
    sim_load_result result;
} crew;

static void *crew_main(void *arg)
{
    crew *c = arg;
    const sim_load_plan *p = c->plan;
    c->rc = (p->pump ? sim_load_pump : sim_load_work)(p, c->index, &c->result);
    return NULL;
}

/* -1: the options are usable, the program goes on. Else KD_EXIT_USAGE, after a message on standard error. */
static int load_check(const kd_args *args, load_options *o)
{
    sim_load_plan *p = &o->plan;
    p->pump = p->pump || p->phones > 0;
    if (o->like + o->read + o->batch + (p->path != NULL) > 1)
        return kd_args_refuse(args, "--like, --read, --batch and --path exclude each other");
    if (p->path && (*p->path != '/' || strlen(p->path) + NUMBER_MAX > KD_LOAD_PATH_MAX))
        return kd_args_refuse(args, "--path must begin with / and have at most %d bytes",
                              KD_LOAD_PATH_MAX - NUMBER_MAX);
    if (!kd_collection_valid(kd_bytes_str(p->collection)))
        return kd_args_refuse(args, "--collection is not [a-z][a-z0-9_-]{0,31}");
    if (o->batch && p->batch_size > p->items)
        return kd_args_refuse(args, "--batch-size is more than --items");
    if (p->jwt_key && p->users > KD_LOAD_TOKENS_MAX)
        return kd_args_refuse(args, "with --jwt-key, --users is at most %d", KD_LOAD_TOKENS_MAX);
    if (p->check && (o->read || p->path))
        return kd_args_refuse(args, "--check goes with --like or --batch alone");
    if (p->pump && (strncmp(p->edge, "http://", 7) != 0 || p->batch_size > PUMP_BATCH_MAX))
        return kd_args_refuse(args, "--pump and --phones go with http:// and batches of at most %d",
                              PUMP_BATCH_MAX);
    if (p->phones && (o->read || o->batch || p->path || p->keys))
        return kd_args_refuse(args, "--phones goes with --like alone, without --keys");
    if (p->phones && p->threads * p->connections > p->users)
        return kd_args_refuse(args, "--phones: there are fewer --users than connections");
    p->mode = p->path ? KD_LOAD_PATH : o->batch ? KD_LOAD_BATCH : o->read ? KD_LOAD_READ : KD_LOAD_LIKE;
    return -1;
}

static int load_parse(load_options *o, int argc, char **argv)
{
    sim_load_plan *p = &o->plan;
    const kd_arg table[] = {
        KD_ARG_TEXT("edge", "URL", &p->edge, "the server: http:// (HTTP/2 with prior knowledge) or https://",
                    .required = true),
        KD_ARG_FLAG("like", &o->like, "sends likes, each of another (user, item) pair (the default)"),
        KD_ARG_FLAG("read", &o->read, "reads the counts of an item per request"),
        KD_ARG_FLAG("batch", &o->batch, "sends POST /v1/likes, many likes in one request"),
        KD_ARG_TEXT("path", "P", &p->path,
                    "sends GET of this path, to any server; {item} in it becomes the number of an item, "
                    "drawn for each request"),
        KD_ARG_FLAG("named", &p->named, "with --read or --path: another X-User-Id with each request"),
        KD_ARG_TEXT("jwt-key", "FILE", &p->jwt_key,
                    "private key or secret, as of kudos-sim token: users show a token (JWT) signed by it, "
                    "with aud kudos, "
                    "instead of their names"),
        KD_ARG_UINT("phones", "N", &p->phones,
                    "with --like: a connection belongs to one user for N likes, then to the next; his token "
                    "or name enters the compression table of the connection. By the client of --pump",
                    .min = 1, .max = 1e6),
        KD_ARG_UINT("users", "N", &p->users, "number of users [1000000]", .min = 1, .max = 4e9),
        KD_ARG_UINT("items", "N", &p->items, "number of items [10000]", .min = 1, .max = 1e8),
        KD_ARG_REAL("zipf", "S", &p->zipf_s,
                    "exponent of Zipf's law by which items are drawn; 0: all alike [0]", .max = 10),
        KD_ARG_UINT("seconds", "T", &p->seconds, "seconds to send [5]", .min = 1, .max = 86400),
        KD_ARG_UINT("connections", "C", &p->connections, "connections per thread [16]", .min = 1,
                    .max = 4096),
        KD_ARG_UINT("streams", "S", &p->streams, "requests in flight per connection [32]", .min = 1,
                    .max = 1000),
        KD_ARG_UINT("rate", "R", &p->rate,
                    "requests per second over all threads, however long answers take; 0: each answer brings "
                    "the next request [0]",
                    .max = 1e8),
        KD_ARG_UINT("threads", "N", &p->threads, "number of threads, each with connections of its own [1]",
                    .min = 1, .max = 64),
        KD_ARG_UINT("batch-size", "N", &p->batch_size, "likes per batch [200]", .min = 1,
                    .max = KD_BULK_OPS_MAX),
        KD_ARG_TEXT("collection", "NAME", &p->collection, "collection of the items [posts]"),
        KD_ARG_FLAG("check", &p->check,
                    "with --like or --batch: likes items that only this seed has, and reads afterwards "
                    "whether each like counts once"),
        KD_ARG_FLAG("keys", &p->keys, "sends an Idempotency-Key with each like"),
        KD_ARG_FLAG("pump", &p->pump,
                    "sends bytes made beforehand and reads of answers no more than their status, which costs "
                    "little: for benches. answers=other: are of a status that stands in HPACK's dynamic "
                    "table or as text, such as 503"),
        KD_ARG_UINT("cpu-of", "PID", &p->cpu_of,
                    "tells the processor time of this process per request, until --seconds are over",
                    .max = INT32_MAX),
        KD_ARG_UINT("deadline-ms", "N", &p->deadline_ms,
                    "a request without an answer after so many milliseconds is an error [5000]", .min = 1,
                    .max = 600000),
        KD_ARG_UINT("seed", "N", &p->seed,
                    "names the users and draws the items [1; with --check the time of day]", .max = 1e18),
        KD_ARG_TEXT("ca", "FILE", &p->ca_file, "https: PEM file of the authorities to trust [the system's]"),
        KD_ARG_FLAG("insecure", &p->insecure, "https: does not verify the server"),
    };
    const kd_args args = {
        .program = "kudos-sim",
        .command = "load",
        .usage = "--edge URL [options]",
        .about = "Loads one server and tells how fast it answered.",
        .at = table,
        .count = KD_COUNT(table),
        .more = "last line: load requests= errors= per_s= p50_us= p99_us= max_us= verdict=ok|failed"};
    int rc = kd_args_read(&args, argc, argv);
    return rc >= 0 ? rc : load_check(&args, o);
}

static int load_run(const sim_load_plan *plan, sim_load_result *sum)
{
    crew *all = kd_alloc(plan->threads * sizeof *all);
    int rc = KD_OK;
    if (plan->check) sim_load_tally_init(&sum->tally, (uint32_t)plan->items);
    for (uint32_t i = 0; i < plan->threads; i++) {
        all[i].plan = plan;
        all[i].index = i;
        int failed = pthread_create(&all[i].thread, NULL, crew_main, &all[i]);
        KD_ASSERT(failed == 0);
    }
    for (uint32_t i = 0; i < plan->threads; i++) {
        sim_load_result *one = &all[i].result;
        pthread_join(all[i].thread, NULL);
        if (all[i].rc != KD_OK) rc = all[i].rc;
        sum->requests += one->requests;
        sum->errors += one->errors;
        sum->likes += one->likes;
        for (int s = 0; s < KD_LOAD_STATUS_MAX; s++) sum->answers[s] += one->answers[s];
        for (int e = 0; e < KD_LOAD_ERRORS_MAX; e++) sum->failed[e] += one->failed[e];
        sim_load_window_merge(&sum->window, &one->window);
        if (sum->first_status == 0) sum->first_status = one->first_status;
        sim_histogram_merge(&sum->latency_us, &one->latency_us);
        sim_load_tally_merge(&sum->tally, &one->tally);
        sim_load_tally_finish(&one->tally);
    }
    free(all);
    return rc;
}

static const char *failure_words(int err)
{
    switch (err) {
    case KD_EUNAVAILABLE:
        return "connection-failed";
    case KD_ETIMEOUT:
        return "deadline-passed";
    case KD_EUNTRUSTED:
        return "certificate-not-verified";
    case KD_ETOOBIG:
        return "answer-too-large";
    default:
        return "not-sent"; /* kd_http_client_request refused it */
    }
}

static void put_answer(kd_buf *out, const char *what, uint64_t count)
{
    if (count == 0) return;
    bool first = out->data[out->len - 1] == '=';
    kd_text_printf(out, "%s%s:%llu", first ? "" : ",", what, (unsigned long long)count);
}

void sim_load_put_answers(const sim_load_result *r, kd_buf *out)
{
    kd_text_printf(out, "answers=");
    put_answer(out, "other", r->answers[KD_LOAD_STATUS_OTHER]);
    for (int s = KD_LOAD_STATUS_OTHER + 1; s < KD_LOAD_STATUS_MAX; s++) {
        char digits[12];
        snprintf(digits, sizeof digits, "%d", s);
        put_answer(out, digits, r->answers[s]);
    }
    for (int e = 0; e < KD_LOAD_ERRORS_MAX; e++) put_answer(out, failure_words(-e), r->failed[e]);
}

static void print_answers(const sim_load_result *r)
{
    kd_buf text = {0};
    sim_load_put_answers(r, &text);
    printf("%.*s\n", (int)text.len, (const char *)text.data);
    kd_buf_finish(&text);
}

static uint64_t load_unanswered(const sim_load_result *r)
{
    uint64_t n = 0;
    for (int e = 0; e < KD_LOAD_ERRORS_MAX; e++) n += r->failed[e];
    return n;
}

static int load_report(const sim_load_plan *plan, const sim_load_result *r)
{
    const sim_load_window *w = &r->window;
    double seconds = (double)KD_MAX(w->elapsed_us, (uint64_t)1) / 1e6;
    bool ok = r->errors == 0 && r->requests > 0;
    if (r->first_status > 0) printf("first error: status %d\n", r->first_status);
    if (r->first_status < 0) printf("first error: %s\n", kd_strerror(r->first_status));
    if (plan->mode == KD_LOAD_LIKE || plan->mode == KD_LOAD_BATCH) {
        printf("likes=%llu likes_per_s=%.0f\n", (unsigned long long)r->likes, (double)w->likes / seconds);
    }
    if (plan->cpu_of)
        printf("cpu_us=%llu cpu_us_per_request=%.3f\n", (unsigned long long)w->cpu_us,
               (double)w->cpu_us / (double)KD_MAX(w->requests, (uint64_t)1));
    if (r->errors > 0) print_answers(r);
    fflush(stdout); /* who waits for the end of the load need not wait for the check */
    if (plan->check) ok = sim_load_check(plan, &r->tally) && ok;
    printf("load requests=%llu errors=%llu per_s=%.0f p50_us=%llu p99_us=%llu max_us=%llu verdict=%s\n",
           (unsigned long long)r->requests, (unsigned long long)r->errors, (double)w->requests / seconds,
           (unsigned long long)sim_histogram_quantile(&r->latency_us, 0.5),
           (unsigned long long)sim_histogram_quantile(&r->latency_us, 0.99),
           (unsigned long long)r->latency_us.max, ok ? "ok" : "failed");
    if (ok) return KD_EXIT_OK;
    return load_unanswered(r) == r->requests ? KD_EXIT_UNAVAILABLE : KD_EXIT_FAILED;
}

int sim_sim_load(int argc, char **argv)
{
    load_options o = {.plan = {.users = 1000000,
                               .items = 10000,
                               .seconds = 5,
                               .connections = 16,
                               .streams = 32,
                               .threads = 1,
                               .batch_size = 200,
                               .collection = "posts",
                               .deadline_ms = 5000,
                               .seed = SEED_NONE}};
    int rc = load_parse(&o, argc, argv);
    if (rc >= 0) return rc;
    if (o.plan.seed == SEED_NONE) o.plan.seed = o.plan.check ? (uint64_t)time(NULL) : 1;
    const char *fault;
    if (o.plan.jwt_key &&
        sim_load_tokens_make(&o.plan.tokens, o.plan.jwt_key, o.plan.seed, o.plan.users, &fault) != KD_OK) {
        fprintf(stderr, "kudos-sim load: --jwt-key: %s\n", fault);
        return KD_EXIT_USAGE;
    }
    sim_zipf_init(&o.plan.zipf, (uint32_t)o.plan.items, o.plan.zipf_s);
    sim_load_result *sum = kd_alloc(sizeof *sum);
    int failed = load_run(&o.plan, sum);
    if (failed != KD_OK) {
        const char *why = failed == KD_EIO ? "the file of --ca cannot be used" : kd_strerror(failed);
        fprintf(stderr, "kudos-sim load: %s: %s\n", o.plan.edge, why);
        bool gone = failed == KD_ENOTFOUND || failed == KD_EUNAVAILABLE;
        rc = gone ? KD_EXIT_UNAVAILABLE : KD_EXIT_USAGE;
    } else {
        rc = load_report(&o.plan, sum);
    }
    sim_zipf_finish(&o.plan.zipf);
    sim_load_tokens_finish(&o.plan.tokens);
    sim_load_tally_finish(&sum->tally);
    free(sum);
    return rc;
}
