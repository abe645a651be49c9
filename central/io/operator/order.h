/* order.h - an order of an operator, on its way from a command to the cores: in a query of the admin port of a central that runs, or straight to the
 * stores of one that is stopped. */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_ORDER_H
#define KUDOS_CENTRAL_IO_OPERATOR_ORDER_H

#include "central/io/operator/partition_set.h"

enum { KD_ORDER_DIR_MAX = 3000, KD_ORDER_QUERY_MAX = 3 * KD_ORDER_DIR_MAX + KD_PARTITION_SET_TEXT_MAX + 400 };

/* kind, name in a query, whether it takes long: such orders wait for each other, and all others do not wait for them */
#define KD_ORDERS(X)                                                                                         \
    X(KD_ORDER_AUDIT, "audit", true)                                                                         \
    X(KD_ORDER_BACKUP, "backup", true)                                                                       \
    X(KD_ORDER_BACKUP_PRUNE, "backup-prune", true)                                                           \
    X(KD_ORDER_BACKUP_OPEN, "backup-open", true)                                                             \
    X(KD_ORDER_BACKUP_PART, "backup-part", true)                                                             \
    X(KD_ORDER_BACKUP_END, "backup-end", true)                                                               \
    X(KD_ORDER_BACKUP_ABANDON, "backup-abandon", true)                                                       \
    X(KD_ORDER_VOID, "void", true)                                                                           \
    X(KD_ORDER_VOID_UNDO, "void-undo", true)                                                                 \
    X(KD_ORDER_VOID_LIST, "void-list", true)                                                                 \
    X(KD_ORDER_ERASE, "erase", true)                                                                         \
    X(KD_ORDER_ERASE_LOOK, "erase-look", true)                                                               \
    X(KD_ORDER_ERASE_LIST, "erase-list", false)                                                              \
    X(KD_ORDER_BACKUP_ABSENT, "backup-check", false)                                                         \
    X(KD_ORDER_BACKUP_BEGIN, "backup-begin", false)                                                          \
    X(KD_ORDER_BACKUP_COMPLETE, "backup-complete", false)                                                    \
    X(KD_ORDER_BACKUP_FORGET, "backup-forget", false)                                                        \
    X(KD_ORDER_BACKUP_LIST, "backup-list", false)                                                            \
    X(KD_ORDER_RETIRE, "retire", false)                                                                      \
    X(KD_ORDER_READMIT, "readmit", false)                                                                    \
    X(KD_ORDER_EDGE_ADD, "edge-add", false)                                                                  \
    X(KD_ORDER_EDGE_LIST, "edge-list", false)                                                                \
    X(KD_ORDER_COLLECT, "collect", false)                                                                    \
    X(KD_ORDER_CLOSE, "close", false)                                                                        \
    X(KD_ORDER_OPEN, "open", false)                                                                          \
    X(KD_ORDER_DELETE, "delete", false)                                                                      \
    X(KD_ORDER_MEMBERS, "members", false)                                                                    \
    X(KD_ORDER_QUARANTINE_LIST, "quarantine-list", false)                                                    \
    X(KD_ORDER_QUARANTINE_SHOW, "quarantine-show", false)                                                    \
    X(KD_ORDER_QUARANTINE_RELEASE, "quarantine-release", false)                                              \
    X(KD_ORDER_QUARANTINE_DROP, "quarantine-drop", false)

typedef enum {
    KD_ORDER_NONE,
#define X(kind, name, slow) kind,
    KD_ORDERS(X)
#undef X
} kd_order_kind;

typedef struct {
    kd_order_kind kind;
    char name[KD_NAME_MAX + 1];   /* of an edge, a backup, or a job of decisions */
    char region[KD_NAME_MAX + 1]; /* of an edge that is to be expected; may be empty */
    char item[KD_ITEM_KEY_MAX];   /* collection/id */
    char dir[KD_ORDER_DIR_MAX];   /* of a backup: an absolute path, or s3://... */
    uint64_t
        id; /* of a record in quarantine, how many backups to keep, or the stamp of a void or an erasure; 0: none */
    char job
        [KD_NAME_MAX +
         1]; /* of the decisions about edges, quarantine and collection: said again under this name the order is the same one */
    kd_partition_set partitions; /* that the order is for; empty: all */
    kd_bytes
        body; /* of a void: its text (void_order.h); of an erasure: the user's id; of the end of a group's backup: its manifest. No part of the query; borrowed */
} kd_order;

/* The name in a query and in the log; empty for KD_ORDER_NONE. */
const char *kd_order_name(kd_order_kind kind);
/* Whether it takes long: /admin/job carries it out, and /admin/act all others. */
bool kd_order_slow(kd_order_kind kind);
/* Whether a central that follows carries it out: it changes nothing, and what it tells is true of a follower. */
bool kd_order_of_follower(kd_order_kind kind);
/* Appends do=NAME&name=...&region=...&item=...&dir=...&job=...&id=HEX&partitions=SET, with empty fields left out, and a NUL that is not counted in the length. */
void kd_order_to_query(const kd_order *o, kd_buf *out);
/* KD_OK, or KD_EINVAL: no such order, or a field that is too long, no name or no number. Whether the order has the fields that it needs is not looked at. */
int kd_order_from_query(kd_order *o, const char *query);

#endif
