/* envelope.h - the Kafka record of a batch: its body in an envelope that is made anew at each sending (rule 8). */
#ifndef KUDOS_EDGE_CORE_ENVELOPE_H
#define KUDOS_EDGE_CORE_ENVELOPE_H

#include "edge/core/forward.h"

/* Encodes the record of the sealed batch `b` into the cleared `record`. `prev` is the batch before it in the outbox, NULL for the first one.
 * Frees the encoded body. KD_EIO, KD_EMALFORMED: the body could not be built again from the journal. */
int kd_envelope_encode(kd_edge *e, kd_part *p, const kd_outgoing *prev, kd_outgoing *b, uint64_t now_us,
                       kd_buf *record);

#endif
