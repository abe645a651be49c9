/* test_job_backup.c - which partitions a backup's orders come to when one of them does not carry its order out; as what a job ends. */
#include <criterion/criterion.h>

#include "central/io/operator/job.c"
#include "central/io/operator/job_backup.c"

enum { PARTITIONS = 4 };

static int answers[PARTITIONS]; /* what each partition says */
static uint32_t told;           /* a bit for each that was asked */
static kd_order last;

int kd_job_act_on(kd_jobs *jobs, uint32_t partition, const kd_order *order, char *error)
{
    (void)jobs;
    told |= 1u << partition;
    last = *order;
    error[0] = '\0';
    return answers[partition];
}

/* What the rest of the file calls, which is not tried here. */
int kd_backup_make(const kd_backup_source *source, kd_backup_set *set, char *error)
{
    (void)source, (void)set, (void)error;
    return KD_EINVAL;
}
void kd_backup_set_line(const kd_backup_set *set, kd_buf *out)
{
    (void)set, (void)out;
}
void kd_backup_set_finish(kd_backup_set *set)
{
    (void)set;
}
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
int kd_job_act(kd_jobs *jobs, char *error)
{
    (void)jobs, (void)error;
    return KD_EINVAL;
}
void kd_audit_totals_add(kd_audit_totals *t, const kd_audit_result *r)
{
    (void)t, (void)r;
}

static int order(kd_order_kind kind)
{
    static const kd_central_settings settings = {.partitions = PARTITIONS};
    kd_jobs jobs = {.settings = &settings, .job.order = {.kind = KD_ORDER_BACKUP, .name = "nightly"}};
    char error[KD_OPTIONS_ERROR_MAX];
    told = 0;
    int rc = order_all(&jobs, kind, error);
    cr_expect_eq(last.kind, kind);
    cr_expect_str_eq(last.name, "nightly");
    return rc;
}

Test(job_backup, every_partition_is_told_to_forget_whatever_one_says)
{
    const int said[] = {KD_ENOTFOUND, KD_ETIMEOUT, KD_OK, KD_EFENCED}; /* stopping: none is waited for */
    memcpy(answers, said, sizeof said);
    cr_expect_eq(order(KD_ORDER_BACKUP_FORGET), KD_ETIMEOUT);
    cr_expect_eq(told, (1u << PARTITIONS) - 1);
    const int unknown[] = {KD_ENOTFOUND, KD_OK, KD_ENOTFOUND, KD_ENOTFOUND};
    memcpy(answers, unknown, sizeof unknown);
    cr_expect_eq(order(KD_ORDER_BACKUP_FORGET), KD_OK);
}

Test(job_backup, what_one_partition_refuses_is_begun_on_no_further_one)
{
    const int said[] = {KD_OK, KD_EMISMATCH, KD_OK, KD_OK};
    memcpy(answers, said, sizeof said);
    cr_expect_eq(order(KD_ORDER_BACKUP_BEGIN), KD_EMISMATCH);
    cr_expect_eq(told, 3u);
}

/* A job on its thread, until it has ended. */
static kd_job_state audit(int says)
{
    static const kd_central_settings settings = {.partitions = PARTITIONS};
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
