/*
 * order_book.h - the orders that a scenario gives the operator by name (void, put back, erase, import, close, open, delete), as commands of kudos-central, and what
 * the journal has to know of them.
 *
 * One order after the other; a command that came to no end, since central died or was away, is given again with the same job. An import is an operation
 * of its users, made before the drill began. A void and an erasure are words of the operator: what the user did surely before is gone, what he did surely after
 * stands. Voids are given again when all is merged, as docs/operations tells operators to: what edges had not shipped is withdrawn then, too. Erasures are not:
 * they concern what comes late as well (rule 28). After that the journal is told of both.
 *
 * Forgiven: where a void was put back, a pair that its user has unliked before that may be liked. An unlike from within the window that comes later than the
 * void changes nothing (rule 25), so the like that it took back is put back.
 */
#ifndef KUDOS_SIM_DRILL_ORDER_BOOK_H
#define KUDOS_SIM_DRILL_ORDER_BOOK_H

#include "sim/check/journal.h"
#include "sim/drill/clients.h"

enum { ORDER_BOOK_WORDS = 10 };

typedef struct sim_order_book sim_order_book;

typedef struct {
    const char *words[ORDER_BOOK_WORDS]; /* of kudos-central; ends with NULL */
} sim_order_command;

/* All is borrowed. Never NULL. */
sim_order_book *sim_order_book_create(sim_fleet *f, sim_clients *clients, sim_journal *journal);
void sim_order_book_destroy(sim_order_book *b); /* NULL is fine */
/* An order of the scenario, which is borrowed. The journal is told of a close, an opening or a deletion now. */
void sim_order_book_add(sim_order_book *b, const sim_scenario_event *e);
/* Whether an order waits to be given, or to be given again. */
bool sim_order_book_waits(sim_order_book *b);
/* The command of the order that is first; what it points to lives until the next call. False: none waits, or its file could not be written (the fleet has
 * failed then). */
bool sim_order_book_command(sim_order_book *b, const char *url, sim_order_command *out);
/* That command ended with this exit code (-1: by a signal), having said that. False: it is wrong, by what an operator is promised. */
bool sim_order_book_ended(sim_order_book *b, int code, kd_bytes said);
/* The log has lost records, and central was put back to a copy: orders may be undone. */
void sim_order_book_lost(sim_order_book *b);
/* All is merged: each void is to be given once more. */
void sim_order_book_repeat(sim_order_book *b);
/* No order waits any more: tells the journal of the voids and erasures. Once. */
void sim_order_book_settle(sim_order_book *b);

#endif
