/* language_command.c - kudos-sim language: every line that a scenario may hold, from the table that reads them. */
#include "sim/commands/language_command.h"

#include <stdio.h>

#include "common/io/daemon/args.h"
#include "sim/scenario/scenario.h"

int sim_sim_language(int argc, char **argv)
{
    const kd_args args = {.program = "kudos-sim",
                          .command = "language",
                          .usage = "",
                          .about = "Tells how a scenario is written."};
    int rc = kd_args_read(&args, argc, argv);
    if (rc >= 0) return rc;
    kd_buf text = {0};
    sim_scenario_language(&text);
    fwrite(text.data, 1, text.len, stdout);
    kd_buf_finish(&text);
    return KD_EXIT_OK;
}
