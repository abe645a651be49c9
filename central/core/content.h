/* content.h - whether a batch's operations can be merged by this partition, with the counters that are configured. */
#ifndef KUDOS_CENTRAL_CORE_CONTENT_H
#define KUDOS_CENTRAL_CORE_CONTENT_H

#include "kudos/central.h"

_Static_assert(KD_SUM_AMOUNT_MAX >= (uint64_t)KD_BATCH_OPS_MAX * KD_AMOUNT_MAX,
               "no batch of an honest edge is taken for an attack");

/* What the sums of all batches of one edge may add up to in a partition: a million views in each second for 71 years. No count reaches the end of the
 * numbers so, whoever signs batches, and an edge whose key is in other hands uses up what is its own. */
#define KD_EDGE_AMOUNT_MAX (1ull << 51)
_Static_assert(KD_EDGES_MAX *KD_EDGE_AMOUNT_MAX <= KD_TIME_END_US / 2,
               "all edges together leave the other half to likes, of which one takes a row");
_Static_assert(KD_EDGE_AMOUNT_MAX <= KD_AMOUNT_TOTAL_MAX, "an effect is of one edge");

/* How far above central's clock a batch may reach: the clock of an edge that has measured nothing yet may be wrong by a time zone, or by a day. */
#define KD_AHEAD_MAX_US (2 * 86400000000ull)

/* What the sums of the body add up to. */
uint64_t kd_content_amount(const kd_body *body);
/* Whether all items of the body are of this partition and its sums together are not above KD_SUM_AMOUNT_MAX. The body's counters are not looked at. */
bool kd_content_fits(const kd_central *c, const kd_body *body);
/* Whether a stamp or a day of the body lies more than KD_AHEAD_MAX_US above that time (protocol, rule 3). */
bool kd_content_ahead(const kd_body *body, uint64_t clock_us);
/* Wire id of the first counter in the body that is not configured, or is configured as a set where the body has sums or the reverse; 0: none. */
uint8_t kd_content_unknown_counter(const kd_central *c, const kd_body *body);

#endif
