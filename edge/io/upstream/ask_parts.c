/* ask_parts.c - see the header. The question lives until its last part has ended. */
#include "edge/io/upstream/ask_parts.h"

#include <stdlib.h>

#include "edge/io/upstream/central_words.h"

typedef struct {
    kd_parts_question q;
    kd_http_client_field fields[KD_HTTP_CLIENT_FIELDS_MAX];
    kd_buf text; /* of the fields */
    uint64_t until_us;
    uint32_t open; /* parts under way */
} parts_whole;

typedef struct {
    parts_whole *whole;
    uint32_t round, count;
    uint32_t at[KD_BULK_ITEMS_MAX]; /* indices of items; only the first `count` have memory */
} parts_part;

static uint32_t parts_partition(const parts_whole *w, uint32_t item)
{
    return kd_asker_partition(w->q.asker, w->q.items[item]);
}

static parts_part *parts_part_create(parts_whole *w, uint32_t round, const uint32_t *at, uint32_t count)
{
    parts_part *p = kd_alloc(offsetof(parts_part, at) + count * sizeof *at);
    p->whole = w;
    p->round = round;
    p->count = count;
    memcpy(p->at, at, count * sizeof *at);
    return p;
}

static bool parts_several(const parts_part *p)
{
    uint32_t first = parts_partition(p->whole, p->at[0]);
    for (uint32_t i = 1; i < p->count; i++)
        if (parts_partition(p->whole, p->at[i]) != first) return true;
    return false;
}

static void parts_on_answer(void *arg, int result, int status, const kd_http_response *r);

/* Takes the part over. */
static int parts_send(parts_part *p)
{
    parts_whole *w = p->whole;
    kd_asker *a = w->q.asker;
    uint64_t now_us = kd_clock_mono_us();
    kd_buf_clear(&a->body);
    w->q.write(w->q.arg, p->at, p->count);
    const kd_upstream_question question = {.method = "POST",
                                           .path = kd_bytes_str(w->q.path),
                                           .body = kd_buf_view(&a->body),
                                           .fields = w->fields,
                                           .field_count = w->q.field_count,
                                           .first = w->q.first,
                                           .tells = "items",
                                           .partition = parts_partition(w, p->at[0]),
                                           .several = parts_several(p),
                                           .led = w->q.led,
                                           .deadline_ms = (uint32_t)((w->until_us - now_us + 999) / 1000)};
    int err =
        now_us < w->until_us ? kd_upstream_ask(&a->upstream, &question, parts_on_answer, p) : KD_ETIMEOUT;
    w->open += err == KD_OK;
    a->open += err == KD_OK;
    if (err != KD_OK) free(p);
    return err;
}

/* Cuts the items into parts by the URLs that lead them, and sends these. KD_OK: at least one went. */
static int parts_divide(parts_whole *w, uint32_t round, uint32_t *at, uint32_t count)
{
    uint32_t same[KD_BULK_ITEMS_MAX];
    int err = KD_EUNAVAILABLE;
    while (count > 0) {
        uint32_t n = 0, rest = 0, first = parts_partition(w, at[0]);
        for (uint32_t i = 0; i < count; i++) {
            bool with_first = kd_upstream_together(&w->q.asker->upstream, first, parts_partition(w, at[i]));
            *(with_first ? &same[n++] : &at[rest++]) = at[i];
        }
        count = rest;
        int sent = parts_send(parts_part_create(w, round, same, n));
        if (err != KD_OK) err = sent;
    }
    return err;
}

/* ---- 421 ---- */

typedef struct {
    const parts_whole *whole;
    uint32_t *at, count;
} parts_left;

/* Takes the items of a partition off whose leader is not known here. */
static void parts_drop(void *arg, uint32_t partition, kd_bytes leader)
{
    parts_left *left = arg;
    uint32_t kept = 0;
    (void)leader;
    if (kd_upstream_leader(&left->whole->q.asker->upstream, partition) != KD_CENTRALS_NONE) return;
    for (uint32_t i = 0; i < left->count; i++)
        if (parts_partition(left->whole, left->at[i]) != partition) left->at[kept++] = left->at[i];
    left->count = kept;
}

static void parts_ask_elsewhere(parts_part *p, const kd_http_response *r)
{
    kd_buf scratch = {0};
    parts_left left = {p->whole, p->at, p->count};
    kd_central_words_elsewhere(kd_http_response_body(r), &scratch, parts_drop, &left);
    kd_buf_finish(&scratch);
    parts_divide(p->whole, p->round + 1, p->at, left.count);
}

static void parts_let_go(parts_whole *w)
{
    kd_buf_finish(&w->text);
    free(w);
}

static void parts_on_answer(void *arg, int result, int status, const kd_http_response *r)
{
    parts_part *p = arg;
    parts_whole *w = p->whole;
    kd_asker *a = w->q.asker;
    if (result == KD_OK && status == 200) w->q.answer(w->q.arg, p->at, p->count, kd_http_response_body(r));
    if (result == KD_OK && status == 421 && p->round < KD_ASK_ROUNDS_MAX) parts_ask_elsewhere(p, r);
    free(p);
    a->open--;
    if (--w->open > 0) return;
    w->q.end(w->q.arg);
    kd_turn_wake(&a->base->turn);
    parts_let_go(w);
}

/* ---- the interface ---- */

static kd_bytes parts_keep(kd_buf *text, kd_bytes b)
{
    size_t at = text->len;
    kd_buf_put(text, b.data, b.len);
    return kd_bytes_of(text->data + at, b.len);
}

static void parts_hold_fields(parts_whole *w)
{
    size_t bytes = 1;
    for (size_t i = 0; i < w->q.field_count; i++) bytes += w->q.fields[i].name.len + w->q.fields[i].value.len;
    kd_buf_reserve(&w->text, bytes);
    for (size_t i = 0; i < w->q.field_count; i++) {
        w->fields[i] = w->q.fields[i];
        w->fields[i].name = parts_keep(&w->text, w->q.fields[i].name);
        w->fields[i].value = parts_keep(&w->text, w->q.fields[i].value);
    }
}

int kd_ask_parts(const kd_parts_question *question)
{
    uint32_t at[KD_BULK_ITEMS_MAX];
    KD_ASSERT(question->count <= KD_BULK_ITEMS_MAX && question->field_count <= KD_HTTP_CLIENT_FIELDS_MAX);
    parts_whole *w = kd_alloc(sizeof *w);
    w->q = *question;
    w->until_us = kd_clock_mono_us() + question->asker->base->settings->read_deadline_us;
    parts_hold_fields(w);
    for (uint32_t i = 0; i < question->count; i++) at[i] = i;
    int err = parts_divide(w, 1, at, question->count);
    if (err != KD_OK) parts_let_go(w);
    return err;
}
