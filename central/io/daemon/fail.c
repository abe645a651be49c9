/* fail.c - see the header. */
#include "central/io/daemon/fail.h"

#include <unistd.h>

#include "common/io/loop/log.h"
#include "common/io/loop/signals.h"

_Noreturn void kd_fail_stop(int code, const char *event, uint32_t partition, const char *cause)
{
    if (partition == UINT32_MAX)
        KD_LOG(KD_ERROR, event, KD_STR("cause", cause), KD_I64("exit_code", code));
    else
        KD_LOG(KD_ERROR, event, KD_U64("partition", partition), KD_STR("cause", cause),
               KD_I64("exit_code", code));
    kd_notify("STOPPING=1");
    _exit(code);
}
