/* item_command.c - `kudos-central close|open|delete ITEM...`: what an operator decides about items. */
#include <sodium.h>
#include <stdio.h>

#include "central/io/commands/commands.h"
#include "central/io/commands/order_run.h"

#define ITEM_USAGE "ITEM... [--url URL] [-c FILE] [--set section.key=value]..."
#define ITEM_CODES                                                                                           \
    "Exit codes: 0 done, 1 failed, 2 usage, 4 not reached, or not known whether it was done: say it again."

static const kd_command_line close_line = {
    .usage = ITEM_USAGE,
    .about = "Closes items (collection/id): nothing counts that is stamped later than this moment, and edges "
             "refuse it as\n"
             "soon as they know. What was acknowledged before counts, however late it arrives. Reads go on.\n"
             "Last line: close items= verdict=closed. " ITEM_CODES,
    .words_min = 1,
    .words_max = KD_ARGUMENTS_WORDS_MAX,
    .url = true,
};
static const kd_command_line open_line = {
    .usage = ITEM_USAGE,
    .about = "Opens items that were closed: what is stamped later than this moment counts again. Deleted "
             "ones stay deleted.\n"
             "Last line: open items= verdict=opened. " ITEM_CODES,
    .words_min = 1,
    .words_max = KD_ARGUMENTS_WORDS_MAX,
    .url = true,
};
static const kd_command_line delete_line = {
    .usage = ITEM_USAGE,
    .about = "Deletes items: closes them, and removes all that was counted of them. What arrives late brings "
             "nothing back.\n"
             "This cannot be taken back: a deleted item is not opened again.\n"
             "Last line: delete items= verdict=deleted. " ITEM_CODES,
    .words_min = 1,
    .words_max = KD_ARGUMENTS_WORDS_MAX,
    .url = true,
};

/* A job of its own for each item. Its name keeps a repeated record from being merged twice. */
static int item_order(const kd_arguments *a, kd_order_kind kind, const char *item, char *error)
{
    kd_order order = {.kind = kind};
    kd_buf text = {.data = NULL};
    uint64_t found;
    snprintf(order.name, sizeof(order.name), "%s-%08x%08x", kd_order_name(kind), randombytes_random(),
             randombytes_random());
    if ((size_t)snprintf(order.item, sizeof(order.item), "%s", item) >= sizeof(order.item)) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.60s... is no item", item);
        return KD_EXIT_USAGE;
    }
    int code = kd_order_run(&a->source, &order, &text, &found, error);
    kd_buf_finish(&text);
    return code;
}

static int item_command(const kd_command_line *line, kd_order_kind kind, const char *verdict, int argc,
                        char **argv)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    kd_arguments a;
    int code = kd_arguments_read(&a, line, argc, argv);
    if (code >= 0) return code;
    KD_ASSERT(sodium_init() >= 0);
    code = KD_EXIT_OK;
    for (uint32_t i = 0; i < a.word_count && code == KD_EXIT_OK; i++)
        code = item_order(&a, kind, a.words[i], error);
    if (code == KD_EXIT_OK) printf("%s items=%u verdict=%s\n", argv[0], a.word_count, verdict);
    kd_source_finish(&a.source);
    return kd_command_end("kudos-central", argv[0], code, error);
}

int kd_command_close(int argc, char **argv)
{
    return item_command(&close_line, KD_ORDER_CLOSE, "closed", argc, argv);
}

int kd_command_open(int argc, char **argv)
{
    return item_command(&open_line, KD_ORDER_OPEN, "opened", argc, argv);
}

int kd_command_delete(int argc, char **argv)
{
    return item_command(&delete_line, KD_ORDER_DELETE, "deleted", argc, argv);
}
