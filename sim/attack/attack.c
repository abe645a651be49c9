/*
 * attack.c - see the header.
 *
 * A round is the attack first and then the polite client: what the attacker's CPU was, and the server's, is known only afterwards. Between the two
 * the server has a moment to put down what it held.
 */
#include "sim/attack/attack.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/io/daemon/args.h"
#include "common/io/loop/clock.h"
#include "kudos/id.h"
#include "sim/attack/crew.h"
#include "sim/attack/honest.h"
#include "sim/attack/judge.h"
#include "sim/attack/machine.h"
#include "sim/attack/polite.h"
#include "sim/attack/watch.h"

enum { WARM_US = 400000, CALM_US = 300000, MIB = 1024 * 1024 };

typedef struct {
    const char *name; /* operand, or NULL */
    bool all;
    const char *from;
    double seconds;
    uint64_t growth_mb; /* 0: the row's */
    sim_target target;
} attack_options;

typedef struct {
    const attack_options *o;
    struct event_base *base;
    sim_honest *honest;
    sim_watch *watch;
    uint32_t passed, failed, unknown;
} attack_stage;

/* What was seen while the honest client ran. */
typedef struct {
    sim_honest_figures honest;
    double server; /* processors that the server used; 0: not known */
    double others; /* the part of the machine's processors that other programs had; 0: not known */
} attack_seen;

/*
 * Real clients have processors of their own. Here they share them with the server: one that always has work would take them from the honest client, and
 * the ratio would tell how the kernel shares. So the honest client comes first, beside the attack and beside the polite client alike, where this
 * process may; what it starts (the other two) does not.
 */
static bool attack_come_first(void)
{
    const struct sched_param first = {.sched_priority = 1};
    return sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &first) == 0;
}

/* ---- one attack ---- */

/* Processors that the server has used since then; 0: not known. */
static double attack_server(const sim_watch *watch, uint64_t begin_us, uint64_t begin_cpu_us)
{
    uint64_t cpu_us = sim_watch_cpu_us(watch), us = kd_clock_mono_us() - begin_us;
    return begin_cpu_us == 0 || cpu_us < begin_cpu_us || us == 0
               ? 0
               : (double)(cpu_us - begin_cpu_us) / (double)us;
}

static void attack_on_tick(void *arg)
{
    sim_watch_tick(arg);
}

static sim_machine_use attack_machine(const sim_watch *watch)
{
    return sim_machine_now(sim_watch_is_here(watch) ? sim_watch_cpu_us(watch) : 0);
}

/* The honest client for so long; what it suffers goes into *f. */
static attack_seen attack_run(attack_stage *s, double seconds, sim_judge_figures *f)
{
    uint64_t begin_us = kd_clock_mono_us(), begin_cpu_us = sim_watch_cpu_us(s->watch);
    const sim_machine_use before = attack_machine(s->watch);
    sim_honest_figures h = sim_honest_run(s->honest, (uint64_t)(seconds * 1e6), attack_on_tick, s->watch);
    f->refused += h.refused;
    f->wrong += h.wrong;
    f->lost += h.lost;
    f->rss_max = KD_MAX(f->rss_max, sim_watch_take_max(s->watch));
    f->gone = f->gone || sim_watch_gone(s->watch);
    const sim_machine_use after = attack_machine(s->watch);
    double others = sim_machine_others(&before, &after, kd_clock_mono_us() - begin_us,
                                       (uint32_t)sysconf(_SC_NPROCESSORS_ONLN));
    return (attack_seen){h, attack_server(s->watch, begin_us, begin_cpu_us), others};
}

static double attack_rate(const sim_honest_figures *h, uint64_t count)
{
    return (double)count * 1e6 / (double)h->elapsed_us;
}

/* The polite client of polite.h, with as much CPU as the attacker had; *spent is what it used, in processors. */
static attack_seen attack_beside_client(attack_stage *s, double share, sim_judge_figures *f, double *spent)
{
    sim_polite *polite = sim_polite_start(&s->o->target, share);
    attack_seen seen = attack_run(s, s->o->seconds, f);
    *spent = (double)sim_polite_stop(polite) / 1e6 / s->o->seconds;
    return seen;
}

/* Streams that the server has ended for each address of the crew, per second. */
static double attack_ended(const sim_play *play, const sim_crew_figures *crew, double seconds)
{
    return (double)crew->ended / KD_MAX(play->addresses, 1u) / seconds;
}

/* Polite clients who come from as many addresses as the attack, and ask for all that they can get. */
static attack_seen attack_beside_crew(attack_stage *s, const sim_play *polite, sim_judge_figures *f,
                                      double *spent)
{
    sim_crew *crew = sim_crew_start(polite, &s->o->target);
    attack_seen seen = attack_run(s, s->o->seconds, f);
    *spent = (double)sim_crew_stop(crew).cpu_us / 1e6 / s->o->seconds;
    return seen;
}

static attack_seen attack_beside_polite(attack_stage *s, const sim_play *play, double share,
                                        sim_judge_figures *f, double *spent)
{
    attack_run(s, CALM_US / 1e6, f);
    attack_seen seen = play->polite ? attack_beside_crew(s, play->polite, f, spent)
                                    : attack_beside_client(s, share, f, spent);
    uint64_t answered = seen.honest.answered;
    f->least_answers = f->round_count == 1 ? answered : KD_MIN(f->least_answers, answered);
    return seen;
}

static void attack_compare(sim_judge_round *round, const sim_honest_figures *attack,
                           const sim_honest_figures *polite)
{
    round->beside_polite = attack_rate(polite, polite->in_time);
    round->new_beside_attack = attack_rate(attack, attack->newcomers_in_time);
    if (polite->newcomers_in_time >= SIM_JUDGE_NEWCOMERS_MIN)
        round->new_beside_polite = attack_rate(polite, polite->newcomers_in_time);
}

static void attack_round(attack_stage *s, const sim_play *play, sim_judge_figures *f)
{
    sim_judge_round *round = &f->rounds[f->round_count++];
    double spent = 0;
    sim_crew *crew = sim_crew_start(play, &s->o->target);
    attack_seen seen = attack_run(s, s->o->seconds, f), polite = {.honest.elapsed_us = 1};
    sim_crew_figures cost = sim_crew_stop(crew);
    double share = (double)cost.cpu_us / 1e6 / s->o->seconds;
    const sim_honest_figures *h = &seen.honest;
    f->acts += cost.acts;
    f->answered += h->answered;
    round->beside_attack = attack_rate(h, h->in_time);
    bool silent = f->gone || (h->answered == 0 && h->lost > 0); /* there is nobody left to compare with */
    if (!silent) polite = attack_beside_polite(s, play, share, f, &spent);
    attack_compare(round, h, &polite.honest);
    double others = KD_MAX(seen.others, polite.others);
    f->others = KD_MAX(f->others, others);
    printf("  round=%u acts=%llu sent_mb=%.1f ended_per_s=%.0f cpu=%.3f polite_cpu=%.3f server_cpu=%.2f "
           "polite_server_cpu=%.2f others=%.2f per_s=%.0f polite_per_s=%.0f new_per_s=%.0f "
           "polite_new_per_s=%.0f\n",
           f->round_count, (unsigned long long)cost.acts, (double)cost.bytes / MIB,
           attack_ended(play, &cost, s->o->seconds), share, spent, seen.server, polite.server, others,
           round->beside_attack, round->beside_polite, round->new_beside_attack,
           attack_rate(&polite.honest, polite.honest.newcomers_in_time));
}

static void attack_tell(const sim_play *play, const sim_judge_figures *f, sim_attack_verdict verdict,
                        const char *why)
{
    char rss[32] = "-", ratio[32] = "-";
    if (f->rss_max > 0) snprintf(rss, sizeof rss, "%.0f", (double)f->rss_max / MIB);
    if (f->round_count > 0) snprintf(ratio, sizeof ratio, "%.2f", sim_judge_ratio(f));
    if (why[0])
        printf("  why=\"%s\" refused=%llu wrong=%llu lost=%llu wrong_counts=%d rss_before_mb=%.0f "
               "growth_max_mb=%llu\n",
               why, (unsigned long long)f->refused, (unsigned long long)f->wrong, (unsigned long long)f->lost,
               f->wrong_counts, (double)f->rss_before / MIB, (unsigned long long)(f->growth_max / MIB));
    printf("attack name=%s answered=%llu rss_max_mb=%s others_ratio=%s verdict=%s\n", play->name,
           (unsigned long long)f->answered, rss, ratio, sim_judge_word(verdict));
    fflush(stdout);
}

static void attack_count(attack_stage *s, sim_attack_verdict verdict)
{
    s->passed += verdict == SIM_ATTACK_HELD;
    s->failed += verdict == SIM_ATTACK_VIOLATED;
    s->unknown += verdict == SIM_ATTACK_UNKNOWN;
}

/* Whether there is a service that the attack could take away, before it begins. */
static bool attack_calm(attack_stage *s, const sim_play *play)
{
    attack_seen seen = attack_run(s, CALM_US / 1e6, &(sim_judge_figures){0});
    return !play->newcomers || seen.honest.newcomers > 0;
}

/* Why the row cannot be played; NULL: it can. */
static const char *attack_lacks(const attack_stage *s, const sim_play *play)
{
    if (play->kafka && !s->o->target.kafka) return "not played: it needs --kafka BROKERS";
    if (play->token && !s->o->target.token) return "not played: it needs --token JWT";
    return NULL;
}

/* A row that cannot be played. With --all it is no part of the verdict: it was not asked for by name. */
static void attack_skip(attack_stage *s, const sim_play *play, const char *why)
{
    attack_tell(play, &(sim_judge_figures){0}, SIM_ATTACK_UNKNOWN, why);
    if (!s->o->all) attack_count(s, SIM_ATTACK_UNKNOWN);
}

static void attack_judge(attack_stage *s, const sim_play *play, sim_judge_figures *f)
{
    const char *why = NULL;
    f->rss_before = sim_watch_now(s->watch);
    while (sim_judge_wants_round(f)) attack_round(s, play, f);
    f->wrong_counts = f->gone ? -1 : sim_honest_wrong_counts(s->honest);
    sim_attack_verdict verdict = sim_judge(f, &why);
    attack_tell(play, f, verdict, why);
    attack_count(s, verdict);
}

static void attack_play(attack_stage *s, const sim_play *play)
{
    sim_judge_figures f = {.growth_max = (s->o->growth_mb ? s->o->growth_mb : play->growth_mb) * MIB};
    const char *why = attack_lacks(s, play);
    if (why) {
        attack_skip(s, play, why);
        return;
    }
    s->watch = sim_watch_create(&s->o->target, s->base); /* anew: the edge may have been started again */
    sim_honest_newcomers_by_tls(s->honest, play->newcomers);
    printf("%s: %s\n", play->name, play->what);
    if (attack_calm(s, play))
        attack_judge(s, play, &f);
    else
        attack_skip(s, play, "not played: nobody is answered over TLS at --edge");
    sim_honest_newcomers_by_tls(s->honest, false);
    sim_watch_destroy(s->watch);
    s->watch = NULL;
}

/* ---- all of them ---- */

/* Whether the edge serves at all, before anything is done to it. */
static bool attack_serves(attack_stage *s)
{
    sim_honest_figures h = sim_honest_run(s->honest, WARM_US, NULL, NULL);
    return h.answered > 0 && h.refused + h.wrong + h.lost == 0;
}

static int attack_end(const attack_stage *s)
{
    sim_attack_verdict verdict = s->failed    ? SIM_ATTACK_VIOLATED
                                 : s->unknown ? SIM_ATTACK_UNKNOWN
                                 : s->passed  ? SIM_ATTACK_HELD
                                              : SIM_ATTACK_UNKNOWN;
    static const int codes[] = {[SIM_ATTACK_HELD] = KD_EXIT_OK,
                                [SIM_ATTACK_VIOLATED] = KD_EXIT_FAILED,
                                [SIM_ATTACK_UNKNOWN] = KD_EXIT_UNKNOWN};
    printf("attacks passed=%u failed=%u verdict=%s\n", s->passed, s->failed, sim_judge_word(verdict));
    return codes[verdict];
}

static int attack_all(const attack_options *o)
{
    attack_stage s = {.o = o, .base = event_base_new()};
    KD_ASSERT(s.base);
    if (!attack_come_first()) printf("  the honest client has no priority here: %s\n", strerror(errno));
    s.honest = sim_honest_create(&o->target, s.base);
    int rc = KD_EXIT_UNAVAILABLE;
    if (attack_serves(&s)) {
        for (size_t i = 0; i < sim_play_count; i++)
            if (o->all || strcmp(sim_plays[i].name, o->name) == 0) attack_play(&s, &sim_plays[i]);
        rc = attack_end(&s);
    } else {
        fprintf(stderr,
                "kudos-sim attack: the edge does not serve an honest client, and nothing was done to it yet. "
                "It must "
                "answer, trust this machine's X-User-Id (http.trusted_peers) and have --collection\n");
    }
    sim_honest_destroy(s.honest);
    event_base_free(s.base);
    return rc;
}

/* ---- the line ---- */

/* As many connections as a hard limit allows: an attacker's own limit must not be what protects the server. */
static void attack_raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void attack_put_names(kd_buf *out, bool sentences)
{
    for (size_t i = 0; i < sim_play_count; i++) {
        if (sentences)
            kd_text_printf(out, "  %-16s %3u MiB  %s\n", sim_plays[i].name, sim_plays[i].growth_mb,
                           sim_plays[i].what);
        else
            kd_text_printf(out, "%s%s", i ? ", " : "", sim_plays[i].name);
    }
    kd_buf_put_u8(out, 0);
}

static bool attack_token_valid(const char *token)
{
    const char *first = strchr(token, '.'), *last = strrchr(token, '.');
    return first && last > first && strlen(last) > 1 &&
           strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
               strlen(token);
}

static int attack_check(const kd_args *args, attack_options *o)
{
    kd_buf names = {0};
    int rc = -1;
    attack_put_names(&names, false);
    if (!o->name == !o->all)
        rc = kd_args_refuse(args, "takes the name of an attack or --all");
    else if (o->name && !sim_play_find(o->name))
        rc = kd_args_refuse(args, "no attack has this name; there are %s", (const char *)names.data);
    else if (!kd_collection_valid(kd_bytes_str(o->target.collection)))
        rc = kd_args_refuse(args, "--collection is not [a-z][a-z0-9_-]{0,31}");
    else if (o->target.token && !attack_token_valid(o->target.token))
        rc = kd_args_refuse(args, "--token is no JWT: three parts of base64url with dots between");
    else if (o->target.admin && kd_client_url_parse(&(kd_client_url){0}, o->target.admin) != KD_OK)
        rc = kd_args_refuse(args, "--admin is no http:// URL");
    kd_buf_finish(&names);
    if (rc >= 0) return rc;
    const char *fault = sim_target_resolve(&o->target, o->from);
    return fault ? kd_args_refuse(args, "%s", fault) : -1;
}

static const char ABOUT[] = "Plays attacks on an edge, and judges what an honest client keeps meanwhile: it "
                            "likes and reads its own items, from\n"
                            "another address where the edge is on loopback. Held: each of its requests is "
                            "answered rightly and never 503, its\n"
                            "counts are exact, it keeps at least 0.8 of what it has beside a polite client "
                            "that spends the attacker's CPU, and\n"
                            "the edge's memory grows by no more than the row says.\n\nThe attacks:\n\n";

static const char MORE[] =
    "Attackers on loopback come from 127.0.0.2. The memory of the edge is read from /proc, where it runs on "
    "this machine,\n"
    "or from its metrics with --admin. Play it on an edge of your own: it is meant to hurt.\n\n"
    "a line each: attack name= answered= rss_max_mb= others_ratio= verdict=held|violated|unknown\n"
    "last line: attacks passed= failed= verdict=held|violated|unknown";

static int attack_parse(attack_options *o, int argc, char **argv)
{
    kd_buf about = {0};
    const kd_arg table[] = {
        KD_ARG_TEXT("edge", "URL", &o->target.url, "the edge: http://host:port", .required = true),
        KD_ARG_FLAG("all", &o->all, "plays all attacks, one after the other"),
        KD_ARG_REAL("seconds", "T", &o->seconds,
                    "seconds of each attack, and of the polite client behind it [3]", .min = 0.5,
                    .max = 3600),
        KD_ARG_TEXT("admin", "URL", &o->target.admin, "the edge's admin port, for its memory [/proc]"),
        KD_ARG_UINT("growth-mb", "N", &o->growth_mb,
                    "MiB by which the edge's memory may grow [that of the attack]", .min = 1, .max = 1e6),
        KD_ARG_TEXT("kafka", "BROKERS", &o->target.kafka,
                    "bootstrap addresses of the edge's Kafka; without them kafka-rubbish is not played"),
        KD_ARG_TEXT("token", "JWT", &o->target.token,
                    "a token whose key the edge knows, good or not; without it forged-tokens is not played"),
        KD_ARG_TEXT("collection", "NAME", &o->target.collection, "collection of the items [posts]"),
        KD_ARG_TEXT("from", "ADDRESS", &o->from, "address of the attackers [127.0.0.2 on loopback]"),
        KD_ARG_UINT("seed", "N", &o->target.seed, "names the users and items [the time of day]", .max = 1e15),
    };
    kd_text_printf(&about, "%s", ABOUT);
    attack_put_names(&about, true);
    const kd_args args = {.program = "kudos-sim",
                          .command = "attack",
                          .usage = "NAME | --all --edge URL [options]",
                          .about = (const char *)about.data,
                          .at = table,
                          .count = KD_COUNT(table),
                          .operands = &o->name,
                          .operands_max = 1,
                          .more = MORE};
    int rc = kd_args_read(&args, argc, argv);
    if (rc < 0) rc = attack_check(&args, o);
    kd_buf_finish(&about);
    return rc;
}

int sim_sim_attack(int argc, char **argv)
{
    attack_options o = {.seconds = 3, .target = {.collection = "posts", .seed = (uint64_t)time(NULL)}};
    int rc = attack_parse(&o, argc, argv);
    if (rc >= 0) return rc;
    attack_raise_descriptors();
    setvbuf(stdout, NULL, _IOLBF, 0);
    return attack_all(&o);
}
