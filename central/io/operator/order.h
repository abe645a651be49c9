/* order.h - what an operator asks for, as it goes from a command to a central: in a query of the admin port, or
 * straight to the cores of stores that nobody has open. */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_ORDER_H
#define KUDOS_CENTRAL_IO_OPERATOR_ORDER_H

#include "kudos/base.h"
#include "kudos/limits.h"

enum { KD_ORDER_DIR_MAX = 3000, KD_ORDER_QUERY_MAX = 3 * KD_ORDER_DIR_MAX + 256 };

/* kind, name in a query, whether it takes long (and so waits for others that do) */
#define KD_ORDERS(X)                                                                                         \
    X(KD_ORDER_AUDIT, "audit", true)                                                                         \
    X(KD_ORDER_BACKUP, "backup", true)                                                                       \
    X(KD_ORDER_BACKUP_ABSENT, "backup-check", false)                                                         \
    X(KD_ORDER_BACKUP_BEGIN, "backup-begin", false)                                                          \
    X(KD_ORDER_BACKUP_COMPLETE, "backup-complete", false)                                                    \
    X(KD_ORDER_BACKUP_FORGET, "backup-forget", false)                                                        \
    X(KD_ORDER_BACKUP_LIST, "backup-list", false)                                                            \
    X(KD_ORDER_RETIRE, "retire", false)                                                                      \
    X(KD_ORDER_READMIT, "readmit", false)                                                                    \
    X(KD_ORDER_COLLECT, "collect", false)                                                                    \
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
    char name[KD_NAME_MAX + 1]; /* of an edge or a backup */
    char dir[KD_ORDER_DIR_MAX]; /* of a backup; absolute */
    uint64_t id;                /* of a record in quarantine */
} kd_order;

const char *kd_order_name(kd_order_kind kind);
bool kd_order_slow(kd_order_kind kind);
/* do=NAME&name=...&dir=...&id=HEX, what is empty left out; ends with a NUL that is not counted. */
void kd_order_to_query(const kd_order *o, kd_buf *out);
/* KD_OK or KD_EINVAL. */
int kd_order_from_query(kd_order *o, const char *query);

#endif
