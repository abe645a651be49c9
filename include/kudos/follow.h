/*
 * follow.h - a central that follows (kd_central_config.follows): it merges what the leader merges, from the same log, and publishes nothing. It claims
 * no epoch, no claim fences it, and what the topics would get is not kept for them.
 *
 * It compares its history with that which the leader's snapshots tell (rule 31). Once they differ they differ for good: the follower has lost its way,
 * and its counts may be wrong. It is made anew from a copy of the leader's store.
 */
#ifndef KUDOS_FOLLOW_H
#define KUDOS_FOLLOW_H

#include "kudos/central.h"

enum {
    /* digests that a follower remembers, of the last records: a snapshot further behind is not compared */
    KD_FOLLOW_DIGESTS = 8192,
    /* what a record of the counts topic says that the likes topic does not bear out is obeyed so long after it was noticed (kd_central_at_end) */
    KD_FOLLOW_PROOF_US = 5000000,
    /* bytes of redo that a partition keeps for its promotion; with more the edges would read anew */
    KD_FOLLOW_REDO_MAX = 64 << 20,
};

typedef enum {
    KD_FOLLOWS_UNPROVEN, /* nothing was compared since the start */
    KD_FOLLOWS_AGREED,
    KD_FOLLOWS_DIFFERS,
    KD_FOLLOWS_LOST, /* the log cannot be read on (kd_central_lose) */
} kd_follows;

/* How far a store that followed is on its way to lead (rule 32). */
typedef enum {
    KD_PROMOTION_LEADS,  /* it leads; or it follows, and is not to lead */
    KD_PROMOTION_READS,  /* it reads both topics to their ends */
    KD_PROMOTION_CLAIMS, /* its claim is made, and read back */
    KD_PROMOTION_MARKS,  /* its claim is in force: its marker is made, and read back */
} kd_promotion;

typedef struct {
    bool follows;
    kd_bytes name;         /* of this central; views live until the object is closed */
    kd_bytes leader;       /* whose claim was read last; empty: none since the store began to follow */
    uint64_t leader_epoch; /* of that claim */
    kd_follows state;
    kd_history ours;    /* of all records that were fed */
    kd_history heard;   /* of the newest snapshot of the highest epoch that was heard of; read 0: none */
    uint64_t epoch;     /* of that snapshot */
    uint64_t version;   /* likewise */
    uint64_t compared;  /* snapshots, since the start */
    kd_history differs; /* while it differs: what the leader told */
} kd_following;

/* Whether the store followed when it was written last, without opening a core on it: KD_OK, and in place of what *leader holds the name of the leader whose claim it read last,
 * perhaps empty. Others went on without it since then. KD_ENOTFOUND: it led. KD_EIO, KD_EMALFORMED. */
int kd_central_stored_follows(const kd_store *store, kd_buf *leader);

/* Appends what makes the copy of a store another store: an identity of its own, by 64 random bits. Its claims are then not taken for those of the store that
 * it was copied from, nor the other way round (rule 32). KD_OK, also where the store has none yet; KD_EIO, KD_EMALFORMED. */
int kd_central_make_another(const kd_store *store, uint64_t random, kd_writes *writes);

/* A snapshot of the leader, of this partition: compared now, or when as many records are read. One without a history, of a lower epoch than another that
 * was heard, or further behind than the digests reach, is passed over. */
void kd_central_compare(kd_central *c, const kd_snapshot *s);
/* A record of the counts topic, as it is read at that offset: a snapshot or a marker of a promotion. KD_OK also where it does not concern this partition;
 * KD_EMALFORMED. */
int kd_central_hear(kd_central *c, kd_bytes record, int64_t offset);
/* The offset of the counts topic at which a start begins to hear: that of the snapshot that agreed last, or of its own marker; -1: it
 * begins at the earliest record that is there. */
int64_t kd_central_counts_offset(const kd_central *c);
/*
 * All was fed that the likes partition held at some moment after the call before this one. `mono_us`: a clock that does not go back. A single call proves
 * nothing, because what was heard last may be younger than that moment. So what was known at one call, and still stands at a call KD_FOLLOW_PROOF_US later, is:
 *
 * - A follower has read less than its leader's snapshot told: it differs. The log has lost records that the leader has merged, or the leader has read some
 *   of them twice.
 * - A leader has heard a marker of a higher epoch, and read no claim of that epoch: the log has lost the claim. Edges and followers pass over the snapshots
 *   of this leader. So it takes a higher epoch, as for one that an envelope names (rule 15).
 */
void kd_central_at_end(kd_central *c, uint64_t mono_us);
/* Whether a leader has heard a marker of a higher epoch: nobody installs what it publishes, and the claim of that epoch fences it as soon as it is read. */
bool kd_central_superseded(const kd_central *c);
/* Whether the leader has told of records that were not fed here. */
bool kd_central_lags(const kd_central *c);
/* At a central that leads `name` and `ours` alone are told. */
void kd_central_get_following(const kd_central *c, kd_following *out);
/* The record behind the last one fed is gone or cannot be read. A follower does not read its log again: it is lost for good. */
void kd_central_lose(kd_central *c);

/* ---- promotion: a store that followed was opened with `follows` false. kudos/publisher.h makes what it writes.
 *
 * It is no leader yet: kd_central_durable() is false, and its epoch is that of its store. The shell feeds both topics as to a follower. KD_FED_FENCED: another
 * claim is in force; the store is opened as a follower again. */

kd_promotion kd_central_promotion(const kd_central *c);
/* The shell has fed what both topics held at some moment since the opening. */
void kd_central_read_to_end(kd_central *c);
/* Whether a marker is wanted: of a promotion; or of a leader of a group that took another epoch while it led, has read its claim, and has not heard its marker. */
bool kd_central_marks(const kd_central *c);
/* Appends the marker for the counts topic, while it marks. */
void kd_central_marker(const kd_central *c, uint64_t now_us, kd_buf *record);
/* Once after each marker that was read back and is to be written again: another store has written its own in front of it, so it told too little. */
bool kd_central_marker_again(kd_central *c);

/* "unproven", "agreed", "differs", "lost". */
const char *kd_follows_name(kd_follows state);

#endif
