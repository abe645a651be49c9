/* keeper.c - see the header. */
#include "sim/playground/keeper.h"

#include <signal.h>

#include "sim/drill/ask.h"

enum { LOOK_US = 100000, DEADLINE_MS = 1000 };

const char *const sim_central_states[] = {
    [SIM_CENTRAL_DOWN] = "down", [SIM_CENTRAL_STARTING] = "starting", [SIM_CENTRAL_UP] = "up"};

static void keeper_on_answer(void *arg, int status, kd_bytes body)
{
    (void)body;
    sim_keeper *k = arg;
    k->asking = false;
    if (k->state == SIM_CENTRAL_DOWN) return;
    k->state = status == 200 ? SIM_CENTRAL_UP : SIM_CENTRAL_STARTING;
    k->ever_up |= status == 200;
}

static void keeper_on_look(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    sim_keeper *k = arg;
    if (k->asking || k->state == SIM_CENTRAL_DOWN) return;
    k->asking = true;
    sim_ask_get(k->program.base, k->admin, "/readyz", NULL, DEADLINE_MS, keeper_on_answer, k);
}

void sim_keeper_init(sim_keeper *k, struct event_base *base, const char *const *argv, const char *log,
                     uint16_t admin)
{
    *k = (sim_keeper){.argv = argv, .admin = admin};
    sim_program_init(&k->program, base, "central", log);
    k->look = event_new(base, -1, EV_PERSIST, keeper_on_look, k);
    KD_ASSERT(k->look != NULL);
    event_add(k->look, &(struct timeval){.tv_usec = LOOK_US});
}

void sim_keeper_finish(sim_keeper *k)
{
    if (k->look) event_free(k->look);
    sim_program_finish(&k->program);
    while (sim_ask_open() > 0) event_base_loop(k->program.base, EVLOOP_ONCE);
}

int sim_keeper_start(sim_keeper *k)
{
    if (sim_program_running(&k->program)) return KD_OK;
    sim_program_command c = {.argv = k->argv, .death_signal = SIGTERM};
    int err = sim_program_start(&k->program, &c);
    if (err == KD_OK) k->state = SIM_CENTRAL_STARTING;
    return err;
}

void sim_keeper_kill(sim_keeper *k)
{
    if (!sim_program_running(&k->program)) return;
    sim_program_kill(&k->program);
    k->state = SIM_CENTRAL_DOWN;
    k->kills++;
}

bool sim_keeper_reap(sim_keeper *k)
{
    if (!sim_program_reap(&k->program)) return false;
    k->state = SIM_CENTRAL_DOWN;
    return true;
}
