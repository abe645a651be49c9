/*
 * quarantine.h - records of the likes topic that did not decode or broke a limit: how they are kept, and how they leave. For one partition, as
 * kudos/central.h.
 *
 *     fed -> kept (its edge waits: applied does not pass it) -> merged after all   a resend that decodes, or release
 *                                                            -> dropped            its edge goes on without it
 *
 * A record is identified by the leading fields of its envelope (edge, position, digest of the body) as far as they can be read, whatever is wrong
 * behind them. So all resends of a batch are one entry, which goes when one of them is merged. A record whose leading fields cannot be read belongs
 * to no edge: it is kept under its own hash, and dropping it moves no applied. The edge that sent it, if one did, sends the batch again in another
 * envelope.
 *
 * A record of a newer schema is not kept here: it is left in the log, and its edge sends again until central is new enough.
 */
#ifndef KUDOS_QUARANTINE_H
#define KUDOS_QUARANTINE_H

#include "kudos/central.h"

/* What is wrong with a record, judged anew at each look. */
typedef enum {
    KD_POISON_NONE = 0, /* nothing any more: release it */
    KD_POISON_RECORD,   /* no record of the likes topic */
    KD_POISON_CLAIM,    /* a claim that does not decode */
    KD_POISON_ENVELOPE, /* a batch whose envelope does not decode */
    KD_POISON_DAMAGED, /* the body is not the one that was sealed: damaged on its way, the edge sends it again */
    KD_POISON_BODY,    /* the body does not decode */
    KD_POISON_CONTENT, /* an item of another partition, an absurd amount */
    KD_POISON_CROWD,   /* one edge or region more than a partition can know */
    KD_POISON_SCHEMA,  /* of a schema newer than this program: release it after an upgrade */
    KD_POISON_CUT,     /* larger than a batch may be: only its beginning was kept */
    KD_POISON_EPOCH,   /* a batch or a claim of an epoch that is not believed (rule 15) */
    KD_POISON_COUNTER, /* a counter that is not configured, or of the other kind: merged as soon as it is configured */
    KD_POISON_AHEAD, /* a stamp, day or complete_to days above central's clock: merged when the clock has passed it (rule 3) */
    KD_POISON_SPENT, /* the sums of its edge add up to more than a partition takes from one edge (rule 9) */
    KD_POISON_DECISION, /* a decision that does not decode */
} kd_poison;
/* Static text, as printed: "record", "claim", ...; "unknown" for any other value. */
const char *kd_poison_name(kd_poison p);

/* An entry of the quarantine. Views live during the call that gave it, or until the next call into the core. */
typedef struct {
    uint64_t id;      /* hash of the leading fields, or of the record */
    int64_t offset;   /* in the likes topic, where it was first read */
    uint64_t kept_us; /* when, by central's clock */
    uint32_t length;  /* of the record in bytes; bytes.len is smaller where it was cut */
    kd_poison poison;
    bool named; /* edge, region, at and digest could be read */
    kd_bytes edge, region;
    kd_position at;
    uint64_t digest;
    kd_bytes bytes; /* the record */
} kd_quarantined;

/* Gets one entry; returns 0 to go on, another value to stop. */
typedef int (*kd_quarantined_fn)(void *arg, const kd_quarantined *q);
/* Visits the entries that are durable, by id. KD_OK, the value of `fn`, KD_EMALFORMED, KD_EIO. */
int kd_central_quarantine_each(kd_central *c, kd_quarantined_fn fn, void *arg);
/* Reads one durable entry. KD_ENOTFOUND, KD_EIO. */
int kd_central_quarantine_get(kd_central *c, uint64_t id, kd_quarantined *q);

/* What would become of a durable entry if it were released now (KD_DECIDED_RELEASE). What a batch says of times and of its epoch is believed for once (rules 3, 15). Where
 * it is merged, or was merged before, it leaves; otherwise it stays. KD_ENOTFOUND; KD_EINVAL: no batch, or it was cut; KD_EIO. */
int kd_central_quarantine_try(kd_central *c, uint64_t id, kd_fed *fed);
/* What would become of a durable entry if it were dropped now (KD_DECIDED_DROP). *passes: applied of its edge moves to it, so its operations are lost and the edge goes
 * on. Otherwise no edge waits for it, or its edge is unknown. KD_ENOTFOUND; KD_EAGAIN: its edge waits for an earlier batch, and it would stay; KD_EIO. */
int kd_central_quarantine_passes(kd_central *c, uint64_t id, bool *passes);
/* Call it when counters were added to the configuration: the hand of central (kudos/decide.h) proposes to release all entries with which nothing is wrong any
 * more. So it does at a start, and when an edge was taken back. */
void kd_central_quarantine_look(kd_central *c);

#endif
