/* act_elsewhere.h - what an order is answered where another member leads. */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_ACT_ELSEWHERE_H
#define KUDOS_CENTRAL_IO_OPERATOR_ACT_ELSEWHERE_H

#include "central/io/daemon/app.h"

/* Each answer names the other members as "urls". 421, with the leader's URL as "leader"; 503 where nobody is known to lead the partition. Appends the answer and returns its status. */
int kd_act_refuse_elsewhere(kd_central_app *app, uint32_t partition, kd_buf *out);
/* 421 to an order that one member carries out for all partitions, and that this one does not lead: another one may. As above. */
int kd_act_refuse_whole(kd_central_app *app, kd_buf *out);

#endif
