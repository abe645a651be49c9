/* test_jobs.c - what a job ends as. */
#include <criterion/criterion.h>

#include "central/io/operator/job.c"
#include "central/io/operator/jobs.c"

static int audit_says;

int kd_job_audit(kd_jobs *jobs, char *error)
{
    (void)jobs;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "so it is");
    return audit_says;
}
const char *kd_order_name(kd_order_kind kind)
{
    (void)kind;
    return "job";
}
int kd_job_backup(kd_jobs *jobs, char *error)
{
    (void)jobs, (void)error;
    return KD_EINVAL;
}
int kd_job_act(kd_jobs *jobs, char *error)
{
    (void)jobs, (void)error;
    return KD_EINVAL;
}
void kd_audit_totals_add(kd_audit_totals *t, const kd_audit_result *r)
{
    (void)t, (void)r;
}

/* A job on its thread, until it has ended. */
static kd_job_state audit(int says)
{
    static const kd_central_settings settings = {.partitions = 4};
    kd_jobs *jobs = kd_jobs_create(&settings, NULL);
    const kd_order order = {.kind = KD_ORDER_AUDIT};
    uint64_t id;
    audit_says = says;
    cr_assert_eq(kd_jobs_start(jobs, &order, &id), KD_OK);
    job_join(jobs);
    kd_job_state state = jobs->job.state;
    kd_jobs_destroy(jobs);
    return state;
}

Test(job, that_could_not_be_done_now_has_not_failed)
{
    cr_expect_eq(audit(KD_OK), KD_JOB_DONE);
    cr_expect_eq(audit(KD_EIO), KD_JOB_FAILED);
    cr_expect_eq(audit(KD_EMISMATCH), KD_JOB_FAILED);
    cr_expect_eq(audit(KD_ETIMEOUT), KD_JOB_UNAVAILABLE); /* a worker did not answer */
    cr_expect_eq(audit(KD_EAGAIN), KD_JOB_UNAVAILABLE);   /* central stops */
}
