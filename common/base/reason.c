/* reason.c - see the header. */
#include "common/base/reason.h"

#include "kudos/base.h"

#define REASON_NAME(id, name) name,
static const char *const reason_names[] = {KD_REASON_LIST(REASON_NAME)};

const char *kd_reason_name(kd_reason reason)
{
    KD_ASSERT(reason < KD_REASONS);
    return reason_names[reason];
}
