/*
 * operator_tool.h - what an operator does with kudos-central while processes die: audits, and backups that are proved by being put back.
 *
 * One command at a time; an order waits until the one before is over. An audit of the running central must find its counts exact, or not come to
 * an end since central died. A rehearsal makes a backup (broken off when central dies), restores it into a place of its own, audits that, and then
 * has central forget the backup of the rehearsal before. Where points are known, half of the restores are killed half way: nothing may stand in
 * their place, and they are begun anew. Orders that a scenario names (order_book.h) come before audits and rehearsals. Whatever is wrong fails the drill by "audit", "backup" or "order".
 */
#ifndef KUDOS_SIM_DRILL_OPERATOR_TOOL_H
#define KUDOS_SIM_DRILL_OPERATOR_TOOL_H

#include "sim/drill/fleet.h"
#include "sim/drill/order_book.h"

typedef struct sim_operator_tool sim_operator_tool;

typedef struct {
    uint64_t audits, backups, restores, restores_killed;
    uint64_t interrupted; /* audits and backups that came to no end, since central died or was away */
} sim_operator_tool_counts;

/* Fleet and book are borrowed, and the fleet must have its nodes. Starts nothing. */
sim_operator_tool *sim_operator_tool_create(sim_fleet *f, sim_order_book *book, uint64_t seed);
/* Kills a command that runs. Before the fleet. NULL is fine. */
void sim_operator_tool_destroy(sim_operator_tool *t);

/* Order: an audit of the running central. */
void sim_operator_tool_audit(sim_operator_tool *t);
/* Order: a backup, its restore, the audit of that, and the end of the backup before. */
void sim_operator_tool_rehearse(sim_operator_tool *t);
/* Order, carried out before all others: central is killed, its directory audited as it was left, and it is started again. */
void sim_operator_tool_audit_left(sim_operator_tool *t);
/* Goes on to the next command when one is over. Without `acting` the only orders that are carried out are the audit of what central left, and those of
 * the book; the others wait. */
void sim_operator_tool_tick(sim_operator_tool *t, uint64_t now_us, bool acting);
/* Nothing runs, and nothing waits that sim_operator_tool_tick would begin. */
bool sim_operator_tool_idle(const sim_operator_tool *t, bool acting);
/* Since the creation. */
sim_operator_tool_counts sim_operator_tool_total(const sim_operator_tool *t);

#endif
