/*
 * span.h - collections whose items have a life (rule 29): closed so long after their first operation, and deleted later.
 *
 *     row   z                                                      the lives in force (kd_lifespans_encode)
 *     row   o | item key                                           start be64: stamp of the first operation | latest be64: see below
 *     row   z | phase u8 | collection len u8 | collection | start be64 | id len u8 | id    nothing; phase 0: it lives, 1: it is closed
 *
 * An item of such a collection begins with the operation that is merged first, in the order of the log, and ends so long after that operation's stamp. What is
 * stamped later is left out. Which collections have a life, and how long, is a decision in the log, too. So all of that is a function of the log.
 *
 * An operator who opens an item ends its life. What the life left out must not count afterwards: so the closing that ends there begins with the life, and reaches up to the
 * latest stamp that was left out, which the item's row remembers (rows of earlier programs lack it: 0).
 *
 * Central's own hand (kd_central_propose) proposes decisions by its clock: the lives of its configuration, where others are in force; that an item is closed,
 * by the stamp at which it ended; that it is deleted. Nothing happens before such a decision is read, and rule 27 says what happens then.
 *
 * Invariants: an item has rows here from its start until it is deleted, or opened by an operator, who thereby ends its life; then it begins none any more.
 * `items` holds the starts of all commits that are not durable, and of some more.
 */
#ifndef KUDOS_CENTRAL_CORE_LIFE_H
#define KUDOS_CENTRAL_CORE_LIFE_H

#include <sys/queue.h>

#include "common/base/table.h"
#include "kudos/decide.h"

struct kd_commit;

typedef struct kd_span_item {
    kd_table_entry link;
    TAILQ_ENTRY(kd_span_item) of_order;
    uint64_t start_us;
    uint64_t latest_us; /* of the operations behind its end that were left out; 0: none were */
    uint64_t version; /* of the commit that puts its rows, if `changes`; else of the one that asked for it */
    bool changes;
    uint8_t key_len;
    uint8_t key[];
} kd_span_item;

typedef struct {
    kd_lifespans spans; /* in force: tentative */
    kd_table items;
    TAILQ_HEAD(kd_span_order, kd_span_item) order; /* by version */
    /* The hand's walk over the rows of phases: what it proposed last, and when the walk began. */
    uint8_t phase;
    uint32_t at; /* index of the collection */
    kd_buf cursor, key;
    uint64_t walk_us;
    uint64_t looked_us, due_us; /* since when the item waits that waits longest, as it was found then */
    uint32_t proposed;
    char job[KD_NAME_MAX + 1];
} kd_spanner;

/* No lives; kd_span_finish frees it. */
void kd_span_init(kd_central *c);
void kd_span_finish(kd_central *c);
/* Reads the lives in force: KD_OK, KD_EIO, KD_EMALFORMED. */
int kd_span_load(kd_central *c);

/* A decision about lives, which take effect with the next record. False: its body is none. */
bool kd_span_decide(kd_central *c, const kd_decision *d);
/* Whether a decision about the end of an item's life is about the end that it has: where the operator has opened it meanwhile, or its collection has another
 * life, it is void. */
bool kd_span_agrees(kd_central *c, const kd_decision *d);
/* Whether an operation that is merged now lies behind the end of the item; its stamp is remembered then. Else the item has begun. When the store cannot be read the core is poisoned. */
bool kd_span_ignores(kd_central *c, kd_bytes item, uint64_t time_us);
/* The same of a sum, added above `after_us` and up to `time_us`: whether the item had ended before all of it. It has no stamp to remember. */
bool kd_span_ignores_sum(kd_central *c, kd_bytes item, uint64_t after_us, uint64_t time_us);
/* Of an item whose life is in force: when it ends, and the latest stamp that was left out behind the end (0: none was). False: it has no life. When the store cannot be read the
 * core is poisoned. */
bool kd_span_end(kd_central *c, kd_bytes item, uint64_t *end_us, uint64_t *latest_us);
/* Whether an operation with that stamp lies behind the end of the item. KD_OK, KD_EIO. */
int kd_span_covers(kd_central *c, kd_bytes item, uint64_t time_us, bool *covers);
/* What central proposes by that clock. KD_OK, KD_ENOTFOUND: none now; KD_EIO. */
int kd_span_propose(kd_central *c, uint64_t now_us, kd_decision *d);
/* At the begin of a commit: the rows of items that begin, and of those that were closed, opened or deleted. KD_OK, KD_EIO. */
int kd_span_step(kd_central *c, struct kd_commit *k);

#endif
