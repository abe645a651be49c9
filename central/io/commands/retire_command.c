/* retire_command.c - `kudos-central retire EDGE`: retires an edge that is gone for good; with --undo takes it back. */
#include <inttypes.h>
#include <stdio.h>

#include "central/io/commands/commands.h"
#include "central/io/commands/order_run.h"

static bool undo;
static const kd_arg options[] = {KD_ARG_FLAG(
    "undo", &undo, "the edge was not gone: its batches are merged again, and as_of waits for it again")};

static const kd_command_line line = {
    .usage = "EDGE [--undo] [--url URL | --dir DIR] [-c FILE] [--set section.key=value]...",
    .about = "Takes an edge that is gone for good out of what as_of, forgetting and backups wait for. What "
             "it acknowledged\n"
             "and central has not merged is not in the counts, and as_of no longer says so; batches of it "
             "are refused from\n"
             "now on. Take it out of central.edges, too.\n"
             "A partition that does not know the edge is named.\n"
             "Last line: retire edge= partitions= verdict=retired|readmitted. Exit codes: 0 done, 1 no "
             "partition knows it,\n"
             "2 usage, 4 not reached or in use.",
    .options = options,
    .option_count = KD_COUNT(options),
    .words_min = 1,
    .words_max = 1,
    .url = true,
    .dir = true,
};

int kd_command_retire(int argc, char **argv)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    kd_arguments a;
    kd_buf text = {.data = NULL};
    uint64_t found;
    int code = kd_arguments_read(&a, &line, argc, argv);
    if (code >= 0) return code;
    kd_order order = {.kind = undo ? KD_ORDER_READMIT : KD_ORDER_RETIRE};
    if (kd_order_set_name(&order, a.words[0])) {
        code = kd_order_run(&a.source, &order, &text, &found, error);
    } else {
        snprintf(error, sizeof(error), "%s is no name of an edge", a.words[0]);
        code = KD_EXIT_USAGE;
    }
    if (code == KD_EXIT_OK) {
        kd_order_print(&text);
        if (text.len > 0 && !undo)
            fprintf(stderr,
                    "What %s sends to a partition that does not know it is merged: if it runs, say this "
                    "again when all know it.\n",
                    order.name);
        printf("retire edge=%s partitions=%" PRIu64 " verdict=%s\n", order.name, found,
               undo ? "readmitted" : "retired");
    }
    kd_buf_finish(&text);
    kd_source_finish(&a.source);
    return kd_command_end("kudos-central", argv[0], code, error);
}
