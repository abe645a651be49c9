/* collect_command.c - `kudos-central collect`: the collection of tombstones, which an identity alarm stopped, goes on. */
#include <inttypes.h>
#include <stdio.h>

#include "central/io/commands/commands.h"
#include "central/io/commands/order_run.h"

static const kd_command_line line = {
    .usage = "[--url URL | --dir DIR] [-c FILE] [--set section.key=value]...",
    .about = "After an identity alarm (two processes used one edge's name) no tombstone is collected any "
             "more, until an operator\n"
             "has ended one of them and says so by this command. It changes nothing where the collection was "
             "not stopped.\n"
             "Last line: collect partitions= verdict=resumed. Exit codes: 0 done, 1 failed, 2 usage, 4 not "
             "reached or in use.",
    .url = true,
    .dir = true,
};

int kd_command_collect(int argc, char **argv)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    kd_arguments a;
    kd_buf text = {.data = NULL};
    uint64_t found;
    int code = kd_arguments_read(&a, &line, argc, argv);
    if (code >= 0) return code;
    const kd_order order = {.kind = KD_ORDER_COLLECT};
    code = kd_order_run(&a.source, &order, &text, &found, error);
    if (code == KD_EXIT_OK) printf("collect partitions=%" PRIu64 " verdict=resumed\n", found);
    kd_buf_finish(&text);
    kd_source_finish(&a.source);
    return kd_command_end("kudos-central", argv[0], code, error);
}
