/* order_run.c - see the header. */
#include "central/io/commands/order_run.h"

#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "central/io/commands/job_watch.h"
#include "central/io/commands/source_act.h"
#include "common/base/text.h"
#include "common/io/loop/clock.h"

enum { PATIENCE_US = 60000000, AGAIN_MIN_US = 50000, AGAIN_MAX_US = 1000000 };

typedef struct {
    kd_admin_client *client;
    kd_order order; /* for the partitions that are left */
    kd_order_told *told;
    kd_admin_answer answer;
    uint64_t until_us; /* when it is given up, unless something is done */
    uint64_t pause_us;
} order_run;

/* Whether the answer is that of a job that has ended, in whatever way. */
static bool order_ended(const order_run *r)
{
    kd_buf state = {0};
    bool told = kd_admin_str(&r->answer, "state", &state) &&
                !kd_bytes_eq(kd_buf_view(&state), kd_bytes_str("running"));
    kd_buf_finish(&state);
    return told && kd_admin_number(&r->answer, "job") != 0;
}

/* Adds up what a job told, and takes what it has done off the order. True: nothing is left. */
static bool order_take(order_run *r)
{
    kd_order_told *t = r->told;
    kd_buf text = {0};
    kd_partition_set left;
    kd_admin_str(&r->answer, "left", &text);
    kd_buf_put_u8(&text, '\0');
    if (kd_partition_set_read(&left, (const char *)text.data) != KD_OK) left = r->order.partitions;
    if (memcmp(&left, &r->order.partitions, sizeof left) != 0) r->until_us = kd_clock_mono_us() + PATIENCE_US;
    r->order.partitions = left;
    kd_admin_str(&r->answer, "lines", &text);
    for (size_t i = 0; i < text.len; i++)
        kd_buf_put_u8(&t->text, kd_text_steers(text.data[i]) ? '?' : text.data[i]);
    kd_buf_finish(&text);
    t->partitions += kd_admin_number(&r->answer, "partitions");
    t->items += kd_admin_number(&r->answer, "items");
    t->members += kd_admin_number(&r->answer, "members");
    t->mismatches += kd_admin_number(&r->answer, "mismatches");
    t->of = kd_admin_number(&r->answer, "of");
    t->now_us = KD_MAX(t->now_us, kd_admin_number(&r->answer, "begun_us"));
    return kd_partition_set_count(&left) == 0;
}

/* Whether others may have the partitions, or will: there are several URLs, or a member that was just started refused, which has not heard of the others yet. */
static bool order_has_others(const order_run *r)
{
    kd_buf urls = {0};
    bool told = r->answer.status == 503 && kd_admin_str(&r->answer, "urls", &urls);
    kd_buf_finish(&urls);
    return told || kd_admin_client_urls(r->client) > 1;
}

/* Before the next attempt, perhaps of another member. False: it is given up. A central that is alone is not tried again: nobody else has its partitions. */
static bool order_again(order_run *r, int code)
{
    if (!order_has_others(r) || kd_clock_mono_us() > r->until_us) return false;
    usleep((useconds_t)(r->pause_us / 2 + randombytes_uniform((uint32_t)r->pause_us)));
    r->pause_us = KD_MIN(2 * r->pause_us, (uint64_t)AGAIN_MAX_US);
    if (code != KD_EXIT_OK) kd_admin_client_next(r->client);
    return true;
}

/* A backup that was broken off has left something at its place, and would be refused for that if it were ordered again. */
static bool order_repeats(const order_run *r)
{
    return r->order.kind != KD_ORDER_BACKUP && r->order.kind != KD_ORDER_BACKUP_PRUNE;
}

/* Why some partitions were not done, where the last answer was no error or does not tell it. */
static void order_tell_left(const order_run *r, int code, char *error)
{
    if (kd_admin_client_withholds(r->client))
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "the token is shown to members that are named with --url alone, as records are not signed "
                 "(kafka.keys_file): name all of them");
    else if (code == KD_EXIT_OK)
        snprintf(error, KD_OPTIONS_ERROR_MAX, "nobody leads some of the partitions: see `members`");
}

static int order_carry_out(order_run *r, char *error)
{
    for (;;) {
        uint64_t until_us = r->until_us;
        int code = kd_job_watch(r->client, &r->order, &r->answer, error);
        bool ended = order_ended(r), all = ended && order_take(r);
        if (code == KD_EXIT_OK && all) return code;
        if (code != KD_EXIT_OK && (code != KD_EXIT_UNAVAILABLE || !order_repeats(r))) return code;
        if (r->until_us != until_us) {
            r->pause_us = AGAIN_MIN_US;
            continue; /* something was done: those that are left are ordered of their leaders at once */
        }
        if (order_again(r, code)) continue;
        order_tell_left(r, code, error);
        return KD_EXIT_UNAVAILABLE;
    }
}

static int order_by_url(const kd_source *source, const kd_order *order, kd_order_told *told, char *error)
{
    order_run r = {.order = *order,
                   .told = told,
                   .until_us = kd_clock_mono_us() + PATIENCE_US,
                   .pause_us = AGAIN_MIN_US};
    if (r.order.job[0] == '\0')
        snprintf(r.order.job, sizeof(r.order.job), "order-%08x%08x", randombytes_random(),
                 randombytes_random());
    int code = kd_admin_client_open(&r.client, source->url, source->token, "/admin/job", error);
    if (code == KD_EXIT_OK) code = order_carry_out(&r, error);
    told->elsewhere = code != KD_EXIT_OK && r.answer.status == 421;
    if (code == KD_EXIT_OK && told->partitions == 0 && order->kind != KD_ORDER_MEMBERS) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "no partition knows it");
        told->nobody_knows = true;
        code = KD_EXIT_FAILED;
    }
    kd_buf_finish(&r.answer.body);
    kd_admin_client_close(r.client);
    return code;
}

int kd_order_ask(const kd_source *source, const kd_order *order, kd_order_told *told, char *error)
{
    uint32_t partitions = 0;
    *told = (kd_order_told){.partitions = 0};
    KD_ASSERT(sodium_init() >= 0);
    if (!source->dir) return order_by_url(source, order, told, error);
    int code = kd_source_act(source, order, &told->text, &partitions, error);
    told->partitions = partitions;
    return code;
}

void kd_order_told_finish(kd_order_told *told)
{
    kd_buf_finish(&told->text);
}

int kd_order_run(const kd_source *source, const kd_order *order, kd_buf *text, uint64_t *found, char *error)
{
    kd_order_told told;
    int code = kd_order_ask(source, order, &told, error);
    *found = told.partitions;
    if (told.text.len > 0) kd_buf_put(text, told.text.data, told.text.len);
    kd_order_told_finish(&told);
    return code;
}

uint64_t kd_order_print(const kd_buf *text)
{
    uint64_t lines = 0;
    for (size_t i = 0; i < text->len; i++) lines += text->data[i] == '\n';
    if (text->len > 0) fwrite(text->data, 1, text->len, stdout);
    return lines;
}

bool kd_order_set_name(kd_order *order, const char *name)
{
    return (size_t)snprintf(order->name, sizeof(order->name), "%s", name) < sizeof(order->name);
}
