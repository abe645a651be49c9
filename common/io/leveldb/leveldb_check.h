/*
 * leveldb_check.h - finds losses that LevelDB does not notice when it opens a database. Used by leveldb_store.c alone.
 *
 * LevelDB takes a write-ahead log that is missing or full of zeros for a log without rows, and a log that was cut for a log that ends there. But
 * every operation has a number (its sequence), the logs hold these numbers, and the MANIFEST holds the last one at its own writing. So this proves
 * that no number in between is missing. It must run before LevelDB opens the files, which replays the logs and deletes them.
 */
#ifndef KUDOS_COMMON_IO_LEVELDB_LEVELDB_CHECK_H
#define KUDOS_COMMON_IO_LEVELDB_LEVELDB_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t last; /* number of the last operation that the files hold; 0: none */
    uint64_t gone; /* number of a log that is missing, 0: none; ACKED tells whether it held anything */
    bool logged;   /* the logs hold operations */
    /* Without logged operations, all up to this one are in tables: LevelDB put them there when it opened the database last, or the newest tables hold
     * the last operation that the MANIFEST knows. Acknowledged operations above it were in the log. */
    uint64_t base;
} kd_leveldb_state;

/* KD_OK and *state. KD_EMALFORMED: a log that is still needed is missing, has a hole, does not continue the log before it or ends before the
 * MANIFEST's last operation; or the MANIFEST does not decode. KD_EIO. `err` names file and place. Changes no file. */
int kd_leveldb_check(const char *dir, kd_leveldb_state *state, char *err, size_t size);

#endif
