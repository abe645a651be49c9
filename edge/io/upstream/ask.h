/*
 * ask.h - questions to central: the counts of an item (one question per item at a time, however many
 * wait for it), and whether a user has liked items of which this edge holds no row.
 *
 * Every question has a deadline (central.read_deadline); when central is down the circuit breaker of the
 * client answers at once. Who asked then answers with what is known here, and says so.
 */
#ifndef KUDOS_EDGE_IO_UPSTREAM_ASK_H
#define KUDOS_EDGE_IO_UPSTREAM_ASK_H

#include "common/api/answer.h"
#include "common/io/http/client/http_client.h"
#include "common/base/table.h"
#include "edge/io/upstream/central_words.h"
#include "kudos/seen.h"

struct kd_shard;

/* Embedded by what waits; fn is called once, never from within kd_ask_item. */
typedef struct kd_ask_wait kd_ask_wait;
struct kd_ask_wait {
    kd_ask_wait *next;
    void (*fn)(kd_ask_wait *wait, bool answered);
};

/* answers[i] for items[i]; filled when fn is called (KD_LIKED_UNKNOWN where central could not tell). */
typedef struct kd_members_wait kd_members_wait;
struct kd_members_wait {
    struct kd_shard *shard;
    const kd_bytes *items;     /* keys; the caller's until fn */
    kd_central_liked *answers; /* likewise */
    uint32_t count;
    kd_seen wanted; /* what central is to have merged for its answer to be complete */
    void (*fn)(kd_members_wait *wait);
};

typedef struct {
    kd_http_client *client; /* NULL: no central is configured */
    kd_table questions;     /* kd_question by item */
    uint32_t open;          /* questions of either kind */
    kd_buf path, body;      /* scratch */
} kd_asker;

/* KD_OK, or an error with its text. */
int kd_asker_init(struct kd_shard *s, char *error);
/* After the loop was joined. */
void kd_asker_finish(struct kd_shard *s);

/* KD_OK: fn will be called. Otherwise central cannot be asked now. */
int kd_ask_item(struct kd_shard *s, kd_bytes item, kd_ask_wait *wait);
int kd_ask_members(struct kd_shard *s, uint32_t counter, kd_bytes user, kd_members_wait *wait);

#endif
