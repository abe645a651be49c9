/* http_tls_queue.c - see the header. */
#include "common/io/http/server/http_tls_queue.h"

/* ---- who is next ---- */

void http_tls_queue_init(http_tls_queue *queue, uint32_t max, uint32_t max_per_line)
{
    KD_ASSERT(max > 0 && max_per_line > 0);
    *queue = (http_tls_queue){.max = max, .max_per_line = max_per_line};
    TAILQ_INIT(&queue->lines);
}

/* Only asked for when the queue is full, so its bound bounds the search. */
static http_tls_line *queue_longest(const http_tls_queue *queue)
{
    http_tls_line *line, *longest = NULL;
    TAILQ_FOREACH(line, &queue->lines, next) {
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
        TAILQ_INSERT_TAIL(&queue->lines, line, next);
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
    if (--line->count == 0) TAILQ_REMOVE(&queue->lines, line, next);
}

http_tls_place *http_tls_queue_take(http_tls_queue *queue)
{
    http_tls_line *line = TAILQ_FIRST(&queue->lines);
    if (!line) return NULL;
    TAILQ_REMOVE(&queue->lines, line, next);
    TAILQ_INSERT_TAIL(&queue->lines, line, next);
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

void http_tls_share_use(http_tls_share *share, int64_t begin_us, int64_t end_us)
{
    share_fill(share, begin_us);
    share->left_us = KD_MAX(share->left_us - HTTP_TLS_SHARE * (end_us - begin_us),
                            -(int64_t)HTTP_TLS_SHARE * HTTP_TLS_OVERDRAWN_US);
    share_fill(share, end_us);
}
