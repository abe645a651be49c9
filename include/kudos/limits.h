/*
 * limits.h - every hard limit and version, in one place. They bound formats and memory, and are part of the wire and storage contract. What an
 * operator may tune is in the option tables instead (settings.c of each program).
 */
#ifndef KUDOS_LIMITS_H
#define KUDOS_LIMITS_H

/* Version of all programs. The formats have versions of their own below. */
#define KD_PROGRAM_VERSION "0.1.0"

/* What the sums of one record add up to: more than four thousand million views in one batch are no count but an attack on the totals. */
#define KD_SUM_AMOUNT_MAX (1ull << 32)

enum {
    KD_WIRE_SCHEMA = 1,     /* first element of every Kafka record */
    KD_STORAGE_SCHEMA = 1,  /* first byte of the store's identity row */
    KD_COLLECTION_MAX = 32, /* bytes of a collection name */
    KD_ID_MAX = 128,        /* bytes of an item id or a user id */
    KD_ITEM_KEY_MAX = 2 + KD_COLLECTION_MAX + KD_ID_MAX,
    KD_NAME_MAX = 32,       /* bytes of an edge, region, central or counter name */
    KD_COUNTERS_MAX = 8,    /* counters in a configuration */
    KD_COUNTER_ID_MAX = 63, /* a counter's number on the wire */
    KD_PARTITIONS_MAX = 4096,
    KD_SHARDS_MAX = 64,
    KD_MEMBERS_MAX = 64,     /* centrals that share the partitions, replicas of a partition included */
    KD_MEMBER_URL_MAX = 256, /* bytes of the URL of a member */
    KD_EDGES_MAX = 1024,     /* edges that one partition of central knows */
    KD_REGIONS_MAX = 256,
    KD_DECIDED_JOBS_MAX = 256, /* jobs of operators whose decisions one partition remembers */
    KD_SUMMED_JOBS_MAX =
        65536, /* of them, those that added sums: for good, besides the others; some 150 bytes each */
    KD_VOID_JOBS_MAX = 64, /* voids that one partition remembers, so that they can be undone */
    KD_ERASED_MAX =
        65536, /* erased users of one partition that late operations are kept from; some 200 bytes each */
    KD_CLOSED_MAX = 73728,           /* items that were ever closed, of one partition; some 300 bytes each */
    KD_CLOSED_RESERVED = 8192,       /* of them, what lives of collections leave to operators (rule 29) */
    KD_BACKUPS_MAX = 64,             /* backups that one partition of central knows of */
    KD_BATCH_OPS_MAX = 10000,        /* operations and sums in one batch, whatever the configuration says */
    KD_BATCH_BYTES_MAX = 512 * 1024, /* one Kafka record */
    KD_SNAPSHOT_ITEMS_MAX = 4096,    /* counts in one part of a snapshot */
    KD_SNAPSHOT_PARTS_MAX = 256,
    KD_THRESHOLDS_MAX = 32,          /* thresholds in a configuration, at which a count makes a milestone */
    KD_MILESTONES_RECORD_MAX = 1000, /* milestones in one record */
    /* bytes of snapshot parts that a shard keeps until the last part of their snapshot is there */
    KD_ASSEMBLY_BYTES_MAX = 64 * 1024 * 1024,
    KD_CHAIN_MAX = 64,           /* epochs that a snapshot names */
    KD_BULK_ITEMS_MAX = 200,     /* items in one bulk read */
    KD_TRENDING_ITEMS_MAX = 50,  /* items in one answer of what is trending */
    KD_AMONG_USERS_MAX = 500,    /* users of whom one request asks which like an item */
    KD_WITHOUT_USERS_MAX = 1000, /* users whom one request leaves out of the counts of an item */
    KD_BULK_OPS_MAX = 1000,      /* operations in one POST /v1/likes */
    KD_BODY_MAX = 256 * 1024,    /* a request body */
    KD_HEADERS_MAX = 64,         /* header fields of a request */
    KD_HEADER_BYTES_MAX = 16 * 1024,
    KD_IDEMPOTENCY_KEY_MAX = 128,
    KD_SESSION_TOKEN_MAX = 96,
    KD_AMOUNT_MAX = 1000, /* what one request adds to a sum */
};

_Static_assert(KD_ITEM_KEY_MAX < 256, "an item key's length fits one byte");
_Static_assert(KD_CLOSED_RESERVED < KD_CLOSED_MAX, "lives of collections have room, too");
_Static_assert(KD_BATCH_OPS_MAX >= KD_BULK_OPS_MAX, "one bulk request fits a batch");
_Static_assert(KD_SNAPSHOT_ITEMS_MAX *(KD_ITEM_KEY_MAX + 12 * KD_COUNTERS_MAX) < 2 * 1024 * 1024,
               "one part of a snapshot fits a record");

#endif
