/*
 * leveldb_check.h - what LevelDB does not notice when it opens a database: used by leveldb_store.c alone.
 *
 * It takes a write-ahead log that is missing or full of zeros for one without rows, and the end of one for the end of all
 * that was written. Every operation has a number (its sequence), which the logs hold and the MANIFEST knows, so all that lies
 * between can be proved to be there. Must run before LevelDB opens the files: that replays the logs and deletes them.
 */
#ifndef KUDOS_COMMON_IO_LEVELDB_LEVELDB_CHECK_H
#define KUDOS_COMMON_IO_LEVELDB_LEVELDB_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t last; /* number of the last operation that the files hold; 0: none */
    uint64_t
        gone; /* number of a log that is not there, 0: none; no harm when it held nothing yet, which ACKED tells */
    bool logged; /* the logs hold operations... */
    uint64_t
        base; /* ...else all up to this one is in tables: since the database was opened last, or because the newest tables hold
                      the last operation that the MANIFEST knows. What is acknowledged beyond it was in the log */
} kd_leveldb_state;

/*
 * KD_OK and *state. KD_EMALFORMED: a live log is missing, has a hole, does not go on where the one before it ends or ends
 * before the MANIFEST's last operation, or the MANIFEST makes no sense. KD_EIO. `err` names file and place. Changes nothing.
 */
int kd_leveldb_check(const char *dir, kd_leveldb_state *state, char *err, size_t size);

#endif
