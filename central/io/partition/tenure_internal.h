/* tenure_internal.h - between the files of tenure. */
#ifndef KUDOS_CENTRAL_IO_PARTITION_TENURE_INTERNAL_H
#define KUDOS_CENTRAL_IO_PARTITION_TENURE_INTERNAL_H

#include "central/io/partition/tenure.h"

void kd_tenure_init_outbound(kd_tenure *t);
/* Bytes of redo that the topics may owe this partition. */
uint64_t kd_tenure_unpublished_max(const kd_tenure *t);

#endif
