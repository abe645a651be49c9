/*
 * producer.h - what librdkafka does with a record: it stays with the producer until Kafka's report is there, however long that takes.
 *
 *     sent -> in the log -> reported        lost or cut: sent again
 *                                           report lost: reported late, or as failed although the record is in the log
 *
 * The links may reorder records, which the rules of the likes topic allow for. Where answers wait for the log (rule 26), a record of an edge waits for
 * those that the same producer took before it, as Kafka's idempotent producers do: that rule rests on it.
 *
 * Records to topics of which the world keeps no log (the changes, the milestones) take the same way and are dropped on arrival. A record that was on the wire when
 * its process died arrives all the same; nobody hears its report.
 */
#ifndef KUDOS_SIM_WORLD_PRODUCER_H
#define KUDOS_SIM_WORLD_PRODUCER_H

#include "sim/world/world.h"

typedef enum {
    MESSAGE_BATCH,
    MESSAGE_CLAIM,
    MESSAGE_DECISION,
    MESSAGE_COUNTS,
    MESSAGE_CHANGES,
    MESSAGE_MILESTONES,
    MESSAGE_HEARTBEAT
} sim_message_kind;

typedef struct sim_message sim_message;
struct sim_message {
    kd_buf record;
    sim_message_kind kind;
    uint32_t process, life, partition, tries;
    uint32_t next;                /* of a link's parked list, or of the free list */
    uint32_t producer;            /* of a logged scenario: the number of the producer that has it */
    uint64_t number;              /* ascends in the order of sim_message_take */
    bool in_log;                  /* the record is in the log: only its report is missing */
    bool report_fails;            /* the report will say that the delivery failed */
    kd_position at;               /* of an edge's batch */
    kd_outbound_record *outbound; /* of a central's record; freed with the process */
    /* Kafka's report, from a later event. Not called when the process has ended. */
    void (*delivered)(sim_world *w, const sim_message *m, bool ok);
};

/* Number of a new message of that process; never 0. The caller fills `record`, `delivered` and `at` or `outbound`, then sends it. A pointer into
 * w->messages is valid until the next call. */
uint32_t sim_message_take(sim_world *w, sim_message_kind kind, uint32_t process, uint32_t partition);
/* Hands the message to the producer of its process, which has it from now on. Never calls `delivered` from within. */
void sim_producer_send(sim_world *w, uint32_t message);
/* A link may be open again: if the host reaches Kafka both ways, its parked messages are tried again, in the order in which they were parked. */
void sim_producer_healed(sim_world *w, uint32_t host);
/* The producers of this host are dead: each message under way is reported as failed, whether its record is in the log or not. */
void sim_producer_fail_all(sim_world *w, uint32_t host);
/* Frees all messages, at the end of the run. */
void sim_producer_close(sim_world *w);

#endif
