/*
 * quarantine.h - records of the likes topic that did not decode or broke a limit: what is kept of them, and the two
 * ends of it. Of one partition, as kudos/central.h is.
 *
 *     fed -> kept (its edge waits: applied does not pass it) -> merged after all   a resend that decodes, or release
 *                                                            -> dropped            its edge goes on without it
 *
 * What says whose record it is: the leading fields of the envelope (edge, position, digest of the body), as far as they
 * can be read, whatever is wrong behind them. Then all resends of a batch are one entry, and the entry goes when one of
 * them is merged. A record of which not even these can be read is nobody's: it is kept under its own hash, and dropping
 * it moves nothing; the edge that sent it, if any did, sends the batch again in another envelope.
 *
 * A record of a newer schema is never kept here: it is left in the log, and its edge sends again until central is new
 * enough.
 */
#ifndef KUDOS_QUARANTINE_H
#define KUDOS_QUARANTINE_H

#include "kudos/central.h"

typedef enum {
    KD_POISON_NONE = 0, /* it decodes now: release it */
    KD_POISON_RECORD,   /* no record of the likes topic */
    KD_POISON_CLAIM,    /* a claim that does not decode */
    KD_POISON_ENVELOPE, /* a batch whose envelope does not decode */
    KD_POISON_DAMAGED, /* the body is not the one that was sealed: damaged on its way, the edge sends it again */
    KD_POISON_BODY,    /* the body does not decode */
    KD_POISON_CONTENT, /* an item of another partition, an absurd amount */
    KD_POISON_CROWD,   /* one edge or region more than a partition can know */
    KD_POISON_SCHEMA,  /* newer than this program: release it after an upgrade */
    KD_POISON_CUT,     /* larger than a batch may be: only its beginning was kept */
    KD_POISON_EPOCH,   /* a batch or a claim of an epoch beyond belief */
    KD_POISON_COUNTER, /* a counter that is not configured, or of the other kind: merged as soon as it is configured */
} kd_poison;
const char *kd_poison_name(kd_poison p);

/* Views live during the call, or until the next one. */
typedef struct {
    uint64_t id;
    int64_t offset; /* in the likes topic, when it was first met */
    uint64_t kept_us;
    uint32_t length; /* of the record; bytes.len is less where it was cut */
    kd_poison poison;
    bool named; /* edge, region, at and digest are there */
    kd_bytes edge, region;
    kd_position at;
    uint64_t digest;
    kd_bytes bytes;
} kd_quarantined;

/* Those that are durable, by id; fn returns 0 to go on. KD_OK, fn's value, KD_EIO. */
typedef int (*kd_quarantined_fn)(void *arg, const kd_quarantined *q);
int kd_central_quarantine_each(kd_central *c, kd_quarantined_fn fn, void *arg);
/* One of them. KD_ENOTFOUND, KD_EIO. */
int kd_central_quarantine_get(kd_central *c, uint64_t id, kd_quarantined *q);

/* Feeds it again. *fed: what became of it; merged or found to be merged already it goes, with the commit of *version, else
 * it stays. KD_ENOTFOUND, KD_EINVAL (no batch, or it was cut), KD_EFENCED, KD_EIO. */
int kd_central_quarantine_release(kd_central *c, uint64_t id, uint64_t now_us, kd_fed *fed,
                                  uint64_t *version);

/* Counters were added to the configuration: feeds again what waited for them. *merged: how many batches that were; they go with the open commit.
 * KD_OK, KD_EFENCED, KD_EIO. */
int kd_central_quarantine_retry(kd_central *c, uint64_t now_us, uint32_t *merged);

/* Gives it up for good, with the commit of *version. *passed: applied of its edge has passed it, so its operations are
 * lost and the edge goes on; else nobody waited for it, or it could not be said who. KD_ENOTFOUND, KD_EAGAIN (its edge
 * waits for a batch before it), KD_EFENCED, KD_EIO. */
int kd_central_quarantine_drop(kd_central *c, uint64_t id, bool *passed, uint64_t *version);

#endif
