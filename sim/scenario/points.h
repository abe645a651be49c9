/*
 * points.h - the named points at which a real program can kill itself (common/io/loop/point.h), as scenarios and torture name them.
 *
 * A point is a number below KD_POINT_COUNT.
 */
#ifndef KUDOS_SIM_SCENARIO_POINTS_H
#define KUDOS_SIM_SCENARIO_POINTS_H

#include "common/io/loop/point.h"

/* "after-sync". Static. */
const char *sim_point_name(uint32_t point);
/* One line: which programs pass it, a colon, what has happened there and what has not. Static. */
const char *sim_point_text(uint32_t point);
/* KD_OK and *point, or KD_ENOTFOUND. */
int sim_point_find(kd_bytes name, uint32_t *point);
/* Whether an edge, or else central, ever passes it. The point of a restore is passed by neither, only by the command. */
bool sim_point_passed_by(uint32_t point, bool edge);
/* Whether the programs of this build pass it: all points with `make POINTS=1`, else only those in LevelDB, which the library that watches syncs
 * knows. */
bool sim_point_known(uint32_t point);
/* Whether the point is in LevelDB. A process passes such points a few times in its life, the others all the time. */
bool sim_point_in_leveldb(uint32_t point);

#endif
