/* ops.c - see the header. Free numbers form a list through `attempt`. */
#include "sim/world/ops.h"

uint32_t sim_op_take(sim_world *w)
{
    uint32_t id = w->op_free;
    if (id) {
        w->op_free = w->ops[id].attempt;
        return id;
    }
    if (w->op_count == 0) w->op_count = 1;
    while (w->op_count >= w->op_cap) w->ops = kd_grow(w->ops, w->op_count, &w->op_cap, sizeof(w->ops[0]));
    return w->op_count++;
}

void sim_op_release(sim_world *w, uint32_t id)
{
    if (--w->ops[id].refs > 0) return;
    w->ops[id].attempt = w->op_free;
    w->op_free = id;
}
