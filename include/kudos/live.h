/*
 * live.h - the streams of a shard (GET /v1/live): which items each shows, and what it is sent next. Sans-IO; an object is used by one thread.
 *
 *     open ── found* ── begin ── next* ── close
 *                                  ↑
 *              changed, heard, looked, tick, drain: make streams ready
 *
 * What a stream has not been sent is kept as a mark at the item, never as bytes: what it is sent is the newest, however long it did not read. Times are
 * of one clock that never goes back, the same for all shards of the process.
 */
#ifndef KUDOS_LIVE_H
#define KUDOS_LIVE_H

#include "kudos/edge.h"

enum {
    KD_LIVE_BEAT_US = 14 * 1000000,  /* a stream that was sent nothing for so long gets a comment */
    KD_LIVE_ITEM_BYTES = 1024,       /* of an item, for all streams that show it */
    KD_LIVE_EVENT_BYTES = 8 * 1024,  /* no item joins an event of so many bytes */
    KD_LIVE_TEXT_US = 250 * 1000,    /* for so long the text of an item is good: its age stands in it */
    KD_LIVE_INTERVAL_US = 250 * 1000 /* between two changes of an item */
};

typedef struct kd_live_set kd_live_set;
typedef struct kd_live_stream kd_live_stream;

/* Appends the JSON object of an item as a read answers it, without `liked`; *liked_at is where that member would stand, in bytes from the object's
 * beginning. `central`: central was asked for this. */
typedef void (*kd_live_render)(void *arg, kd_bytes item, const kd_view *view, bool central, kd_buf *out,
                               size_t *liked_at);

typedef struct {
    uint32_t life; /* a random number of this run of the process: ids of others tell nothing */
    uint64_t seed; /* of hash tables */
    kd_live_render render;
    void *arg;
} kd_live_config;

kd_live_set *kd_live_create(const kd_live_config *config);
/* All streams must be closed (asserted). NULL is fine. */
void kd_live_destroy(kd_live_set *l);

/* ---- a stream ---- */

typedef struct {
    const kd_bytes *items; /* keys, in the order in which they are shown */
    uint32_t count;        /* 1 to KD_BULK_ITEMS_MAX */
    bool members;          /* shows whether the user likes them */
    kd_bytes user;         /* with members */
    const kd_seen *seen;   /* likewise: what his session token tells */
    uint64_t
        until_us; /* of the token that it rests on: the stream ends then, or when it is sent something next; 0: there is none */
    kd_bytes last; /* the id of the last event that the client has; empty: none */
} kd_live_request;

/* Everything is copied. `arg` is the caller's. The stream is sent nothing before kd_live_begin. */
kd_live_stream *kd_live_open(kd_live_set *l, const kd_live_request *rq, void *arg);
void kd_live_close(kd_live_set *l, kd_live_stream *s);
void *kd_live_arg(const kd_live_stream *s);
/* Up to when the client knows all that was told about these items; 0: nothing. */
uint64_t kd_live_known_us(const kd_live_stream *s);
/* Bytes that the stream takes before it begins, with those of items that no other one shows: KD_LIVE_ITEM_BYTES each, at its owner, too. */
size_t kd_live_size(const kd_live_stream *s);
/* Takes a stream that takes so many bytes more since it began: others that showed the same items have ended. NULL: none. */
kd_live_stream *kd_live_grown(kd_live_set *l, size_t *bytes);

/* What a shard found of an item when the stream was opened. */
typedef struct {
    const kd_view *view;
    uint64_t at_us; /* when it looked */
    uint8_t liked;  /* 0 no, 1 yes, 2 unknown; without members any */
    bool central;   /* central was asked for the counts */
    bool unchanged; /* since kd_live_known_us: the client is not told */
    uint32_t shard; /* whose it is */
} kd_live_found;
/* `at`: index into the items of the request. */
void kd_live_put(kd_live_set *l, kd_live_stream *s, uint32_t at, const kd_live_found *found);
/* Every item was put: the stream is sent its state next. */
void kd_live_begin(kd_live_set *l, kd_live_stream *s, uint64_t now_us);
/* Appends what the stream is sent next, a whole event or a comment; nothing: it waits until it is ready again. False: the stream ends. */
bool kd_live_next(kd_live_set *l, kd_live_stream *s, uint64_t now_us, kd_buf *out);

/* ---- what happens ---- */

typedef struct {
    kd_bytes item;
    const kd_view *view;
    uint64_t at_us;
    const uint64_t *acted; /* ascending: users who acted on it, as kd_hash */
    uint32_t acted_count;
    bool all_acted;
} kd_live_change;
/* The owner of an item tells a change. What is not shown here is passed over. */
void kd_live_changed(kd_live_set *l, const kd_live_change *change);
/* All that the shard told up to at_us was passed to kd_live_changed. */
void kd_live_heard(kd_live_set *l, uint32_t shard, uint64_t at_us);
/* Time passes: streams that were sent nothing for KD_LIVE_BEAT_US get a comment. */
void kd_live_tick(kd_live_set *l, uint64_t now_us);
/* Keys of tokens have changed: each stream that has an end of its own takes leave. Whose token is still good comes again. */
void kd_live_keys_changed(kd_live_set *l);
/* The process stops: every stream takes leave and ends. */
void kd_live_drain(kd_live_set *l);
/* Takes the next stream that has something to be sent. It is given once, until kd_live_next has appended nothing. NULL: none. */
kd_live_stream *kd_live_ready(kd_live_set *l);
bool kd_live_any_ready(const kd_live_set *l);
/* Takes an item that no stream shows any more. False: none. */
bool kd_live_dropped(kd_live_set *l, kd_item *item);
bool kd_live_any_dropped(const kd_live_set *l);

/* Question: does the user of a stream like an item, now that he may have acted on it? */
typedef struct {
    kd_live_stream *stream;
    uint32_t at;
    kd_bytes item, user; /* views that live until the next call of any function */
    const kd_seen *seen; /* likewise */
} kd_live_look;
/* Takes the next question; the item is not sent to the stream before its answer. False: none. */
bool kd_live_next_look(kd_live_set *l, kd_live_look *look);
/* Its answer, which every question must get, also when the stream was closed meanwhile. liked: as in kd_live_found. */
void kd_live_looked(kd_live_set *l, kd_live_stream *s, uint32_t at, uint8_t liked);

typedef struct {
    uint64_t streams, items; /* at present */
    uint64_t events;         /* state and change, sent */
    uint64_t skipped;        /* changes of an item that replaced one which a stream had not taken */
} kd_live_stats;
kd_live_stats kd_live_get_stats(const kd_live_set *l);

#endif
