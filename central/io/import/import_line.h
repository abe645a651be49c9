/*
 * import_line.h - a line of a file to import. Two forms, and a file is of one of them, as its first line says:
 *
 *     of a log       unix milliseconds, user, item, op       (common/base/like_line.h)
 *     of an export   counter, item, user, stamp in us, region, and of a sum: counter, item, amount, region
 */
#ifndef KUDOS_CENTRAL_IO_IMPORT_IMPORT_LINE_H
#define KUDOS_CENTRAL_IO_IMPORT_IMPORT_LINE_H

#include "kudos/id.h"

/* What all imports together can add to sums of a partition, as an edge (central/core/content.h). */
#define KD_IMPORT_AMOUNT_MAX (1ull << 51)

/* What an operation of a log says that its line does not. An export needs `counters` alone. */
typedef struct {
    const kd_counters *counters;
    uint8_t counter;        /* wire id */
    const char *collection; /* of items without one */
    kd_bytes region;
    uint32_t day; /* UTC, to which sums go */
} kd_import_form;

/* `item`, `user` and `region` point into the line, the form or *row. */
typedef struct {
    uint8_t counter; /* wire id: of a set, or of a sum where `amount` is not 0 */
    uint64_t amount; /* of a sum, which has no user and no time */
    uint32_t day;
    bool liked;
    uint64_t time_us;
    kd_item item;
    uint8_t user_len;
    char user[KD_ID_MAX];
    kd_bytes region;
} kd_import_row;

typedef enum { KD_IMPORT_UNKNOWN, KD_IMPORT_LOG, KD_IMPORT_EXPORT } kd_import_kind;

/* Reads a line, which comes without its newline. *kind is decided by the first one. KD_OK; KD_EMALFORMED and *why, a static text. */
int kd_import_line_read(const kd_import_form *form, kd_import_kind *kind, kd_bytes line, kd_import_row *row,
                        const char **why);

#endif
