/* import_send.c - see the header. */
#include "central/io/import/import_send.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/conf/options.h"
#include "common/io/daemon/exit_code.h"
#include "common/io/loop/clock.h"

enum { POLL_US = 3000, POST_AGAIN_US = 3000000, PATIENCE_US = 60000000, REFUSED_US = 200000 };

/* A chunk under way; seq 0: none. */
typedef struct {
    uint64_t seq, events;
    uint64_t durable; /* the last chunk of which central said so */
    uint64_t begun_us;
    uint64_t post_us; /* when it is to be posted, again or for the first time */
    char region[KD_NAME_MAX + 1];
    kd_buf body;
} import_slot;

struct kd_import_send {
    kd_admin_client *client;
    const char *job;
    const uint64_t *chunks;
    uint32_t partitions;
    uint64_t acked;
    uint64_t pause_us; /* before the next question about the same chunk */
    kd_admin_answer answer;
    import_slot slots[];
};

static int import_ask(kd_import_send *s, uint32_t partition, bool post, char *error)
{
    import_slot *slot = &s->slots[partition];
    char path[256];
    int n = snprintf(path, sizeof path, "/admin/import?job=%s&partition=%" PRIu32, s->job, partition);
    if (post)
        snprintf(path + n, sizeof path - (size_t)n, "&seq=%" PRIu64 "&last=%d&region=%s", slot->seq,
                 slot->seq == s->chunks[partition], slot->region);
    int code = post ? kd_admin_client_post(s->client, path, kd_buf_view(&slot->body), &s->answer, error)
                    : kd_admin_client_get(s->client, path, &s->answer, error);
    if (code == KD_EXIT_OK) slot->durable = KD_MAX(slot->durable, kd_admin_number(&s->answer, "durable"));
    return code;
}

/* One step of the slot's chunk: asks, or posts where that is due. A central that is away, or takes nothing for the moment, is asked again. */
static int import_step(kd_import_send *s, uint32_t partition, char *error)
{
    import_slot *slot = &s->slots[partition];
    uint64_t now_us = kd_clock_mono_us();
    bool post = now_us >= slot->post_us;
    int code = import_ask(s, partition, post, error);
    if (code != KD_EXIT_OK && code != KD_EXIT_UNAVAILABLE) return code;
    if (s->answer.status == 0) kd_admin_client_next(s->client); /* another URL may have come to lead */
    if (post) slot->post_us = now_us + (code == KD_EXIT_OK ? POST_AGAIN_US : REFUSED_US);
    if (code == KD_EXIT_OK && slot->durable >= slot->seq) {
        s->acked += slot->events;
        slot->seq = 0;
        return KD_EXIT_OK;
    }
    s->pause_us = code == KD_EXIT_OK ? POLL_US : REFUSED_US;
    if (now_us - slot->begun_us > PATIENCE_US) {
        if (code == KD_EXIT_OK)
            snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %" PRIu32 " has merged nothing for a minute",
                     partition);
        return KD_EXIT_UNAVAILABLE;
    }
    return KD_EXIT_OK;
}

static int import_wait(kd_import_send *s, uint32_t partition, char *error)
{
    int code = KD_EXIT_OK;
    while (code == KD_EXIT_OK && s->slots[partition].seq != 0) {
        usleep((useconds_t)s->pause_us);
        code = import_step(s, partition, error);
    }
    return code;
}

/* Asks again while nobody leads the partition: it is handed over, or its leader has died. */
static int import_get(kd_admin_client *client, const char *path, kd_admin_answer *answer, char *error)
{
    for (uint64_t until_us = kd_clock_mono_us() + PATIENCE_US;;) {
        int code = kd_admin_client_get(client, path, answer, error);
        bool passes = answer->status == 503 || (answer->status == 421 && code == KD_EXIT_UNAVAILABLE);
        if (!passes || kd_clock_mono_us() > until_us) return code;
        usleep(REFUSED_US);
    }
}

int kd_import_partitions(kd_admin_client *client, uint32_t *partitions, char *error)
{
    kd_admin_answer answer = {.status = 0};
    int code = import_get(client, "/admin/import?job=none&partition=0", &answer, error);
    uint64_t n = code == KD_EXIT_OK ? kd_admin_number(&answer, "partitions") : 0;
    kd_buf_finish(&answer.body);
    *partitions = (uint32_t)n;
    if (code != KD_EXIT_OK || (n > 0 && n <= KD_PARTITIONS_MAX)) return code;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "central does not tell its partitions");
    return KD_EXIT_FAILED;
}

/* What central has of the job already. */
static int import_look(kd_import_send *s, uint32_t partition, char *error)
{
    char path[256];
    snprintf(path, sizeof path, "/admin/import?job=%s&partition=%" PRIu32, s->job, partition);
    int code = import_get(s->client, path, &s->answer, error);
    if (code == KD_EXIT_OK) s->slots[partition].durable = kd_admin_number(&s->answer, "durable");
    return code;
}

int kd_import_send_create(kd_import_send **out, kd_admin_client *client, const char *job,
                          const uint64_t *chunks, uint32_t partitions, char *error)
{
    kd_import_send *s = kd_alloc(sizeof *s + partitions * sizeof s->slots[0]);
    *s = (kd_import_send){
        .client = client, .job = job, .chunks = chunks, .partitions = partitions, .pause_us = POLL_US};
    *out = s;
    int code = KD_EXIT_OK;
    for (uint32_t i = 0; code == KD_EXIT_OK && i < partitions; i++)
        if (chunks[i] > 0) code = import_look(s, i, error);
    if (code == KD_EXIT_OK) return code;
    kd_import_send_destroy(s);
    *out = NULL;
    return code;
}

void kd_import_send_destroy(kd_import_send *s)
{
    if (!s) return;
    for (uint32_t i = 0; i < s->partitions; i++) kd_buf_finish(&s->slots[i].body);
    kd_buf_finish(&s->answer.body);
    free(s);
}

int kd_import_send_chunk(kd_import_send *s, const kd_import_chunk *chunk, char *error)
{
    import_slot *slot = &s->slots[chunk->partition];
    int code = import_wait(s, chunk->partition, error);
    if (code != KD_EXIT_OK) return code;
    if (chunk->seq <= slot->durable) {
        s->acked += chunk->events;
        return KD_EXIT_OK;
    }
    slot->seq = chunk->seq;
    slot->events = chunk->events;
    slot->begun_us = kd_clock_mono_us();
    slot->post_us = 0;
    snprintf(slot->region, sizeof slot->region, "%.*s", (int)chunk->region.len,
             (const char *)chunk->region.data);
    kd_buf_clear(&slot->body);
    kd_body_encode(chunk->body, &slot->body);
    return import_step(s, chunk->partition, error);
}

int kd_import_send_end(kd_import_send *s, char *error)
{
    int code = KD_EXIT_OK;
    for (uint32_t i = 0; code == KD_EXIT_OK && i < s->partitions; i++) code = import_wait(s, i, error);
    return code;
}

uint64_t kd_import_send_acked(const kd_import_send *s)
{
    return s->acked;
}
