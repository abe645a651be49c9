/* erase_gone.h - asks partitions where an erased user's id still is (kudos/gone.h), and says it. */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_ERASE_GONE_H
#define KUDOS_CENTRAL_IO_OPERATOR_ERASE_GONE_H

#include "central/io/operator/job.h"
#include "kudos/gone.h"

/* What is judged by, of the configuration. */
kd_gone_config kd_gone_configured(const kd_central_settings *s);
/* Asks the worker. KD_OK; KD_ETIMEOUT; KD_EUNAVAILABLE: the partition is not held. */
int kd_gone_ask(kd_jobs *jobs, uint32_t partition, kd_gone_partition *out);
/* "gone_at=TIME", or "gone_at=unknown reason=PLACE". */
void kd_gone_put(const kd_gone *g, kd_buf *out);

#endif
