/*
 * reads_answer.h - what was read, as the JSON of the API.
 */
#ifndef KUDOS_EDGE_IO_HTTP_READS_ANSWER_H
#define KUDOS_EDGE_IO_HTTP_READS_ANSWER_H

#include "edge/io/http/call.h"

/* Answers the request of a kd_edge_read when all its errands are back (kd_call.finish). `call` is gone afterwards. */
void kd_reads_finish(kd_call *call);

#endif
