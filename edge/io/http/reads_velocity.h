/* reads_velocity.h - the part of a bulk read that asks for velocities (?velocity=10m). All memory is the request's. */
#ifndef KUDOS_EDGE_IO_HTTP_READS_VELOCITY_H
#define KUDOS_EDGE_IO_HTTP_READS_VELOCITY_H

#include "edge/io/http/reads_work.h"

/* Before the call starts, when all items are added: room for what is found, if the request asks for it. False: the request was answered. */
bool kd_reads_velocity_prepare(kd_edge_read *read, kd_http_request *req);
/* On the errand's shard: what is known, and one question to central about the rest. */
void kd_reads_velocity_work(const kd_edge_read *read, kd_errand *errand);
/* When central said the velocities of this item, by the clock that tells now_us; 0: never. */
uint64_t kd_reads_velocity_made_us(const kd_lookup *l, uint64_t now_us);

#endif
