/*
 * main.c - kudos-sim: a table of sub commands.
 */
#include <stdio.h>
#include <string.h>

#include "kudos/base.h"
#include "kudos/limits.h"
#include "common/io/daemon/exit_code.h"
#include "common/io/daemon/program.h"
#include "sim/attack/attack.h"
#include "sim/kafka/broker.h"
#include "sim/commands/drill_command.h"
#include "sim/users/generate.h"
#include "sim/commands/hunt_command.h"
#include "sim/commands/language_command.h"
#include "sim/users/load.h"
#include "sim/playground/playground.h"
#include "sim/replay/replay.h"
#include "sim/commands/run_command.h"
#include "sim/commands/token_command.h"
#include "sim/commands/torture_command.h"

typedef struct {
    const char *name;
    const char *help;
    /* argv[0] is the command's name; returns the exit code, and leaves the check of what it printed to main */
    int (*run)(int argc, char **argv);
} command;

static const command commands[] = {
    {"replay", "sends a log of likes through edges and checks every count", sim_sim_replay},
    {"generate", "writes a generated hour of likes as a log for replay", sim_sim_generate},
    {"load", "sends one server as many requests as it takes, and measures it", sim_sim_load},
    {"language", "tells how a scenario is written", sim_sim_language},
    {"hunt", "runs random scenarios in the simulation, reduces those that fail and writes them down",
     sim_sim_hunt},
    {"bugs", "breaks each rule of the protocol on purpose and shows that it is found", sim_sim_bugs},
    {"run", "plays a scenario in the deterministic simulation", sim_sim_run},
    {"drill", "plays a scenario on the real binaries", sim_sim_drill},
    {"torture", "kills the real binaries again and again and proves every like", sim_sim_torture},
    {"attack", "plays floods, held requests and rubbish on an edge, and judges what others keep",
     sim_sim_attack},
    {"playground", "serves a page on which one cuts regions off and sees all counts come true",
     sim_sim_playground},
    {"token", "prints a JWT that a key signs, for demos and tests", sim_sim_token},
    {"broker", "an embedded Kafka broker for demos and quick tests", sim_sim_broker},
};

static void help(void)
{
    printf("usage: kudos-sim COMMAND [options]\n\nDrives, drills and measures Kudos.\n\n");
    for (size_t i = 0; i < KD_COUNT(commands); i++)
        printf("  %-11s %s\n", commands[i].name, commands[i].help);
    printf("\n  -h, --help, --version; kudos-sim COMMAND --help tells more\n\n"
           "exit codes: 0 done or held, 1 violated or failed, 2 usage, 3 unknown, 4 something needed was "
           "unavailable\n");
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    kd_program_begin();
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        help();
        return kd_command_end("kudos-sim", "", KD_EXIT_OK, "");
    }
    if (strcmp(name, "--version") == 0) {
        printf("kudos-sim %s (wire %d, storage %d)\n", KD_PROGRAM_VERSION, KD_WIRE_SCHEMA, KD_STORAGE_SCHEMA);
        return kd_command_end("kudos-sim", "", KD_EXIT_OK, "");
    }
    for (size_t i = 0; i < KD_COUNT(commands); i++) {
        if (strcmp(name, commands[i].name) == 0)
            return kd_command_end("kudos-sim", name, commands[i].run(argc - 1, argv + 1), "");
    }
    fprintf(stderr, "kudos-sim: %s%s (--help lists the commands)\n",
            *name ? "unknown command: " : "a command is missing", name);
    return KD_EXIT_USAGE;
}
