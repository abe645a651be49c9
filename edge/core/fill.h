/* fill.h - the filter of membership rows at a start; its other rows come later (kudos/fill.h). */
#ifndef KUDOS_EDGE_CORE_FILL_H
#define KUDOS_EDGE_CORE_FILL_H

#include "kudos/fill.h"

/* Makes the filter and reads the first piece of the store's rows, which is all of a small store. KD_OK, KD_EIO, KD_EMALFORMED. */
int kd_fill_load(kd_edge *e);

#endif
