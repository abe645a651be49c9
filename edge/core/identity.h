/* identity.h - which edge and shard the store belongs to, and the incarnation of this process (rule 5). */
#ifndef KUDOS_EDGE_CORE_IDENTITY_H
#define KUDOS_EDGE_CORE_IDENTITY_H

#include "kudos/edge.h"

enum { KD_MINTED_MAX = 256 }; /* incarnations that an edge remembers to have minted */

/* Reads `last` and the minted incarnations, mints a new one, and opens the lives; the rows go into the open group. An empty store becomes this
 * edge's. KD_EMISMATCH: the store is another edge's or has another layout; KD_EMALFORMED; KD_EIO. */
int kd_identity_open(kd_edge *e, uint64_t now_us);
/* Mints an incarnation above the present one and above `above`, and puts the list of minted ones into the open group. */
void kd_identity_mint(kd_edge *e, uint64_t above, uint64_t now_us);
/* Forgets that this edge minted incarnations up to `up_to`: another process has used one of them. The next mint stores the list. */
void kd_identity_disown(kd_edge *e, uint64_t up_to);
/* Whether this edge minted this incarnation, as far as it remembers. True for 0: central has applied nothing yet. */
bool kd_identity_minted(const kd_edge *e, uint64_t incarnation);
/* Writes row I to the cleared *row. */
void kd_identity_encode(const kd_edge_stored *is, kd_buf *row);
/* Puts `last` into the open group. */
void kd_identity_put_last(kd_edge *e);

#endif
