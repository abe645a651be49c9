/* verdict.c - see the header. */
#include "sim/drill/verdict.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "sim/drill/files.h"
#include "sim/drill/product.h"
#include "sim/drill/verdict_counts.h"

enum {
    TOOL_LIMIT_US = 60000000,
    EXPORT_BYTES_MAX = 64 * 1024 * 1024,
    READ_LIMIT_US = 60000000,
    PAUSE_US = 200000,
    SETTLE_US =
        3000000, /* a verdict against the drill must last so long: what it was judged by is read one after the other */
};

typedef struct {
    const sim_verdict_options *o;
    sim_verdict_result *out;
    sim_counts_reading at[SCENARIO_EDGES_MAX + 1]; /* the edges', then central's */
    uint32_t count;
    bool settled;      /* nothing is left to be done before the verdict */
    uint64_t since_us; /* when the processes were last asked for all counts */
    sim_program tool;  /* export, then audit */
    char export_path[FLEET_PATH_MAX + 32], audit_path[FLEET_PATH_MAX + 32];
} reaching;

static bool never(void *arg)
{
    const sim_verdict_options *o = arg;
    if (o->tick) o->tick(o->tick_arg);
    return o->fleet->failed;
}

static bool all_read(void *arg)
{
    reaching *r = arg;
    if (r->o->tick) r->o->tick(r->o->tick_arg);
    for (uint32_t i = 0; i < r->count; i++) {
        if (!r->at[i].done) return false;
    }
    return true;
}

static bool outboxes_heard(void *arg)
{
    reaching *r = arg;
    if (r->o->tick) r->o->tick(r->o->tick_arg);
    return sim_samples_outboxes(r->o->samples, r->since_us) != UINT64_MAX;
}

static bool apart(reaching *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool apart(reaching *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(r->out->apart, sizeof r->out->apart, format, args);
    va_end(args);
    return false;
}

static const char *verdict_name_of(const reaching *r, uint32_t i)
{
    return i + 1 < r->count ? r->o->fleet->scenario->edges[i] : "central";
}

static bool same_counts(reaching *r)
{
    const sim_counts_reading *central = &r->at[r->count - 1];
    const sim_names *items = sim_clients_items(r->o->clients);
    for (uint32_t e = 0; e < r->count; e++) {
        const sim_counts_reading *edge = &r->at[e];
        if (edge->failed) return apart(r, "%s did not answer with all counts", verdict_name_of(r, e));
        if (edge->pending > 0)
            return apart(r, "%s has %llu operations pending", verdict_name_of(r, e),
                         (unsigned long long)edge->pending);
        for (uint32_t i = 0; i < items->count; i++) {
            for (int c = 0; c < SCENARIO_COUNTERS; c++) {
                if (edge->counts[i][c] == COUNTS_NULL)
                    return apart(r, "%s shows null for %s of %s", verdict_name_of(r, e),
                                 sim_scenario_counters.at[c].name, sim_names_at(items, i));
                if (edge->counts[i][c] != central->counts[i][c])
                    return apart(r, "%s shows %llu for %s of %s, central %llu", verdict_name_of(r, e),
                                 (unsigned long long)edge->counts[i][c], sim_scenario_counters.at[c].name,
                                 sim_names_at(items, i), (unsigned long long)central->counts[i][c]);
            }
        }
    }
    return true;
}

static bool all_agree(reaching *r)
{
    sim_fleet *f = r->o->fleet;
    if (!sim_fleet_all_ready(f)) {
        for (uint32_t i = 0; i < FLEET_NODES; i++) {
            if (f->nodes[i].exists && f->nodes[i].wanted && !sim_fleet_serves(&f->nodes[i]))
                return apart(r, "%s does not serve", f->nodes[i].name);
        }
        return apart(r, "Kafka is not back");
    }
    r->since_us = sim_fleet_now_us(f);
    for (uint32_t i = 0; i < r->count; i++)
        sim_counts_start(&r->at[i], i + 1 < r->count ? f->nodes[i].port : sim_fleet_central(f)->port);
    while (!sim_fleet_wait(f, all_read, r, READ_LIMIT_US) && !f->interrupted)
        continue; /* each has its own deadline */
    if (!sim_fleet_wait(f, outboxes_heard, r, READ_LIMIT_US))
        return apart(r, "the edges do not tell of their outboxes");
    uint64_t bytes = sim_samples_outboxes(r->o->samples, r->since_us);
    if (bytes > 0) return apart(r, "%llu bytes of operations are in outboxes", (unsigned long long)bytes);
    return same_counts(r);
}

/* ---- the members ----------------------------------------------------------------------------------------------- */

static bool tool_ended(void *arg)
{
    reaching *r = arg;
    if (r->o->tick) r->o->tick(r->o->tick_arg);
    return sim_program_reap(&r->tool);
}

/* Asks central by `kudos-central COMMAND --url`; its exit code, or -1 and why in `apart`. */
static int ask_central(reaching *r, const char *command, const char *output)
{
    sim_fleet *f = r->o->fleet;
    char binary[FLEET_PATH_MAX], urls[FLEET_URLS_MAX];
    snprintf(binary, sizeof binary, "%s/kudos-central", f->options.programs);
    sim_fleet_central_urls(f, urls);
    const char *argv[] = {binary, command, "--url", urls, NULL};
    if (sim_program_start(&r->tool, &(sim_program_command){.argv = argv, .output_to = output}) != KD_OK) {
        apart(r, "%s: %s", binary, strerror(errno));
        return -1;
    }
    if (!sim_fleet_wait(f, tool_ended, r, TOOL_LIMIT_US)) {
        sim_program_kill(&r->tool);
        apart(r, "kudos-central %s did not end", command);
        return -1;
    }
    int code = WIFEXITED(r->tool.status) ? WEXITSTATUS(r->tool.status) : -1;
    if (code != 0) apart(r, "kudos-central %s ended with %d; see %s", command, code, r->tool.log);
    return code;
}

static uint32_t number_in(const sim_names *names, kd_bytes text)
{
    for (uint32_t i = 0; i < names->count; i++) {
        if (kd_bytes_eq(kd_bytes_str(sim_names_at(names, i)), text)) return i;
    }
    return UINT32_MAX;
}

static uint32_t counter_of(kd_bytes text)
{
    uint32_t c = 0;
    while (c < SCENARIO_COUNTERS && !kd_bytes_eq(kd_bytes_str(sim_scenario_counters.at[c].name), text)) c++;
    return c;
}

static kd_bytes verdict_field(kd_bytes *line)
{
    const uint8_t *tab = line->len ? memchr(line->data, '\t', line->len) : NULL;
    size_t len = tab ? (size_t)(tab - line->data) : line->len;
    kd_bytes it = kd_bytes_of(line->data, len);
    *line = kd_bytes_of(line->data + len + (tab != NULL), line->len - len - (tab != NULL));
    return it;
}

static void add_member(const reaching *r, sim_final_state *f, kd_bytes line)
{
    kd_bytes whole = line;
    char text[200];
    uint32_t counter = counter_of(verdict_field(&line));
    uint32_t item = number_in(sim_clients_items(r->o->clients), verdict_field(&line));
    uint32_t user = number_in(sim_clients_users(r->o->clients), verdict_field(&line));
    if (counter < SCENARIO_COUNTERS && item != UINT32_MAX && user != UINT32_MAX) {
        sim_final_member(f, counter, item, user);
        return;
    }
    snprintf(text, sizeof text, "%.*s", (int)KD_MIN(whole.len, sizeof text - 1), (const char *)whole.data);
    sim_final_stranger(f, text);
}

static void add_members(const reaching *r, sim_final_state *f, kd_bytes text)
{
    while (text.len > 0) {
        const uint8_t *eol = memchr(text.data, '\n', text.len);
        size_t len = eol ? (size_t)(eol - text.data) : text.len;
        if (len > 0) add_member(r, f, kd_bytes_of(text.data, len));
        text = kd_bytes_of(text.data + len + (eol != NULL), text.len - len - (eol != NULL));
    }
}

static void add_counts(const reaching *r, sim_final_state *f)
{
    const sim_scenario *s = r->o->fleet->scenario;
    const sim_names *items = sim_clients_items(r->o->clients);
    for (uint32_t i = 0; i < items->count; i++) {
        for (uint32_t c = 0; c < SCENARIO_COUNTERS; c++) {
            sim_final_count(f, c, i, r->at[r->count - 1].counts[i][c]);
            for (uint32_t e = 0; e + 1 < r->count; e++)
                sim_final_edge_count(f, e, c, i, r->at[e].counts[i][c]);
        }
    }
    for (uint32_t i = 0; i < s->expectation_count; i++)
        sim_final_expect(f, s->expectations[i].counter,
                         number_in(items, kd_bytes_str(s->expectations[i].item)), s->expectations[i].count);
}

static const char **list(const sim_names *names)
{
    const char **all = kd_alloc((names->count + 1) * sizeof *all);
    for (uint32_t i = 0; i < names->count; i++) all[i] = sim_names_at(names, i);
    return all;
}

/* What central itself finds: counts that are not what its membership says. */
static void audit_failed(reaching *r)
{
    sim_final_verdict *v = &r->out->final;
    if (!v->held) return;
    v->held = false;
    v->checker = "audit";
    snprintf(
        v->text, sizeof v->text,
        r->o->fleet->scenario->member_count > 0
            ? "a member of central differs from its leader, or nobody leads; see audit.txt beside the logs"
            : "kudos-central audit finds wrong counts; see audit.txt beside the logs");
}

/* False: not all of it was answered. */
static bool verdict_judge_product(reaching *r, kd_bytes rows)
{
    sim_final_verdict *v = &r->out->final;
    sim_product_result found;
    const sim_verdict_options *o = r->o;
    if (!v->held) return true;
    sim_product_judge(&(sim_product_facts){.fleet = o->fleet,
                                           .clients = o->clients,
                                           .journal = o->journal,
                                           .log = o->log,
                                           .whole = o->whole(o->tick_arg),
                                           .rows = rows,
                                           .counts = r->at[r->count - 1].counts,
                                           .tick = o->tick,
                                           .tick_arg = o->tick_arg},
                      &found);
    if (!found.asked) return apart(r, "%s", found.text);
    v->held = found.checker == NULL;
    v->checker = found.checker;
    if (found.checker) snprintf(v->text, sizeof v->text, "%s", found.text);
    return true;
}

static void verdict_judge(reaching *r)
{
    const sim_scenario *s = r->o->fleet->scenario;
    const char *edges[SCENARIO_EDGES_MAX];
    kd_buf text = {0};
    r->out->judged = false;
    if (ask_central(r, "export", r->export_path) != 0) return;
    /* An audit needs a member that leads all. Members compare themselves: a copy that differs from its leader is told. */
    int audit = ask_central(r, s->member_count > 0 ? "members" : "audit", r->audit_path);
    if (audit != 0 && audit != 1) return;
    if (sim_files_read_end(r->export_path, EXPORT_BYTES_MAX, &text) != KD_OK) {
        apart(r, "%s cannot be read", r->export_path);
        kd_buf_finish(&text);
        return;
    }
    for (uint32_t e = 0; e < s->edge_count; e++) edges[e] = s->edges[e];
    const sim_names *items = sim_clients_items(r->o->clients), *users = sim_clients_users(r->o->clients);
    const char **item_list = list(items), **user_list = list(users);
    sim_final_names names = {.journal = r->o->journal,
                             .counters = &sim_scenario_counters,
                             .edges = edges,
                             .edge_count = s->edge_count,
                             .items = item_list,
                             .item_count = items->count,
                             .users = user_list,
                             .user_count = users->count};
    sim_final_state *f = sim_final_create(&names);
    add_members(r, f, kd_buf_view(&text));
    add_counts(r, f);
    sim_final_judge(f, &r->out->final);
    if (audit == 1) audit_failed(r);
    r->out->judged = verdict_judge_product(r, kd_buf_view(&text));
    sim_final_destroy(f);
    free(item_list);
    free(user_list);
    kd_buf_finish(&text);
}

/* What is done now moves counts: then all have to agree anew. */
static bool verdict_settles(reaching *r)
{
    bool was = r->settled;
    r->settled = was || r->o->settle(r->o->tick_arg);
    return was || apart(r, "orders of the operator are not carried out");
}

void sim_verdict_reach(const sim_verdict_options *options, sim_verdict_result *out)
{
    sim_fleet *f = options->fleet;
    reaching r = {.o = options, .out = out, .count = f->scenario->edge_count + 1};
    char log[FLEET_PATH_MAX + 32];
    uint64_t began = sim_fleet_now_us(f), end = began + options->limit_us, wrong_since = 0;
    *out = (sim_verdict_result){0};
    snprintf(log, sizeof log, "%s/tool.log", f->options.directory);
    snprintf(r.export_path, sizeof r.export_path, "%s/export.tsv", f->options.directory);
    snprintf(r.audit_path, sizeof r.audit_path, "%s/audit.txt", f->options.directory);
    sim_program_init(&r.tool, f->base, "tool", log);
    for (uint32_t i = 0; i < r.count; i++)
        sim_counts_init(&r.at[i], f->base, sim_clients_items(options->clients));
    while (!f->failed && !f->interrupted) {
        bool agreed = all_agree(&r) && verdict_settles(&r);
        if (agreed) verdict_judge(&r);
        uint64_t now = sim_fleet_now_us(f);
        if (agreed && out->judged && !out->converged) out->converged_us = now - began;
        out->converged = out->converged || (agreed && out->judged);
        if (agreed && out->judged && out->final.held) break;
        /* An edge that gives up reads for a moment (503) leaves a question open: that is asked again, and says nothing yet. */
        bool wrong = agreed && out->judged;
        if (wrong && wrong_since == 0) wrong_since = now;
        if (now >= end || (wrong && now > wrong_since + SETTLE_US)) break;
        sim_fleet_wait(f, never, (void *)(uintptr_t)options, PAUSE_US);
    }
    sim_program_finish(&r.tool);
    /* An interrupt may leave readings under way, which write into r. */
    while (!all_read(&r)) event_base_loop(f->base, EVLOOP_ONCE);
    for (uint32_t i = 0; i < r.count; i++) sim_counts_finish(&r.at[i]);
}
