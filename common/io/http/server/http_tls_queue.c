/* http_tls_queue.c - see the header. */
#include "common/io/http/server/http_tls_queue.h"

/* ---- who is next ---- */

void http_tls_queue_init(http_tls_queue *queue, uint32_t max, uint32_t max_per_line)
{
    KD_ASSERT(max > 0 && max_per_line > 0);
    *queue = (http_tls_queue){.max = max, .max_per_line = max_per_line};
    TAILQ_INIT(&queue->lines);
    TAILQ_INIT(&queue->late);
}

static struct http_tls_lines *queue_list(http_tls_queue *queue, const http_tls_line *line)
{
    return line->late ? &queue->late : &queue->lines;
}

void http_tls_queue_set_late(http_tls_queue *queue, http_tls_line *line, bool late)
{
    if (line->late == late) return;
    if (line->count > 0) TAILQ_REMOVE(queue_list(queue, line), line, next);
    line->late = late;
    if (line->count > 0) TAILQ_INSERT_TAIL(queue_list(queue, line), line, next);
}

/* Only asked for when the queue is full, so its bound bounds the search. */
static http_tls_line *queue_longest(const http_tls_queue *queue)
{
    http_tls_line *line, *longest = NULL;
    TAILQ_FOREACH(line, &queue->lines, next) {
        if (!longest || line->count > longest->count) longest = line;
    }
    TAILQ_FOREACH(line, &queue->late, next) {
        if (!longest || line->count > longest->count) longest = line;
    }
    return longest;
}

/* Room for one more of `line`. False: there is none. */
static bool queue_make_room(http_tls_queue *queue, const http_tls_line *line, http_tls_place **displaced)
{
    if (line->count >= queue->max_per_line) return false;
    if (queue->count < queue->max) return true;
    http_tls_line *longest = queue_longest(queue);
    http_tls_place *last = TAILQ_LAST(&longest->places, http_tls_places);
    if (longest->count <= line->count + 1 || last->begun) return false;
    http_tls_queue_remove(queue, last);
    *displaced = last;
    return true;
}

bool http_tls_queue_add(http_tls_queue *queue, http_tls_line *line, http_tls_place *place,
                        http_tls_place **displaced)
{
    KD_ASSERT(!place->line);
    *displaced = NULL;
    if (!place->begun && !queue_make_room(queue, line, displaced)) return false;
    if (line->count == 0) {
        TAILQ_INIT(&line->places);
        TAILQ_INSERT_TAIL(queue_list(queue, line), line, next);
    }
    if (place->begun)
        TAILQ_INSERT_HEAD(&line->places, place, next);
    else
        TAILQ_INSERT_TAIL(&line->places, place, next);
    place->line = line;
    line->count++;
    queue->count++;
    return true;
}

void http_tls_queue_remove(http_tls_queue *queue, http_tls_place *place)
{
    http_tls_line *line = place->line;
    if (!line) return;
    TAILQ_REMOVE(&line->places, place, next);
    place->line = NULL;
    queue->count--;
    if (--line->count == 0) TAILQ_REMOVE(queue_list(queue, line), line, next);
}

bool http_tls_queue_late_next(const http_tls_queue *queue)
{
    return TAILQ_EMPTY(&queue->lines) && !TAILQ_EMPTY(&queue->late);
}

http_tls_place *http_tls_queue_take(http_tls_queue *queue)
{
    struct http_tls_lines *list = TAILQ_EMPTY(&queue->lines) ? &queue->late : &queue->lines;
    http_tls_line *line = TAILQ_FIRST(list);
    if (!line) return NULL;
    TAILQ_REMOVE(list, line, next);
    TAILQ_INSERT_TAIL(list, line, next);
    http_tls_place *place = TAILQ_FIRST(&line->places);
    http_tls_queue_remove(queue, place);
    place->begun = true;
    return place;
}

/* ---- when ---- */

static void share_fill(http_tls_share *share, int64_t now_us)
{
    if (now_us <= share->at_us) return;
    share->left_us =
        KD_MIN(share->left_us + (now_us - share->at_us), (int64_t)HTTP_TLS_SHARE * HTTP_TLS_SAVED_US);
    share->at_us = now_us;
}

void http_tls_share_asked(http_tls_share *share, int64_t now_us)
{
    share->asked_us = now_us;
}

int64_t http_tls_share_wait(http_tls_share *share, int64_t now_us)
{
    share_fill(share, now_us);
    int64_t quiet_in_us = share->asked_us == 0 ? 0 : share->asked_us + HTTP_TLS_QUIET_US - now_us;
    if (quiet_in_us <= 0 || share->left_us > 0) return 0;
    return KD_MIN(quiet_in_us, 1 - share->left_us);
}

void http_tls_share_use(http_tls_share *share, int64_t begin_us, int64_t end_us, bool late)
{
    const int64_t times = late ? HTTP_TLS_LATE_TIMES : 1;
    share_fill(share, begin_us);
    share->left_us = KD_MAX(share->left_us - times * HTTP_TLS_SHARE * (end_us - begin_us),
                            -(int64_t)HTTP_TLS_SHARE * HTTP_TLS_OVERDRAWN_US);
    share_fill(share, end_us);
}

/* ---- who is late ---- */

void http_tls_debts_note(http_tls_debts *debts, uint64_t key, int64_t now_ms)
{
    size_t i = key % HTTP_TLS_DEBTS;
    bool owed = debts->at[i].paid_ms > now_ms;
    if (owed && debts->at[i].key != key) return;
    int64_t paid_ms = (owed ? debts->at[i].paid_ms : now_ms) + HTTP_TLS_DEBT_MS;
    debts->at[i].key = key;
    debts->at[i].paid_ms = KD_MIN(paid_ms, now_ms + HTTP_TLS_DEBT_MAX_MS);
}

void http_tls_debts_forgive(http_tls_debts *debts, uint64_t key, int64_t now_ms)
{
    size_t i = key % HTTP_TLS_DEBTS;
    if (debts->at[i].key == key)
        debts->at[i].paid_ms = KD_MAX(debts->at[i].paid_ms - HTTP_TLS_DEBT_MS, now_ms);
}

bool http_tls_debts_late(const http_tls_debts *debts, uint64_t key, int64_t now_ms)
{
    size_t i = key % HTTP_TLS_DEBTS;
    return debts->at[i].key == key && debts->at[i].paid_ms > now_ms + HTTP_TLS_DEBT_LATE_MS;
}
