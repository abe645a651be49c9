/* member_line.h - a liked row as a line of an export: counter, item, user, stamp in us, region, with tabs between; and a sum: counter, item, amount, region. */
#ifndef KUDOS_CENTRAL_IO_API_MEMBER_LINE_H
#define KUDOS_CENTRAL_IO_API_MEMBER_LINE_H

#include "kudos/central.h"

enum { KD_MEMBER_LINE_MAX = KD_NAME_MAX + KD_ITEM_KEY_MAX + KD_ID_MAX + 20 + KD_NAME_MAX + 5 };

/* Appends the line with its end. A counter that is no longer configured is named by its wire id. */
void kd_member_line(kd_buf *out, const kd_counters *counters, const kd_member *m);
/* The same of a sum: counter, item, amount, region. */
void kd_sum_line(kd_buf *out, const kd_counters *counters, const kd_sum_part *s);

#endif
