/* role.c - see the header. */
#include "kudos/role.h"

kd_role_step kd_role_of_follower(const kd_role_view *v)
{
    bool leads = v->wish == KD_WISH_LEAD && v->looked_at && !v->waits, goes = v->wish == KD_WISH_NONE;
    if (v->looking || !(leads || goes || v->anew)) return v->halted ? KD_ROLE_RESUMES : KD_ROLE_STAYS;
    if (!v->quiet || (v->read_here && (goes || v->anew))) return KD_ROLE_HALTS;
    if (v->anew) return KD_ROLE_ANEW;
    return leads ? KD_ROLE_LEADS : KD_ROLE_GOES;
}
