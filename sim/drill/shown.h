/*
 * shown.h - what readers are told while processes die, judged at once: every edge is asked for two items a few times a second.
 *
 * - "shown": an edge's home item, which it alone is asked to change, shows never less than what was acknowledged nor more than what was attempted,
 *   in all the time between question and answer; and nobody shows more of the once item than was attempted.
 *   The number alone (GET …/count) of the home item is asked in turns with the counts, and held to the same.
 * - "as-of": whatever edge shows the once item, every like of it that any edge had acknowledged before `as_of` is in the number.
 *
 * Of the home item only counts that central made after the process started are judged. After a restore of central the edge sends operations again. On
 * an older count, read from disk, these have no delta, so the number shown may be too low (rules 15, 17).
 */
#ifndef KUDOS_SIM_DRILL_SHOWN_H
#define KUDOS_SIM_DRILL_SHOWN_H

#include "sim/drill/clients.h"

typedef struct sim_shown sim_shown;

/* `careless`: this edge's directory is put back to older copies, and it forgets rows; its home is not judged. UINT32_MAX: none is. */
sim_shown *sim_shown_create(sim_fleet *f, uint32_t careless);
/* The users and their journal, borrowed. From then on edges are asked, as soon as there is a once item. NULL, NULL: they are gone, nothing is
 * judged any more. */
void sim_shown_watch(sim_shown *s, sim_clients *c, const sim_journal *j);
/* After the fleet, whose end answers what is still asked. NULL is fine. */
void sim_shown_destroy(sim_shown *s);
void sim_shown_tick(sim_shown *s, uint64_t now_us);
/* For sim_clients_options: the journal has changed about this item, so windows that are open on it widen. */
void sim_shown_changed(void *shown_, uint32_t item);
/* Numbers that were judged. */
uint64_t sim_shown_judged(const sim_shown *s);

#endif
