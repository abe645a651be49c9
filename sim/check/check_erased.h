/*
 * check_erased.h - the part of "decided" that knows who is erased in a partition (rule 28): from the stamp of the decision down nothing of the user counts, and
 * when his erasure is finished no row of his is left below it.
 *
 * At the end, whatever the log and central say: nobody of whom the operator was told that he is erased has a row from before. Not judged where the likes log has ever
 * lost records (rule 24), nor below the floor (what rule 22 leaves open).
 */
#ifndef KUDOS_SIM_CHECK_CHECK_ERASED_H
#define KUDOS_SIM_CHECK_CHECK_ERASED_H

#include "sim/check/checking.h"

/* Whether an operation of that user with that stamp counts no more. */
bool sim_check_erased_covers(const sim_check_deciding *d, uint32_t user, uint64_t time_us);
/* The user whose rows that decision names; NULL: nobody who is erased. */
sim_check_erased *sim_check_erased_of_job(sim_check_deciding *d, const kd_decision *decision);
/* A decision to erase was merged; `here`: its author wrote it in the history that merges it. */
void sim_check_erased_mark(sim_checks *c, sim_check_deciding *d, const kd_decision *decision, bool here);
/* A record was read: whom central no longer remembers, and need not, is as good as never erased. */
void sim_check_erased_forget(sim_check_deciding *d, const kd_central *core, const char *const *users);
/* At a start: what the store remembers. */
void sim_check_erased_load(sim_checks *c, sim_check_deciding *d, const kd_central *core);
/* With no commit under way: what the store remembers, and holds of the erased. */
void sim_check_erased_compare(sim_checks *c, sim_check_deciding *d, kd_central *core, uint32_t partition);

/* The operator was told that the user is erased up to that stamp. */
void sim_check_erased_told(sim_checks *c, uint32_t partition, uint32_t user, uint64_t stamp_us);
/* When all agrees: each whom the operator was told of. */
void sim_check_erased_settled(sim_checks *c);

/* A commit of the first central is durable there: where it says that the ids of erased users still are ("gone"). */
void sim_check_erased_gone(sim_checks *c, uint32_t partition);

#endif
