/* quarantine_command.c - `kudos-central quarantine list | show | release | drop`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "central/io/commands/commands.h"
#include "central/io/commands/order_run.h"

static const kd_command_line line = {
    .usage = "list | show ID | release ID | drop ID  [--url URL | --dir DIR] [-c FILE] [--set "
             "section.key=value]...",
    .about = "Records of the likes topic that did not decode or broke a limit are kept with their bytes; the "
             "edge that sent\n"
             "one waits, for nothing of it is skipped, and the others go on.\n"
             "  list     a line each: id, partition, offset, when, bytes, what is wrong, whose it is and "
             "where it stands\n"
             "  show     what can be decoded of it, and a hexdump\n"
             "  release  feeds it again, after an upgrade, say; a resend of its edge that is merged takes it "
             "away by itself\n"
             "  drop     gives it up for good: its operations are lost (they are named, where they can be) "
             "and the edge goes on\n"
             "Last line: quarantine records= verdict=empty|kept (list), ... verdict=shown|released|dropped.\n"
             "Exit codes: 0 done, 1 not found or it could not be done, 2 usage, 4 not reached or in use.",
    .words_min = 1,
    .words_max = 2,
    .url = true,
    .dir = true,
};

static const struct {
    const char *name, *verdict;
    kd_order_kind kind;
    uint32_t words;
} verbs[] = {
    {"list", NULL, KD_ORDER_QUARANTINE_LIST, 1},
    {"show", "shown", KD_ORDER_QUARANTINE_SHOW, 2},
    {"release", "released", KD_ORDER_QUARANTINE_RELEASE, 2},
    {"drop", "dropped", KD_ORDER_QUARANTINE_DROP, 2},
};

/* Index of the verb, or -1 when the words make no sense. */
static int quarantine_command_read_order(const kd_arguments *a, kd_order *order)
{
    char *end = "";
    for (size_t i = 0; i < KD_COUNT(verbs); i++) {
        if (strcmp(verbs[i].name, a->words[0]) != 0 || verbs[i].words != a->word_count) continue;
        order->kind = verbs[i].kind;
        if (a->word_count == 2) order->id = strtoull(a->words[1], &end, 16);
        return *end == '\0' && (a->word_count == 1 || order->id != 0) ? (int)i : -1;
    }
    return -1;
}

static void quarantine_command_print(int verb, const kd_order *order, const kd_buf *text, int code)
{
    uint64_t lines = kd_order_print(text);
    if (code != KD_EXIT_OK) return;
    if (order->kind == KD_ORDER_QUARANTINE_LIST)
        printf("quarantine records=%" PRIu64 " verdict=%s\n", lines, lines > 0 ? "kept" : "empty");
    else
        printf("quarantine id=%016" PRIx64 " verdict=%s\n", order->id, verbs[verb].verdict);
}

int kd_command_quarantine(int argc, char **argv)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    kd_arguments a;
    kd_order order = {.kind = KD_ORDER_NONE};
    kd_buf text = {.data = NULL};
    uint64_t found;
    int code = kd_arguments_read(&a, &line, argc, argv);
    if (code >= 0) return code;
    int verb = quarantine_command_read_order(&a, &order);
    if (verb < 0) {
        snprintf(error, sizeof(error), "list, or show, release, drop with an id of the list");
        code = KD_EXIT_USAGE;
    } else {
        code = kd_order_run(&a.source, &order, &text, &found, error);
        quarantine_command_print(verb, &order, &text, code);
    }
    kd_buf_finish(&text);
    kd_source_finish(&a.source);
    return kd_command_end("kudos-central", argv[0], code, error);
}
