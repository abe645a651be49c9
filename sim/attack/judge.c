/* judge.c - see the header. */
#include "sim/attack/judge.h"

/* Of all answers. */
static double judge_answers_of(const sim_judge_round *r)
{
    return r->beside_polite > 0 ? r->beside_attack / r->beside_polite : 0;
}

static double judge_ratio_of(const sim_judge_round *r)
{
    double answers = judge_answers_of(r);
    return r->new_beside_polite > 0 ? KD_MIN(answers, r->new_beside_attack / r->new_beside_polite) : answers;
}

static double judge_median(const sim_judge_figures *f, double (*of)(const sim_judge_round *r))
{
    double sorted[SIM_JUDGE_ROUNDS_MAX];
    if (f->round_count == 0) return 0;
    for (uint32_t i = 0; i < f->round_count; i++) {
        double ratio = of(&f->rounds[i]);
        uint32_t at = i;
        for (; at > 0 && sorted[at - 1] > ratio; at--) sorted[at] = sorted[at - 1];
        sorted[at] = ratio;
    }
    return sorted[f->round_count / 2];
}

double sim_judge_ratio(const sim_judge_figures *f)
{
    return judge_median(f, judge_ratio_of);
}

static bool judge_suffered(const sim_judge_figures *f)
{
    return f->gone || f->refused > 0 || f->wrong > 0 || f->lost > 0;
}

bool sim_judge_wants_round(const sim_judge_figures *f)
{
    uint32_t low = 0, needed = SIM_JUDGE_ROUNDS_MAX / 2 + 1;
    if (f->round_count == 0) return true;
    if (judge_suffered(f) || f->round_count == SIM_JUDGE_ROUNDS_MAX) return false;
    for (uint32_t i = 0; i < f->round_count; i++) low += judge_ratio_of(&f->rounds[i]) < SIM_JUDGE_RATIO_MIN;
    return low > 0 && low < needed && f->round_count - low <= low;
}

static const char *judge_violation(const sim_judge_figures *f)
{
    if (f->gone) return "the process of the edge ended";
    if (f->refused > 0) return "honest requests were answered 503";
    if (f->wrong > 0) return "honest requests were answered wrongly";
    if (f->lost > 0) return "honest requests were not answered";
    if (f->wrong_counts > 0) return "counts are not what was acknowledged";
    if (f->rss_before > 0 && f->rss_max > f->rss_before + f->growth_max)
        return "the memory of the edge grew beyond the bound";
    return NULL;
}

static const char *judge_doubt(const sim_judge_figures *f)
{
    if (f->acts == 0) return "the attacker got nothing done";
    if (f->least_answers < SIM_JUDGE_ANSWERS_MIN) return "too few honest answers beside the polite client";
    return NULL;
}

static const char *judge_loss(const sim_judge_figures *f)
{
    if (sim_judge_ratio(f) >= SIM_JUDGE_RATIO_MIN) return NULL;
    if (judge_median(f, judge_answers_of) >= SIM_JUDGE_RATIO_MIN)
        return "newcomers kept too little of their service";
    return "other clients kept less than 0.8 of their service";
}

static const char *judge_blindness(const sim_judge_figures *f)
{
    if (f->rss_before == 0)
        return "the memory of the edge is not known: --admin, or run this beside the edge";
    if (f->wrong_counts < 0) return "the counts could not be read afterwards";
    return NULL;
}

sim_attack_verdict sim_judge(const sim_judge_figures *f, const char **why)
{
    *why = judge_violation(f);
    if (*why) return SIM_ATTACK_VIOLATED;
    *why = judge_doubt(f);
    if (*why) return SIM_ATTACK_UNKNOWN;
    *why = judge_loss(f);
    if (*why && f->others <= SIM_JUDGE_OTHERS_MAX) return SIM_ATTACK_VIOLATED;
    if (*why) *why = "other programs had too much of this machine to tell what clients kept of their service";
    if (*why) return SIM_ATTACK_UNKNOWN;
    *why = judge_blindness(f);
    if (*why) return SIM_ATTACK_UNKNOWN;
    *why = "";
    return SIM_ATTACK_HELD;
}

const char *sim_judge_word(sim_attack_verdict verdict)
{
    static const char *const words[] = {
        [SIM_ATTACK_HELD] = "held", [SIM_ATTACK_VIOLATED] = "violated", [SIM_ATTACK_UNKNOWN] = "unknown"};
    return words[verdict];
}
