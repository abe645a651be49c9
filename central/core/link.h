/*
 * link.h - up to which version edges of a leader before are vouched for when this store leads (rule 32).
 *
 * The link is the last published version whose history agrees with ours: an edge that has it, or an older one, goes on. What edges know beyond it is undone.
 * Versions of this store before its promotion are its own. So the first snapshot names the link's version as `previous`, and lists what changed since the
 * own version that holds no record more than the link.
 *
 * The leader before may have published what it has not told to the changes topic. It says so (changes.h), and what it has not told is told here. The topic
 * numbers changes by versions, and the leader before may have given the numbers of our versions above `told` to others. So these versions
 * are told under numbers of their own: behind all that it can have told, in front of those that come.
 *
 *     i | 1     flags u8 | epoch, version, own, heard, offset, renamed, base be64 | chain length u8, then epoch, last be64 each | told be64
 *
 * A row of an older program ends behind the chain: `told` is `own` then.
 *
 * Invariants: `own` is the version up to which edges at the link have what this store has, and `published` of the store; redo rows above it are kept, unless
 * `broken`. After the promotion the row stays, `adopted`, until a snapshot above `own` is delivered, and the changes
 * of all versions that are renamed.
 */
#ifndef KUDOS_CENTRAL_CORE_LINK_H
#define KUDOS_CENTRAL_CORE_LINK_H

#include "central/core/follow.h"

struct kd_commit;

typedef struct {
    bool linked;  /* a leader's snapshot agreed: `epoch`, `version` and `chain` are its */
    bool broken;  /* more redo would have been kept than is allowed: all edges read anew */
    bool adopted; /* this store leads, and edges may not have heard of it yet */
    uint64_t epoch, version, own;
    /* Adopted: changes of versions of this store up to it were told by the leader before; <= own. */
    uint64_t told;
    uint64_t renamed, base; /* adopted: versions above told, up to renamed, are told as so much above base */
    int64_t counts_offset;  /* of that snapshot; -1: not told */
    kd_chain_link chain[KD_CHAIN_MAX];
    uint32_t chain_count;
    bool changed; /* the row is to be written, or deleted, by the next commit */
    bool stored;
    kd_promotion stage;
    uint64_t hint;       /* for the epoch of the claim */
    uint64_t claimed;    /* that epoch; 0: no claim was made */
    uint64_t claim_read; /* records read up to our claim; 0: it was not read yet */
    uint64_t marked;     /* what our marker said, which was read; 0: it was not, or another one is needed */
    bool marker_again;   /* it said too little: it is to be written again */
    /* While it leads: of a marker above our epoch, heard at an end of the log; 0: none. And since when. */
    uint64_t passed_epoch, passed_us;
    uint64_t
        read_back; /* while it leads in a group: of its own snapshots the version up to which it heard them; 0: none yet */
} kd_promoter;

/* After kd_follow_load: KD_OK, KD_EIO, KD_EMALFORMED. */
int kd_link_load(kd_central *c);
/* A snapshot of a leader agreed, and all its parts were heard. `own`: version of the newest commit of ours that holds no record more; 0: not known. `told`:
 * likewise, of the records whose changes the leader has told. */
void kd_link_agreed(kd_central *c, const kd_follow_heard *h, uint64_t own, uint64_t told);
/* The leader has told the changes of our versions up to this one. */
void kd_link_told(kd_central *c, uint64_t told);
/* More redo is kept for a promotion than is allowed: no longer. */
void kd_link_break(kd_central *c);
/* At the begin of a commit: puts the row. */
void kd_link_put(kd_central *c, struct kd_commit *k);
/* What the next snapshot names as previous, where the one before it was of version `before`. False: nothing, edges read anew. */
bool kd_link_previous(const kd_central *c, uint64_t before, uint64_t *previous);
/* The number under which the topics are told of a version. */
uint64_t kd_link_label(const kd_central *c, uint64_t version);
/* A leader of a group heard one of its own snapshots: behind a marker of a higher epoch nobody installs it. */
void kd_link_read_back(kd_central *c, const kd_snapshot *head);
/* The version up to which others have what was handed out, once the last snapshot was delivered or given up. */
uint64_t kd_link_installed(const kd_central *c);
/* `published` or `delivered` has moved. */
void kd_link_published(kd_central *c);

#endif
