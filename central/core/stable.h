/* stable.h - the backups of this central that may still be restored (rule 21); kudos/forget.h has the commands and what they mean. */
#ifndef KUDOS_CENTRAL_CORE_STABLE_H
#define KUDOS_CENTRAL_CORE_STABLE_H

#include "kudos/central.h"

typedef struct {
    uint8_t id_len;
    char id[KD_NAME_MAX];
    uint64_t low_watermark_us; /* when the backup was begun: its copy holds no less */
    uint64_t version;          /* committed when the backup was begun */
    bool complete;
} kd_backup;

/* Reads the list of backups: KD_OK, KD_EIO, KD_EMALFORMED. */
int kd_stable_load(kd_central *c);

#endif
