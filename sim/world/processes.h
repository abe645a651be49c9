/*
 * processes.h - life of a process, whatever program it runs: start, stop, drain, restart.
 *
 * A process that ends gets a new life, so that no event meant for the old one reaches it. Its disks stay (disks.h).
 */
#ifndef KUDOS_SIM_WORLD_PROCESSES_H
#define KUDOS_SIM_WORLD_PROCESSES_H

#include "sim/world/world.h"

/* What a process runs: an edge (edge.h) or a central (central.h). `slot`: sim_process_slot(). */
struct sim_role {
    void (*open)(sim_world *w, uint32_t slot);
    void (*close)(sim_world *w, uint32_t slot); /* at once, as by a power cut */
    /* Seals and publishes what is gathered; may end the process. It is stopped when `drained` is true. */
    void (*drain)(sim_world *w, uint32_t slot);
    bool (*drained)(const sim_world *w, uint32_t slot);
    /* Whether records of this stream (world.h) may be given to it now. */
    bool (*may_read)(const sim_world *w, uint32_t slot, uint32_t stream);
    /* One record of a stream; may end the process. */
    void (*record)(sim_world *w, uint32_t slot, uint32_t stream, kd_bytes record, int64_t offset);
    void (*end_round)(sim_world *w, uint32_t slot, uint32_t stream); /* a fetch was read to its end */
    /* The reader has had all that the stream held at some moment since it began to read, or since it was put elsewhere. NULL: it need not know. */
    void (*at_end)(sim_world *w, uint32_t slot, uint32_t stream);
    /* The next record is not in the log any more; the reader begins at the earliest one. NULL: it need not know. */
    void (*out_of_range)(sim_world *w, uint32_t slot, uint32_t stream);
    void (*kafka_there)(sim_world *w, uint32_t slot); /* its link to Kafka is open; NULL: it need not know */
};

/* Ends the process at once; a disk keeps some of the writes that were not synced. Nothing happens when it is down. Counts as a kill unless it
 * drains. */
void sim_process_stop(sim_world *w, uint32_t process);
/* Starts it, unless it is up, may not run, has no disk, or its machine's disks fail. May end the process again before it returns. */
void sim_process_start(sim_world *w, uint32_t process);
/* The same at that true time. */
void sim_process_start_at(sim_world *w, uint32_t process, uint64_t at_us);
/* Drains it, for SHELL_DRAIN_US at most, stops it, and starts it SHELL_RESTART_US later. Nothing happens when it is down or drains already. */
void sim_process_restart(sim_world *w, uint32_t process);
/* For a process that drains, after each step that may have ended the drain: if it did, the process is stopped by an event at this moment. Never stops
 * it from within, for the caller still works on its core. */
void sim_process_check_drained(sim_world *w, uint32_t process);

#endif
