/* packer.h - msgpack's packer over a kd_buf. */
#ifndef KUDOS_COMMON_BASE_PACKER_H
#define KUDOS_COMMON_BASE_PACKER_H

#include <msgpack/pack.h>

#include "kudos/base.h"

static inline int kd_packer_append(void *out, const char *data, size_t len)
{
    kd_buf_put(out, data, len);
    return 0;
}

/* What is packed is appended to `out`, which must live as long as the packer. */
static inline msgpack_packer kd_packer_of(kd_buf *out)
{
    return (msgpack_packer){.data = out, .callback = kd_packer_append};
}

#endif
