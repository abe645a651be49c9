/* edge_command.c - `kudos-central edge add | retire | list`, and `retire`, the short form of the second. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "central/io/commands/commands.h"
#include "central/io/commands/order_run.h"
#include "common/base/fields.h"

static bool undo;
static const char *region;

#define UNDO                                                                                                 \
    KD_ARG_FLAG("undo", &undo,                                                                               \
                "the edge was not gone: its batches are merged again, and as_of waits for it again")
#define RETIRE_ABOUT                                                                                         \
    "Takes an edge that is gone for good out of what as_of, forgetting and backups wait for, also one that " \
    "was "                                                                                                   \
    "never heard of\n"                                                                                       \
    "but is listed. What it acknowledged and central has not merged is not in the counts, and as_of no "     \
    "longer says "                                                                                           \
    "so; batches\n"                                                                                          \
    "of it are refused from now on. A partition that neither lists nor knows the edge is named.\n"

static const kd_arg retire_options[] = {UNDO};
static const kd_arg edge_options[] = {
    KD_ARG_TEXT("region", "NAME", &region, "add: the region of the edge, for the list"), UNDO};

static const kd_command_line retire_line = {
    .usage = "EDGE [--undo] [--url URL | --dir DIR] [-c FILE] [--set section.key=value]...",
    .about = RETIRE_ABOUT
    "The same as `edge retire`.\n"
    "Last line: retire edge= partitions= verdict=retired|readmitted. Exit codes: 0 done, 1 no "
    "partition knows it,\n"
    "2 usage, 4 not reached or in use, or not known whether it was done: say it again.",
    .options = retire_options,
    .option_count = KD_COUNT(retire_options),
    .words_min = 1,
    .words_max = 1,
    .url = true,
    .dir = true,
};

static const kd_command_line edge_line = {
    .usage =
        "add EDGE [--region REGION] | retire EDGE [--undo] | list  [--url URL | --dir DIR] [-c FILE] [--set "
        "section.key=value]...",
    .about =
        "Which edges there are: as_of, the moment up to which counts are complete, waits for all of them.\n"
        "  add     lists an edge before its first start: from now on as_of is unknown until it was heard of\n"
        "  retire  " RETIRE_ABOUT
        "  list    a line for each edge: in how many partitions it was heard of, is awaited, is retired\n"
        "Nothing has to be restarted. All of it stands in the log, so every central that reads the log has "
        "it.\n"
        "Last line: edge edge= partitions= verdict=listed (add), retire edge= partitions= "
        "verdict=retired|readmitted,\n"
        "edge edges= verdict=told (list). Exit codes: 0 done, 1 refused, or no partition knows it, 2 usage,\n"
        "4 not reached or in use, or not known whether it was done: say it again.",
    .options = edge_options,
    .option_count = KD_COUNT(edge_options),
    .words_min = 1,
    .words_max = 2,
    .url = true,
    .dir = true,
};

/* ---- list: the lines of all partitions become one for each edge ---- */

typedef struct {
    char name[KD_NAME_MAX + 1], region[KD_NAME_MAX + 1];
    uint32_t heard, unheard, retired;
} edge_row;

typedef struct {
    edge_row *at;
    uint32_t count, cap;
} edge_rows;

static edge_row *edge_rows_obtain(edge_rows *l, const char *name)
{
    for (uint32_t i = 0; i < l->count; i++)
        if (strcmp(l->at[i].name, name) == 0) return &l->at[i];
    l->at = kd_grow(l->at, l->count, &l->cap, sizeof(*l->at));
    edge_row *row = &l->at[l->count++];
    *row = (edge_row){.heard = 0};
    snprintf(row->name, sizeof(row->name), "%s", name);
    return row;
}

static void edge_rows_take(edge_rows *l, kd_fields *f)
{
    char name[KD_NAME_MAX + 1], where[KD_NAME_MAX + 1], state[16];
    if (!kd_fields_are(f, "edge")) return;
    kd_fields_string(f, "name", name, sizeof name);
    kd_fields_string(f, "region", where, sizeof where);
    kd_fields_string(f, "state", state, sizeof state);
    if (f->lacking) return;
    edge_row *row = edge_rows_obtain(l, name);
    snprintf(row->region, sizeof(row->region), "%s", where);
    row->heard += strcmp(state, "heard") == 0;
    row->unheard += strcmp(state, "unheard") == 0;
    row->retired += strcmp(state, "retired") == 0;
}

static int edge_rows_compare(const void *a, const void *b)
{
    return strcmp(((const edge_row *)a)->name, ((const edge_row *)b)->name);
}

static void edge_print_list(const kd_buf *text)
{
    edge_rows rows = {.count = 0};
    kd_fields f;
    for (kd_bytes rest = kd_buf_view(text); kd_fields_take(&f, &rest);) edge_rows_take(&rows, &f);
    if (rows.count > 0) qsort(rows.at, rows.count, sizeof(*rows.at), edge_rows_compare);
    for (uint32_t i = 0; i < rows.count; i++) {
        const edge_row *r = &rows.at[i];
        printf("edge=%s region=%s heard=%u awaited=%u retired=%u\n", r->name, r->region, r->heard, r->unheard,
               r->retired);
    }
    printf("edge edges=%u verdict=told\n", rows.count);
    free(rows.at);
}

/* ---- the command ---- */

static void edge_print_retired(const kd_order *order, const kd_buf *text, uint64_t found)
{
    kd_order_print(text);
    if (text->len > 0 && !undo)
        fprintf(stderr,
                "What %s sends to a partition that does not know it is merged: if it runs, say this "
                "again when all know it.\n",
                order->name);
    printf("retire edge=%s partitions=%" PRIu64 " verdict=%s\n", order->name, found,
           undo ? "readmitted" : "retired");
}

static void edge_print(const kd_order *order, kd_buf *text, uint64_t found)
{
    if (order->kind == KD_ORDER_EDGE_LIST)
        edge_print_list(text);
    else if (order->kind == KD_ORDER_EDGE_ADD)
        printf("edge edge=%s partitions=%" PRIu64 " verdict=listed\n", order->name, found);
    else
        edge_print_retired(order, text, found);
}

static int edge_run(const kd_arguments *a, kd_order *order, const char *name, char *error)
{
    kd_buf text = {.data = NULL};
    uint64_t found;
    bool named = order->kind == KD_ORDER_EDGE_LIST ||
                 (kd_order_set_name(order, name) && kd_name_valid(kd_bytes_str(name)));
    bool placed = !region || ((size_t)snprintf(order->region, sizeof(order->region), "%s", region) <
                                  sizeof(order->region) &&
                              kd_name_valid(kd_bytes_str(region)));
    if (!named || !placed) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%s is no name of %s", named ? region : name,
                 named ? "a region" : "an edge");
        return KD_EXIT_USAGE;
    }
    int code = kd_order_run(&a->source, order, &text, &found, error);
    if (code == KD_EXIT_OK) edge_print(order, &text, found);
    kd_buf_finish(&text);
    return code;
}

/* False: the words make no sense. */
static bool edge_read_order(const kd_arguments *a, kd_order *order)
{
    const char *verb = a->words[0];
    bool add = strcmp(verb, "add") == 0, retire = strcmp(verb, "retire") == 0;
    if (strcmp(verb, "list") == 0) order->kind = KD_ORDER_EDGE_LIST;
    if (add) order->kind = KD_ORDER_EDGE_ADD;
    if (retire) order->kind = undo ? KD_ORDER_READMIT : KD_ORDER_RETIRE;
    bool fits = (!region || add) && (!undo || retire);
    return order->kind != KD_ORDER_NONE && fits && a->word_count == (add || retire ? 2u : 1u);
}

int kd_command_edge(int argc, char **argv)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    kd_arguments a;
    kd_order order = {.kind = KD_ORDER_NONE};
    int code = kd_arguments_read(&a, &edge_line, argc, argv);
    if (code >= 0) return code;
    code = KD_EXIT_USAGE;
    if (edge_read_order(&a, &order))
        code = edge_run(&a, &order, a.words[1], error);
    else
        snprintf(error, sizeof(error),
                 "add EDGE, retire EDGE, or list; --region is for add, --undo for retire");
    kd_source_finish(&a.source);
    return kd_command_end("kudos-central", argv[0], code, error);
}

int kd_command_retire(int argc, char **argv)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    kd_arguments a;
    int code = kd_arguments_read(&a, &retire_line, argc, argv);
    if (code >= 0) return code;
    kd_order order = {.kind = undo ? KD_ORDER_READMIT : KD_ORDER_RETIRE};
    code = edge_run(&a, &order, a.words[0], error);
    kd_source_finish(&a.source);
    return kd_command_end("kudos-central", argv[0], code, error);
}
