/*
 * compare_ranges.h - the comparison of an edge's rows with central's, range by range: asks both sides, counts, and prints the rows that differ.
 */
#ifndef KUDOS_EDGE_IO_COMMANDS_COMPARE_RANGES_H
#define KUDOS_EDGE_IO_COMMANDS_COMPARE_RANGES_H

#include "common/io/admin/admin_client.h"
#include "common/io/admin/compare_query.h"
#include "common/io/daemon/progress.h"
#include "edge/io/commands/stopped.h"

/* The caller opens the clients, or `stopped`, and sets partitions, query.edge, wait_us and error. Afterwards it ends the clients and the buffers. */
typedef struct {
    kd_admin_client *edge, *central;
    kd_stopped *stopped;           /* the edge's directory with --dir; NULL: `edge` is asked */
    kd_compare_query query;        /* edge, partition and window; each question adds its range */
    uint64_t partitions, compared; /* of the edge; of these, those that could be compared */
    uint64_t rows;                 /* in the digests */
    uint64_t asked, differ;        /* rows that central gave a verdict on; of these, those that differ */
    uint64_t questions;            /* requests to admin ports */
    uint64_t wait_us;              /* time left for asking again */
    kd_progress progress;
    kd_buf path; /* of the request being made */
    kd_admin_answer answer;
    char *error; /* KD_OPTIONS_ERROR_MAX bytes, the caller's */
} kd_comparing;

/* Compares all partitions. A partition that edge or central cannot compare now is left out, and named on standard error; `compared` counts the
 * others. KD_EXIT_OK, whether or not rows differ (`differ`); or another exit code with c->error. */
int kd_comparing_run(kd_comparing *c);

#endif
