/*
 * live.c - see the header.
 *
 *     item ── subs: one for each stream that shows it ── stream
 *
 * A sub is `due` while its stream has not been sent the item as it is now. A stream is in `ready` from the moment that it has something to be sent until
 * it is taken from there, and then `armed` until it was sent all. It is in `rest`, by the time at which it was sent something last, from its
 * beginning to its end.
 *
 * The id of an event tells up to when its client knows everything about these items: all that their shards had told by then was sent. With it stand
 * the run of the process and a digest of the request, since neither another process nor another list of items is told by it.
 */
#include "kudos/live.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "common/base/table.h"

typedef struct live_item live_item;

typedef struct live_sub {
    LIST_ENTRY(live_sub) of_item;
    live_item *item;
    uint8_t at, liked; /* index in the stream; as in kd_live_found */
    uint8_t looking;   /* questions whether the user likes the item that are not answered */
    bool due;
    bool asks; /* such a question is asked next */
    bool pays; /* the item counts in the size of this stream */
} live_sub;

struct live_item {
    kd_table_entry link;
    LIST_HEAD(live_subs, live_sub) subs;
    TAILQ_ENTRY(live_item) of_dropped;
    kd_view view;
    uint64_t at_us; /* of the view */
    bool central;
    uint32_t count, members; /* of the subs; of those that show `liked` */
    kd_buf text;
    uint64_t text_us; /* when it was written; 0: not since the view came */
    size_t liked_at;
    uint8_t key_len;
    uint8_t key[];
};

/* Whose stream it is: only with members. */
typedef struct {
    kd_seen seen;
    uint64_t hash;
    size_t len;
    uint8_t user[];
} live_who;

struct kd_live_stream {
    TAILQ_ENTRY(kd_live_stream) of_ready, of_rest, of_asking, of_grown;
    void *arg;
    live_who *who;
    uint64_t known_us; /* by the client's id at first, then by what it was sent */
    uint64_t since_us; /* its state was looked at then, or later */
    uint64_t sent_us;  /* something, last */
    uint64_t until_us; /* 0: it has no end of its own */
    uint64_t shards;   /* bit set: of its items */
    uint32_t digest;
    uint32_t looks; /* questions under way */
    uint16_t count, due;
    uint16_t pays, told; /* items that count in its size, and of them those that the shell knows of */
    bool begun, headed, stated, ready, armed, beats, leaves, left, asking, closed, grown;
    live_sub subs[];
};

TAILQ_HEAD(live_streams, kd_live_stream);

struct kd_live_set {
    kd_live_config config;
    kd_table items;
    struct live_streams ready, rest, asking, grown;
    struct live_streams closed; /* with questions under way, by of_rest */
    TAILQ_HEAD(live_dropped, live_item) dropped;
    uint64_t heard_us[KD_SHARDS_MAX];
    kd_live_stats stats;
    kd_buf entries; /* of the event being written */
    bool drains;
};

static kd_bytes live_item_key(const void *entry)
{
    const live_item *item = entry;
    return kd_bytes_of(item->key, item->key_len);
}

static kd_live_stream *live_stream_of(live_sub *sub)
{
    return (kd_live_stream *)(void *)((uint8_t *)(sub - sub->at) - offsetof(kd_live_stream, subs));
}

kd_live_set *kd_live_create(const kd_live_config *config)
{
    kd_live_set *l = kd_alloc(sizeof *l);
    l->config = *config;
    kd_table_init(&l->items, live_item_key, config->seed);
    TAILQ_INIT(&l->ready);
    TAILQ_INIT(&l->rest);
    TAILQ_INIT(&l->asking);
    TAILQ_INIT(&l->grown);
    TAILQ_INIT(&l->closed);
    TAILQ_INIT(&l->dropped);
    return l;
}

static void live_item_free(live_item *item)
{
    kd_buf_finish(&item->text);
    free(item);
}

kd_live_stats kd_live_get_stats(const kd_live_set *l)
{
    kd_live_stats stats = l->stats;
    stats.items = l->items.count;
    return stats;
}

/* ---- items ---- */

static live_item *live_obtain(kd_live_set *l, kd_bytes key)
{
    live_item *item = kd_table_find(&l->items, key);
    if (item && item->count == 0) TAILQ_REMOVE(&l->dropped, item, of_dropped);
    if (item) return item;
    item = kd_alloc(sizeof *item + key.len);
    item->key_len = (uint8_t)key.len;
    memcpy(item->key, key.data, key.len);
    kd_table_put(&l->items, item);
    return item;
}

static void live_release(kd_live_set *l, live_item *item)
{
    if (--item->count == 0) TAILQ_INSERT_TAIL(&l->dropped, item, of_dropped);
}

bool kd_live_dropped(kd_live_set *l, kd_item *key)
{
    live_item *item = TAILQ_FIRST(&l->dropped);
    if (!item) return false;
    TAILQ_REMOVE(&l->dropped, item, of_dropped);
    kd_table_remove(&l->items, live_item_key(item));
    key->len = item->key_len;
    memcpy(key->data, item->key, item->key_len);
    live_item_free(item);
    return true;
}

static void live_item_show(live_item *item, const kd_view *view, uint64_t at_us, bool central)
{
    if (at_us < item->at_us) return; /* a stream that was opened meanwhile has brought a newer one */
    item->view = *view;
    item->at_us = at_us;
    item->central = central;
    item->text_us = 0;
}

static void live_item_write(kd_live_set *l, live_item *item, uint64_t now_us)
{
    if (item->text_us != 0 && item->text_us + KD_LIVE_TEXT_US > now_us) return;
    kd_buf_clear(&item->text);
    l->config.render(l->config.arg, live_item_key(item), &item->view, item->central, &item->text,
                     &item->liked_at);
    item->text_us = now_us;
}

/* ---- ids ---- */

static uint32_t live_digest(const kd_live_request *rq)
{
    uint64_t digest = rq->members;
    for (uint32_t i = 0; i < rq->count; i++) {
        const uint64_t pair[2] = {digest, kd_hash(rq->items[i])};
        digest = kd_hash(kd_bytes_of(pair, sizeof pair));
    }
    return (uint32_t)digest;
}

enum { LIVE_ID_MAX = 48 };

/* Whether the user likes the items is not told by an id: his token may tell of operations elsewhere since. */
static uint64_t live_read_id(const kd_live_set *l, const kd_live_request *rq, uint32_t digest)
{
    char text[LIVE_ID_MAX];
    uint32_t life, of;
    uint64_t known_us;
    int end = 0;
    if (rq->members || rq->last.len == 0 || rq->last.len >= sizeof text) return 0;
    memcpy(text, rq->last.data, rq->last.len);
    text[rq->last.len] = 0;
    if (sscanf(text, "%8" SCNx32 ".%8" SCNx32 ".%16" SCNx64 "%n", &life, &of, &known_us, &end) != 3) return 0;
    return (size_t)end == rq->last.len && life == l->config.life && of == digest ? known_us : 0;
}

static uint64_t live_heard_us(const kd_live_set *l, const kd_live_stream *s)
{
    uint64_t heard_us = UINT64_MAX;
    for (uint32_t i = 0; i < KD_SHARDS_MAX; i++)
        if (s->shards >> i & 1) heard_us = KD_MIN(heard_us, l->heard_us[i]);
    return KD_MAX(heard_us, s->since_us);
}

/* ---- a stream begins and ends ---- */

static size_t live_bytes(uint32_t count)
{
    return sizeof(kd_live_stream) + count * sizeof(live_sub);
}

size_t kd_live_size(const kd_live_stream *s)
{
    return live_bytes(s->count) + s->pays * (size_t)KD_LIVE_ITEM_BYTES +
           (s->who ? sizeof *s->who + s->who->len : 0);
}

static live_who *live_who_of(const kd_live_request *rq)
{
    if (!rq->members) return NULL;
    live_who *who = kd_alloc(sizeof *who + rq->user.len);
    who->seen = rq->seen ? *rq->seen : (kd_seen){.rest_us = 0};
    who->hash = kd_hash(rq->user);
    who->len = rq->user.len;
    memcpy(who->user, rq->user.data, rq->user.len);
    return who;
}

static void live_pay(live_sub *sub)
{
    sub->pays = true;
    live_stream_of(sub)->pays++;
}

kd_live_stream *kd_live_open(kd_live_set *l, const kd_live_request *rq, void *arg)
{
    KD_ASSERT(rq->count > 0 && rq->count <= KD_BULK_ITEMS_MAX);
    kd_live_stream *s = kd_alloc(live_bytes(rq->count));
    s->arg = arg;
    s->who = live_who_of(rq);
    s->digest = live_digest(rq);
    s->known_us = live_read_id(l, rq, s->digest);
    s->until_us = rq->until_us;
    s->since_us = UINT64_MAX;
    s->count = (uint16_t)rq->count;
    for (uint32_t i = 0; i < rq->count; i++) {
        live_item *item = live_obtain(l, rq->items[i]);
        s->subs[i] = (live_sub){.item = item, .at = (uint8_t)i};
        LIST_INSERT_HEAD(&item->subs, &s->subs[i], of_item);
        if (item->count++ == 0) live_pay(&s->subs[i]);
        item->members += rq->members;
    }
    l->stats.streams++;
    return s;
}

/* Of a closed one. */
static void live_stream_free(kd_live_set *l, kd_live_stream *s)
{
    TAILQ_REMOVE(&l->closed, s, of_rest);
    free(s->who);
    free(s);
}

void kd_live_destroy(kd_live_set *l)
{
    size_t cursor = 0;
    kd_live_stream *s;
    if (!l) return;
    KD_ASSERT(l->stats.streams == 0);
    while ((s = TAILQ_FIRST(&l->closed)) != NULL) live_stream_free(l, s);
    for (live_item *item; (item = kd_table_next(&l->items, &cursor)) != NULL;) live_item_free(item);
    kd_table_finish(&l->items);
    kd_buf_finish(&l->entries);
    free(l);
}

static void live_make_grown(kd_live_set *l, kd_live_stream *s)
{
    if (s->grown || !s->begun) return;
    s->grown = true;
    TAILQ_INSERT_TAIL(&l->grown, s, of_grown);
}

/* The stream that an item counts for ends: it counts for another one, if any shows it. Otherwise who opens, asks for the same again and ends the first would
 * have it for nothing. */
static void live_bequeath(kd_live_set *l, const live_sub *sub)
{
    live_sub *heir = LIST_FIRST(&sub->item->subs);
    if (!sub->pays || !heir) return;
    live_pay(heir);
    live_make_grown(l, live_stream_of(heir));
}

static void live_unready(kd_live_set *l, kd_live_stream *s)
{
    if (s->grown) TAILQ_REMOVE(&l->grown, s, of_grown);
    if (s->ready) TAILQ_REMOVE(&l->ready, s, of_ready);
    if (s->asking) TAILQ_REMOVE(&l->asking, s, of_asking);
    if (s->begun) TAILQ_REMOVE(&l->rest, s, of_rest);
    s->ready = s->asking = s->begun = s->grown = false;
}

void kd_live_close(kd_live_set *l, kd_live_stream *s)
{
    live_unready(l, s);
    for (uint32_t i = 0; i < s->count; i++) {
        live_sub *sub = &s->subs[i];
        LIST_REMOVE(sub, of_item);
        live_bequeath(l, sub);
        sub->item->members -= s->who != NULL;
        live_release(l, sub->item);
    }
    l->stats.streams--;
    s->closed = true;
    TAILQ_INSERT_TAIL(&l->closed, s, of_rest);
    if (s->looks == 0) live_stream_free(l, s);
}

kd_live_stream *kd_live_grown(kd_live_set *l, size_t *bytes)
{
    kd_live_stream *s = TAILQ_FIRST(&l->grown);
    if (!s) return NULL;
    TAILQ_REMOVE(&l->grown, s, of_grown);
    s->grown = false;
    *bytes = (size_t)(s->pays - s->told) * KD_LIVE_ITEM_BYTES;
    s->told = s->pays;
    return s;
}

void *kd_live_arg(const kd_live_stream *s)
{
    return s->arg;
}

uint64_t kd_live_known_us(const kd_live_stream *s)
{
    return s->known_us;
}

static void live_make_ready(kd_live_set *l, kd_live_stream *s)
{
    if (s->ready || s->armed || !s->begun) return;
    s->ready = true;
    TAILQ_INSERT_TAIL(&l->ready, s, of_ready);
}

static void live_make_due(kd_live_set *l, live_sub *sub)
{
    kd_live_stream *s = live_stream_of(sub);
    l->stats.skipped += sub->due && s->begun;
    s->due += !sub->due;
    sub->due = true;
    if (!sub->looking) live_make_ready(l, s);
}

void kd_live_put(kd_live_set *l, kd_live_stream *s, uint32_t at, const kd_live_found *found)
{
    live_sub *sub = &s->subs[at];
    (void)l;
    live_item_show(sub->item, found->view, found->at_us, found->central);
    sub->liked = found->liked;
    s->shards |= 1ull << found->shard;
    s->since_us = KD_MIN(s->since_us, found->at_us);
    if (found->unchanged || sub->due) return;
    sub->due = true;
    s->due++;
}

void kd_live_begin(kd_live_set *l, kd_live_stream *s, uint64_t now_us)
{
    s->begun = true;
    s->told = s->pays; /* kd_live_size */
    s->leaves = l->drains;
    s->sent_us = now_us;
    TAILQ_INSERT_TAIL(&l->rest, s, of_rest);
    live_make_ready(l, s);
}

/* ---- what it is sent ---- */

static void live_put_text(kd_buf *out, const char *text)
{
    kd_buf_put(out, text, strlen(text));
}

static void live_write_entry(kd_live_set *l, live_sub *sub, uint64_t now_us)
{
    static const char *const liked[] = {",\"liked\":false", ",\"liked\":true", ",\"liked\":null"};
    live_item *item = sub->item;
    bool members = live_stream_of(sub)->who != NULL;
    live_item_write(l, item, now_us);
    if (l->entries.len > 0) live_put_text(&l->entries, ",");
    kd_buf_put(&l->entries, item->text.data, members ? item->liked_at : item->text.len);
    if (!members) return;
    live_put_text(&l->entries, liked[sub->liked]);
    kd_buf_put(&l->entries, item->text.data + item->liked_at, item->text.len - item->liked_at);
}

/* Returns whether items are left that are due, or will be. */
static bool live_write_entries(kd_live_set *l, kd_live_stream *s, uint64_t now_us)
{
    kd_buf_clear(&l->entries);
    for (uint32_t i = 0; i < s->count && s->due > 0 && l->entries.len < KD_LIVE_EVENT_BYTES; i++) {
        live_sub *sub = &s->subs[i];
        if (!sub->due || sub->looking) continue;
        live_write_entry(l, sub, now_us);
        sub->due = false;
        s->due--;
    }
    return s->due > 0;
}

static void live_write_event(kd_live_set *l, kd_live_stream *s, uint64_t now_us, kd_buf *out)
{
    char id[LIVE_ID_MAX];
    bool left = live_write_entries(l, s, now_us);
    if (l->entries.len == 0 && s->stated) return; /* what is due waits for a look */
    if (!left) s->known_us = live_heard_us(l, s);
    int len = snprintf(id, sizeof id, "%08" PRIx32 ".%08" PRIx32 ".%" PRIx64, l->config.life, s->digest,
                       s->known_us);
    live_put_text(out, s->stated ? "event: change\nid: " : "event: state\nid: ");
    kd_buf_put(out, id, (size_t)len);
    live_put_text(out, "\ndata: {\"items\":[");
    kd_buf_put(out, l->entries.data, l->entries.len);
    live_put_text(out, "]}\n\n");
    s->stated |= !left;
    l->stats.events++;
}

static void live_sent(kd_live_set *l, kd_live_stream *s, uint64_t now_us)
{
    s->beats = false;
    s->sent_us = now_us;
    TAILQ_REMOVE(&l->rest, s, of_rest);
    TAILQ_INSERT_TAIL(&l->rest, s, of_rest);
}

bool kd_live_next(kd_live_set *l, kd_live_stream *s, uint64_t now_us, kd_buf *out)
{
    size_t before = out->len;
    if (!s->headed) live_put_text(out, "retry: 2000\n\n");
    s->headed = true;
    s->leaves |= s->until_us > 0 && now_us >= s->until_us; /* a beat comes soon, if nothing else does */
    if (s->leaves) live_put_text(out, "event: bye\ndata: {}\n\n");
    if (!s->leaves && (s->due > 0 || !s->stated)) live_write_event(l, s, now_us, out);
    if (s->beats && out->len == before) live_put_text(out, ": beat\n\n");
    if (out->len > before) live_sent(l, s, now_us);
    s->armed = out->len > before;
    return !s->leaves;
}

bool kd_live_any_ready(const kd_live_set *l)
{
    return !TAILQ_EMPTY(&l->ready);
}

bool kd_live_any_dropped(const kd_live_set *l)
{
    return !TAILQ_EMPTY(&l->dropped);
}

kd_live_stream *kd_live_ready(kd_live_set *l)
{
    kd_live_stream *s = TAILQ_FIRST(&l->ready);
    if (!s) return NULL;
    TAILQ_REMOVE(&l->ready, s, of_ready);
    s->ready = false;
    s->armed = true;
    return s;
}

/* ---- what happens ---- */

static bool live_has_acted(const kd_live_change *change, uint64_t user)
{
    uint32_t low = 0, high = change->acted_count;
    if (change->all_acted) return true;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (change->acted[middle] < user)
            low = middle + 1;
        else
            high = middle;
    }
    return low < change->acted_count && change->acted[low] == user;
}

static void live_ask(kd_live_set *l, live_sub *sub)
{
    kd_live_stream *s = live_stream_of(sub);
    if (sub->asks || sub->looking == UINT8_MAX) return;
    sub->asks = true;
    sub->looking++;
    if (s->asking) return;
    s->asking = true;
    TAILQ_INSERT_TAIL(&l->asking, s, of_asking);
}

void kd_live_changed(kd_live_set *l, const kd_live_change *change)
{
    live_item *item = kd_table_find(&l->items, change->item);
    if (!item) return;
    bool acts = item->members > 0 && (change->acted_count > 0 || change->all_acted);
    live_item_show(item, change->view, change->at_us, false);
    live_sub *sub;
    LIST_FOREACH(sub, &item->subs, of_item) {
        const live_who *who = live_stream_of(sub)->who;
        if (acts && who && live_has_acted(change, who->hash)) live_ask(l, sub);
        live_make_due(l, sub);
    }
}

void kd_live_heard(kd_live_set *l, uint32_t shard, uint64_t at_us)
{
    l->heard_us[shard] = at_us;
}

static bool live_next_asked(kd_live_stream *s, uint32_t *at)
{
    for (*at = 0; *at < s->count && !s->subs[*at].asks;) ++*at;
    return *at < s->count;
}

bool kd_live_next_look(kd_live_set *l, kd_live_look *look)
{
    for (kd_live_stream *s; (s = TAILQ_FIRST(&l->asking)) != NULL;) {
        if (live_next_asked(s, &look->at)) {
            const live_item *item = s->subs[look->at].item;
            s->subs[look->at].asks = false;
            s->looks++;
            look->stream = s;
            look->item = live_item_key(item);
            look->user = kd_bytes_of(s->who->user, s->who->len);
            look->seen = &s->who->seen;
            return true;
        }
        s->asking = false;
        TAILQ_REMOVE(&l->asking, s, of_asking);
    }
    return false;
}

void kd_live_looked(kd_live_set *l, kd_live_stream *s, uint32_t at, uint8_t liked)
{
    live_sub *sub = &s->subs[at];
    s->looks--;
    if (s->closed) {
        if (s->looks == 0) live_stream_free(l, s);
        return;
    }
    sub->looking--;
    sub->liked = liked;
    if (!sub->looking && sub->due) live_make_ready(l, s);
}

void kd_live_tick(kd_live_set *l, uint64_t now_us)
{
    for (kd_live_stream *s; (s = TAILQ_FIRST(&l->rest)) != NULL && s->sent_us + KD_LIVE_BEAT_US <= now_us;) {
        live_sent(l, s, now_us);
        s->beats = true;
        live_make_ready(l, s);
    }
}

static void live_leave(kd_live_set *l, bool all)
{
    kd_live_stream *s;
    TAILQ_FOREACH(s, &l->rest, of_rest) {
        if (!all && s->until_us == 0) continue;
        s->leaves = true;
        live_make_ready(l, s);
    }
}

void kd_live_keys_changed(kd_live_set *l)
{
    live_leave(l, false);
}

void kd_live_drain(kd_live_set *l)
{
    l->drains = true;
    live_leave(l, true);
}
