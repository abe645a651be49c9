/*
 * canonical.h - the one way to name a set of items in a query. A cache keys on the text of a URL: in any other order or encoding the same items would be
 * fetched and kept once more. Pure.
 */
#ifndef KUDOS_COMMON_API_CANONICAL_H
#define KUDOS_COMMON_API_CANONICAL_H

#include "kudos/base.h"
#include "kudos/id.h"

/*
 * Sorts the items bytewise by their text "collection/id", takes out what stands there twice (*count sinks), and appends "items=posts/1,reels/2" to *out.
 * No byte of an id or of this list needs percent-encoding in a query (RFC 3986, 3.4), so nothing is encoded. What kd_route_items reads from the text is
 * these items in this order: their canonical text is the same again.
 */
void kd_canonical_items(kd_item *items, uint32_t *count, kd_buf *out);

#endif
