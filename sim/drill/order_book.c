/* order_book.c - see the header. */
#include "sim/drill/order_book.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/text.h"
#include "common/io/daemon/exit_code.h"
#include "sim/drill/files.h"

enum {
    OPERATOR = SCENARIO_EDGES_MAX, /* his place among the edges, in the journal */
    IMPORTED_MS = 86400000,        /* age of what is imported */
    JOB_MAX = 32,
    SLACK_US = 200000, /* the drill's clock and that of central may be apart by so much */
};

typedef struct {
    const sim_scenario_event *event;
    char job[JOB_MAX];
    uint32_t tries;
    bool over, undone;
    bool empty;               /* a void that withdrew nothing: no partition remembers its time */
    uint64_t from_us, to_us;  /* in between it took its time, by the drill's clock */
    uint32_t first, attempts; /* of an import: its attempts in the journal */
} order;

struct sim_order_book {
    sim_fleet *fleet;
    sim_clients *clients;
    sim_journal *journal;
    order *at;
    uint32_t count, cap;
    uint32_t next; /* the order that is given */
    bool lost, settled;
    char file[FLEET_PATH_MAX + 32];
};

static uint32_t order_book_number(const sim_names *names, const char *name)
{
    uint32_t i = 0;
    while (i < names->count && strcmp(sim_names_at(names, i), name) != 0) i++;
    return i;
}

/* ---- the journal ---- */

/* As many views of the item were imported before: it is the same file, and adds nothing. */
static bool order_book_again(const sim_order_book *b, const order *o)
{
    for (const order *v = b->at; v < o; v++)
        if (v->event->kind == SCENARIO_IMPORT && v->event->counter == SCENARIO_VIEW &&
            v->event->amount == o->event->amount && strcmp(v->event->item, o->event->item) == 0)
            return true;
    return false;
}

static void order_book_note_views(sim_order_book *b, order *o)
{
    char name[SCENARIO_NAME_MAX];
    sim_scenario_old_user(0, name);
    const sim_journal_attempt a = {.user = order_book_number(sim_clients_users(b->clients), name),
                                   .item = order_book_number(sim_clients_items(b->clients), o->event->item),
                                   .edge = OPERATOR,
                                   .counter = SCENARIO_VIEW,
                                   .verb = KD_ADD,
                                   .amount = (uint64_t)o->event->amount};
    o->attempts = !order_book_again(b, o);
    if (o->attempts) o->first = sim_journal_attempted(b->journal, &a);
}

static void order_book_note_import(sim_order_book *b, order *o)
{
    char name[SCENARIO_NAME_MAX];
    const sim_names *users = sim_clients_users(b->clients);
    if (o->event->counter == SCENARIO_VIEW) {
        order_book_note_views(b, o);
        return;
    }
    o->attempts = (uint32_t)o->event->amount;
    for (uint32_t i = 0; i < o->attempts; i++) {
        sim_scenario_old_user(i, name);
        const sim_journal_attempt a = {.user = order_book_number(users, name),
                                       .item =
                                           order_book_number(sim_clients_items(b->clients), o->event->item),
                                       .edge = OPERATOR,
                                       .counter = SCENARIO_LIKE,
                                       .verb = KD_LIKE};
        uint32_t id = sim_journal_attempted(b->journal, &a);
        if (i == 0) o->first = id;
    }
}

static void order_book_note_imported(sim_order_book *b, const order *o)
{
    for (uint32_t i = 0; i < o->attempts; i++) sim_journal_acked(b->journal, o->first + i, 1);
}

/* The command stamps its decision later than now. */
static void order_book_note_item(sim_order_book *b, const sim_scenario_event *e)
{
    uint64_t now_us = sim_fleet_now_us(b->fleet);
    uint64_t from_us = e->kind == SCENARIO_DELETE || now_us < SLACK_US ? 0 : now_us - SLACK_US;
    sim_journal_closed(b->journal, sim_clients_item(b->clients, e->item), from_us);
}

/* When the journal is to believe that the order's unlike was said. Stamps of edges may lie 2 D above that of a void, though they were given before it. The stamp of an
 * erasure lies D above central's clock: so what was answered when it was ordered lies below, and what was begun 2 D after its end lies above. */
static void order_book_when(const sim_order_book *b, const order *o, uint64_t *from_us, uint64_t *to_us)
{
    uint64_t near_us = 2 * b->fleet->scenario->drift_us;
    bool erases = o->event->kind == SCENARIO_ERASE;
    *from_us = erases ? o->from_us : o->from_us > near_us ? o->from_us - near_us : 0;
    *to_us = o->to_us + (erases ? near_us : 0);
}

static void order_book_note_pair(sim_order_book *b, const order *o, uint32_t counter, uint32_t item,
                                 uint32_t user)
{
    uint64_t from_us, to_us;
    if (b->lost || o->undone) {
        bool unliked =
            sim_journal_pair(b->journal, counter, item, user, 0, &(bool){false}) == ORACLE_MUST_NOT;
        if (b->lost || unliked) sim_journal_ordered(b->journal, counter, item, user, false);
        return;
    }
    order_book_when(b, o, &from_us, &to_us);
    const sim_journal_attempt a = {.user = user,
                                   .item = item,
                                   .edge = OPERATOR,
                                   .counter = counter,
                                   .verb = KD_UNLIKE,
                                   .first_us = from_us};
    sim_journal_acked(b->journal, sim_journal_attempted(b->journal, &a), to_us);
}

static void order_book_settle_user(sim_order_book *b, const order *o)
{
    uint32_t user = order_book_number(sim_clients_users(b->clients), o->event->user);
    for (uint32_t c = 0; c < SCENARIO_COUNTERS; c++) {
        if (sim_scenario_counters.at[c].kind != KD_SET) continue;
        for (uint32_t i = 0; i < sim_clients_items(b->clients)->count; i++)
            if (sim_journal_pair_edges(b->journal, c, i, user)) order_book_note_pair(b, o, c, i, user);
    }
}

void sim_order_book_settle(sim_order_book *b)
{
    if (b->settled) return;
    b->settled = true;
    for (uint32_t i = 0; i < b->count; i++)
        if (b->at[i].event->kind == SCENARIO_VOID || b->at[i].event->kind == SCENARIO_ERASE)
            order_book_settle_user(b, &b->at[i]);
    if (b->lost) sim_journal_excuse_edge(b->journal, OPERATOR, 0, UINT64_MAX);
}

void sim_order_book_lost(sim_order_book *b)
{
    b->lost = true;
}

/* ---- commands ---- */

void sim_order_book_add(sim_order_book *b, const sim_scenario_event *e)
{
    b->at = kd_grow(b->at, b->count, &b->cap, sizeof *b->at);
    order *o = &b->at[b->count];
    *o = (order){.event = e};
    snprintf(o->job, sizeof o->job, "drill-%" PRIu32, b->count++);
    if (sim_scenario_about_item(e->kind)) order_book_note_item(b, e);
}

void sim_order_book_repeat(sim_order_book *b)
{
    uint32_t count = b->count;
    for (uint32_t i = 0; i < count; i++) {
        order *o = &b->at[i];
        if (o->event->kind != SCENARIO_VOID || o->undone) continue;
        o->over = false;
        b->next = 0;
    }
}

/* The void of that user which was ordered last before `o` and was not put back. */
static order *order_book_last_void(const sim_order_book *b, const order *o)
{
    for (order *v = (order *)(uintptr_t)o; v-- > b->at;)
        if (v->event->kind == SCENARIO_VOID && !v->undone && strcmp(v->event->user, o->event->user) == 0)
            return v;
    return NULL;
}

/* The file of the command, if it reads one. */
static bool order_book_write(sim_order_book *b, const order *o, kd_buf *text)
{
    uint64_t ms = sim_fleet_wall_us(b->fleet, 0) / 1000 - IMPORTED_MS;
    char name[SCENARIO_NAME_MAX];
    bool views = o->event->kind == SCENARIO_IMPORT && o->event->counter == SCENARIO_VIEW;
    if (views) kd_text_printf(text, "view\t%s\t%" PRId64 "\timport\n", o->event->item, o->event->amount);
    for (uint32_t i = 0; o->event->kind == SCENARIO_IMPORT && !views && i < (uint32_t)o->event->amount; i++) {
        sim_scenario_old_user(i, name);
        kd_text_printf(text, "%" PRIu64 "\t%s\t%s\t1\n", ms + i, name, o->event->item);
    }
    if (o->event->kind == SCENARIO_VOID) kd_text_printf(text, "%s\n", o->event->user);
    snprintf(b->file, sizeof b->file, "%s/order.txt", b->fleet->options.directory);
    int err = sim_files_write(b->file, kd_buf_view(text));
    if (err != KD_OK) sim_fleet_fail(b->fleet, "%s: %s", b->file, strerror(errno));
    return err == KD_OK;
}

static void order_book_words(const sim_order_book *b, const order *o, const char *url, sim_order_command *out)
{
    const order *v = o->event->kind == SCENARIO_PUT_BACK ? order_book_last_void(b, o) : NULL;
    if (o->event->kind == SCENARIO_IMPORT)
        *out = (sim_order_command){{"import", b->file, "--url", url}};
    else if (sim_scenario_about_item(o->event->kind))
        *out = (sim_order_command){{sim_scenario_kind_name(o->event->kind), o->event->item, "--url", url}};
    else if (o->event->kind == SCENARIO_ERASE)
        *out = (sim_order_command){{"erase", "--user", o->event->user, "--url", url}};
    else if (v)
        *out = (sim_order_command){{"void", "--undo", v->job, "--url", url}};
    else
        *out = (sim_order_command){{"void", "--users", b->file, "--job", o->job, "--url", url}};
}

/* An order that is over, or that has nothing to put back, is passed by. */
static order *order_book_first(sim_order_book *b)
{
    for (; b->next < b->count; b->next++) {
        order *o = &b->at[b->next];
        bool nothing = o->event->kind == SCENARIO_PUT_BACK && !order_book_last_void(b, o);
        if (!o->over && !nothing) return o;
    }
    return NULL;
}

bool sim_order_book_waits(sim_order_book *b)
{
    return order_book_first(b) != NULL;
}

bool sim_order_book_command(sim_order_book *b, const char *url, sim_order_command *out)
{
    kd_buf text = {0};
    order *o = order_book_first(b);
    if (!o) return false;
    if (o->tries++ == 0) {
        o->from_us = sim_fleet_now_us(b->fleet);
        if (o->event->kind == SCENARIO_IMPORT) order_book_note_import(b, o);
    }
    bool written = order_book_write(b, o, &text);
    kd_buf_finish(&text);
    if (written) order_book_words(b, o, url, out);
    return written;
}

static bool order_book_says(kd_bytes said, const char *word)
{
    return said.len > 0 && memmem(said.data, said.len, word, strlen(word)) != NULL;
}

static void order_book_done(sim_order_book *b, order *o, kd_bytes said)
{
    bool first = o->to_us == 0 || o->empty;
    o->over = true;
    if (first) o->to_us = sim_fleet_now_us(b->fleet);
    o->empty = first && order_book_says(said, " operations=0 skipped=0 ");
    if (o->event->kind == SCENARIO_IMPORT) order_book_note_imported(b, o);
    if (o->event->kind == SCENARIO_PUT_BACK) order_book_last_void(b, o)->undone = true;
    b->next++;
}

bool sim_order_book_ended(sim_order_book *b, int code, kd_bytes said)
{
    order *o = &b->at[b->next];
    /* It was done by the command before, whose answer was lost; or there was nothing to be withdrawn; or the item was deleted before. */
    const char *over = o->event->kind == SCENARIO_PUT_BACK ? "knows that void"
                       : o->event->kind == SCENARIO_OPEN   ? "was deleted, for good"
                                                           : NULL;
    bool refused = code == KD_EXIT_FAILED && over && order_book_says(said, over);
    if (code == KD_EXIT_OK || refused) order_book_done(b, o, said);
    return code == KD_EXIT_OK || refused || code == KD_EXIT_UNAVAILABLE || code < 0;
}

sim_order_book *sim_order_book_create(sim_fleet *f, sim_clients *clients, sim_journal *journal)
{
    sim_order_book *b = kd_alloc(sizeof *b);
    *b = (sim_order_book){.fleet = f, .clients = clients, .journal = journal};
    return b;
}

void sim_order_book_destroy(sim_order_book *b)
{
    if (!b) return;
    free(b->at);
    free(b);
}
