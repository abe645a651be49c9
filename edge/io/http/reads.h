/*
 * reads.h - reads in work: items looked up on their shards, and whether the caller liked them.
 *
 *     reads.c         requests -> kd_edge_read
 *     reads_work.c    on the shards: the core, and central where this edge does not know
 *     reads_answer.c  kd_edge_read -> JSON
 */
#ifndef KUDOS_EDGE_IO_HTTP_READS_H
#define KUDOS_EDGE_IO_HTTP_READS_H

#include "edge/io/http/routes.h"

typedef enum { KD_READ_COUNTS, KD_READ_DISPLAY, KD_READ_BULK, KD_READ_LIKED, KD_READ_LOOKUP } kd_read_kind;

typedef struct kd_lookup {
    kd_errand *errand;
    struct kd_lookup *next; /* of the same errand */
    kd_bytes item;
    kd_ask_wait ask;
    kd_view view;
    uint8_t liked;                     /* kd_liked */
    bool count_central, liked_central; /* central was asked for it, and answered */
} kd_lookup;

typedef struct {
    kd_call call;
    kd_read_kind kind;
    bool views, members; /* what is wanted */
    kd_bytes user;
    kd_seen seen;     /* what the session token tells */
    uint32_t counter; /* of members */
    uint32_t count;
    kd_lookup *at;
    /* a place for each item: those of an errand that central is asked for, from its offset on */
    kd_lookup **unknown;
    kd_bytes *unknown_item;
    kd_central_liked *unknown_answer;
} kd_edge_read;

void kd_reads_work(kd_errand *errand);
void kd_reads_finish(kd_call *call);

#endif
