/*
 * centrals.h - which of several centrals an edge asks: who answers, who leads which partition, and when one that failed is tried again (rule 33).
 *
 * Pure: the same decisions run in kudos-edge and in the simulation. A central is a slot, 0 to KD_CENTRALS_MAX - 1; the caller knows its URL. All times
 * are monotonic.
 *
 * Each question goes to the leader of its partition where that is known, else to the slot in use. A slot is *left* when its connection fails, when its answer is useless, or when
 * it is late several times in a row: then no question goes to it until it has answered a probe. The slot in use changes only when it is left, and the
 * next one is drawn at random: edges that lose the same central spread over the others, and do not return together.
 */
#ifndef KUDOS_CENTRALS_H
#define KUDOS_CENTRALS_H

#include "kudos/backoff.h"

enum {
    KD_CENTRALS_MAX = 16,      /* slots */
    KD_CENTRALS_NONE = 255,    /* no slot */
    KD_CENTRALS_TRIES_MAX = 4, /* slots that one question is sent to at most */
    KD_CENTRAL_LATE_MAX = 2,   /* answers that did not come in time, in a row: the slot is left */
    KD_CENTRAL_PROBE_MIN_US = 100 * 1000,
    KD_CENTRAL_PROBE_MAX_US = 2000 * 1000,
    KD_CENTRAL_PROBE_DEADLINE_US = 1000 * 1000,
};
#define KD_CENTRALS_ANY UINT32_MAX /* instead of a partition: whoever is in use may answer */

typedef enum {
    KD_CENTRAL_LATE, /* no answer within the deadline */
    KD_CENTRAL_LOST, /* no connection, or it broke */
    KD_CENTRAL_AMISS /* its answer is KD_CENTRAL_USELESS */
} kd_central_fault;

/* What an answer is worth. */
typedef enum {
    KD_CENTRAL_TOLD,      /* the question has its answer: no other URL would say more */
    KD_CENTRAL_ELSEWHERE, /* another one leads the partition */
    KD_CENTRAL_BUSY,      /* it cannot answer now; another one may */
    KD_CENTRAL_USELESS    /* not what was asked for: it is left as one that fails */
} kd_central_answer;

typedef struct {
    bool known;    /* the slot has a URL */
    bool left;     /* asked no more until it answers a probe */
    bool probed;   /* a probe is under way */
    uint32_t late; /* in a row */
    kd_backoff backoff;
    uint64_t probe_us; /* while left: when the next probe is due */
} kd_central_slot;

/* Read freely; written by the calls below alone. */
typedef struct {
    kd_central_slot at[KD_CENTRALS_MAX];
    uint32_t known;   /* slots with a URL */
    uint32_t used;    /* the slot in use; KD_CENTRALS_NONE: there is none */
    uint8_t *leaders; /* by partition: a slot, or KD_CENTRALS_NONE */
    uint32_t partitions;
    uint64_t random;
} kd_centrals;

/* No slot has a URL yet. `seed`: any 64 bits. */
void kd_centrals_init(kd_centrals *c, uint32_t partitions, uint64_t seed);
void kd_centrals_finish(kd_centrals *c);
/* The list of URLs has changed: `known` has a bit for each slot that has one, `fresh` for each of these whose URL is new. All that was known of other
 * slots is forgotten. `first` is used, unless the slot in use stays: an edge that was reloaded has no reason to move. */
void kd_centrals_set(kd_centrals *c, uint32_t known, uint32_t fresh, uint32_t first);

/* The slot to ask next about this partition (or KD_CENTRALS_ANY), of those that have no bit in `tried`: its leader, else the slot in use, else any that
 * is not left. KD_CENTRALS_NONE: none. */
uint32_t kd_centrals_choose(kd_centrals *c, uint32_t partition, uint32_t tried);
/* How long to wait for a slot's answer before the next slot is asked as well, where `left_us` of the deadline are left. The first answer counts: a
 * slot that is far away, not down, must not be cut off. */
uint64_t kd_centrals_patience_us(uint64_t left_us);

/* `understood`: with status 200 the body is of the form that was asked for, with another it is a problem in central's own words. Central's own 4xx is about
 * the question, and would be the same elsewhere; that of a proxy is not. 401 and 403 are about this edge, and useless whoever says them. 429 is an answer:
 * an edge that is told to be slower does not turn to the next URL. `status` 0: too large an answer. */
kd_central_answer kd_centrals_judge(int status, bool understood);
/* The slot answered a question, and not uselessly. */
void kd_centrals_answered(kd_centrals *c, uint32_t slot);
/* It answered as the leader of the partition; KD_CENTRALS_ANY tells nothing. */
void kd_centrals_led(kd_centrals *c, uint32_t partition, uint32_t slot);
/* It answered that it does not lead the partition, and named `leader`; KD_CENTRALS_NONE: nobody, or one that has no slot here. Only slots come out of
 * this object: a central cannot send an edge to a place that its operator did not name. */
void kd_centrals_misdirected(kd_centrals *c, uint32_t partition, uint32_t slot, uint32_t leader);
/* It answered that it cannot answer now (5xx): another one is used from now on, if there is one. */
void kd_centrals_refused(kd_centrals *c, uint32_t slot);
/* It did not answer. True: it is left from now on, and was not before. Of one slot alone there is no leaving: its HTTP client backs off. */
bool kd_centrals_failed(kd_centrals *c, uint32_t slot, kd_central_fault fault, uint64_t now_us);

/* When the next probe is due; UINT64_MAX: no slot waits for one. */
uint64_t kd_centrals_probe_due_us(const kd_centrals *c);
/* A slot to probe now, each once per due time; KD_CENTRALS_NONE: none is due. The caller asks it, and tells the end. */
uint32_t kd_centrals_probe(kd_centrals *c, uint64_t now_us);
/* The probe ended. True: the slot answered, and is asked again. The back-off stays until it has answered a question: one that answers probes alone is
 * tried less and less often. */
bool kd_centrals_probe_ended(kd_centrals *c, uint32_t slot, bool answered, uint64_t now_us);

#endif
