/* test_jobs.c - what a job ends as, and for how long that is remembered. */
#include <criterion/criterion.h>

#include "central/io/operator/job.c"
#include "central/io/operator/jobs.c"
#include "central/io/operator/partition_set.h"

static int audit_says;
static size_t audit_bytes; /* of text that it tells */

int kd_job_audit(kd_jobs *jobs, char *error)
{
    uint8_t *text = calloc(1, audit_bytes + 1);
    memset(text, 'x', audit_bytes);
    kd_jobs_text(jobs, kd_bytes_of(text, audit_bytes));
    free(text);
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
int kd_job_prune(kd_jobs *jobs, char *error)
{
    (void)jobs, (void)error;
    return KD_EINVAL;
}
int kd_job_backup_open(kd_jobs *jobs, char *error)
{
    (void)jobs, (void)error;
    return KD_EINVAL;
}
int kd_job_backup_part(kd_jobs *jobs, char *error)
{
    (void)jobs, (void)error;
    return KD_EINVAL;
}
int kd_job_backup_end(kd_jobs *jobs, char *error)
{
    (void)jobs, (void)error;
    return KD_EINVAL;
}
int kd_job_backup_abandon(kd_jobs *jobs, char *error)
{
    (void)jobs, (void)error;
    return KD_EINVAL;
}
int kd_job_void(kd_jobs *jobs, char *error)
{
    (void)jobs, (void)error;
    return KD_EINVAL;
}
int kd_job_void_undo(kd_jobs *jobs, char *error)
{
    (void)jobs, (void)error;
    return KD_EINVAL;
}
int kd_job_void_list(kd_jobs *jobs, char *error)
{
    (void)jobs, (void)error;
    return KD_EINVAL;
}
int kd_job_erase(kd_jobs *jobs, char *error)
{
    (void)jobs, (void)error;
    return KD_EINVAL;
}
int kd_job_erase_look(kd_jobs *jobs, char *error)
{
    (void)jobs, (void)error;
    return KD_EINVAL;
}
int kd_job_erase_list(kd_jobs *jobs, char *error)
{
    (void)jobs, (void)error;
    return KD_EINVAL;
}
int kd_job_act(kd_jobs *jobs, char *error)
{
    (void)jobs, (void)error;
    return KD_EINVAL;
}
void kd_membership_lines(kd_membership *m, kd_buf *out)
{
    (void)m, (void)out;
}
void kd_membership_put_urls(kd_membership *m, kd_json *j)
{
    (void)m, (void)j;
}
static uint32_t led = 0xf; /* partitions that this member leads, a bit each */
bool kd_membership_leads(kd_membership *m, uint32_t partition)
{
    (void)m;
    return led >> partition & 1;
}
int kd_job_item(kd_jobs *jobs, char *error)
{
    (void)jobs, (void)error;
    return KD_EINVAL;
}
void kd_audit_totals_add(kd_audit_totals *t, const kd_audit_result *r)
{
    (void)t, (void)r;
}

static const kd_central_settings settings = {.partitions = 4};

/* A job on its thread, until it has ended. Returns its id. */
static uint64_t audit_by(kd_jobs *jobs, int says)
{
    const kd_order order = {.kind = KD_ORDER_AUDIT};
    uint64_t id;
    audit_says = says;
    cr_assert_eq(kd_jobs_start(jobs, &order, &id), KD_OK);
    job_join(jobs);
    return id;
}

static kd_job_state audit(int says)
{
    kd_jobs *jobs = kd_jobs_create(&settings, NULL, NULL);
    audit_by(jobs, says);
    kd_job_state state = jobs->job.state;
    kd_jobs_destroy(jobs);
    return state;
}

Test(job, that_could_not_be_done_now_has_not_failed)
{
    cr_expect_eq(audit(KD_OK), KD_JOB_DONE);
    cr_expect_eq(audit(KD_EIO), KD_JOB_FAILED);
    cr_expect_eq(audit(KD_EMISMATCH), KD_JOB_FAILED);
    cr_expect_eq(audit(KD_EINVAL), KD_JOB_REFUSED);       /* its words could never be carried out */
    cr_expect_eq(audit(KD_ETIMEOUT), KD_JOB_UNAVAILABLE); /* a worker did not answer */
    cr_expect_eq(audit(KD_EAGAIN), KD_JOB_UNAVAILABLE);   /* central stops */
}

/* Whether what is shown of the job with this id holds the text. */
static bool shows(kd_jobs *jobs, uint64_t id, const char *text)
{
    kd_buf out = {0};
    kd_jobs_show(jobs, id, &out);
    kd_buf_put_u8(&out, '\0');
    bool found = strstr((const char *)out.data, text) != NULL;
    kd_buf_finish(&out);
    return found;
}

Test(job, keeps_its_verdict_while_others_run)
{
    kd_jobs *jobs = kd_jobs_create(&settings, NULL, NULL);
    cr_expect(shows(jobs, 0, "\"job\":0,") && shows(jobs, 0, "none") && shows(jobs, 7, "none"));
    audit_bytes = 1;
    uint64_t first = audit_by(jobs, KD_EIO);
    audit_bytes = 0;
    for (int i = 0; i < KD_JOBS_ENDED_MAX; i++) {
        uint64_t id = audit_by(jobs, KD_OK);
        cr_expect(shows(jobs, id, "done") && shows(jobs, 0, "done"));
        cr_expect(shows(jobs, first, "failed") && shows(jobs, first, "\"error\":\"so it is\""));
        cr_expect(shows(jobs, first, "\"lines\":\"x\""));
    }
    audit_by(jobs, KD_OK);
    cr_expect(shows(jobs, first, "\"job\":0,") && shows(jobs, first, "none"));
    cr_expect(shows(jobs, first + 1, "done"));
    kd_jobs_destroy(jobs);
}

Test(job, is_forgotten_early_when_its_text_takes_much_room)
{
    kd_jobs *jobs = kd_jobs_create(&settings, NULL, NULL);
    audit_bytes = KD_JOBS_ENDED_BYTES_MAX / 4;
    uint64_t first = audit_by(jobs, KD_OK), last = first;
    for (int i = 0; i < 5; i++) last = audit_by(jobs, KD_OK);
    cr_expect(shows(jobs, first, "none") && shows(jobs, last - 1, "done"));
    cr_expect_leq(jobs->ended_bytes, KD_JOBS_ENDED_BYTES_MAX);
    audit_bytes = 2 * KD_JOBS_ENDED_BYTES_MAX;
    uint64_t large = audit_by(jobs, KD_OK);
    audit_by(jobs, KD_OK);
    cr_expect(shows(jobs, large, "done") && shows(jobs, last, "none"));
    kd_jobs_destroy(jobs);
}

/* A command that waits while central is started anew must not take another order's verdict for its own. */
Test(job, has_an_id_that_no_earlier_process_gave)
{
    kd_jobs *before = kd_jobs_create(&settings, NULL, NULL);
    uint64_t id = audit_by(before, KD_OK);
    kd_jobs_destroy(before);
    kd_jobs *after = kd_jobs_create(&settings, NULL, NULL);
    audit_by(after, KD_OK);
    cr_expect(shows(after, id, "\"job\":0,"));
    kd_jobs_destroy(after);
}

/* ---- partition by partition ---- */

static int partition_says[4];
static uint32_t partitions_asked;

static int each_partition(void *arg, uint32_t partition, char *error)
{
    (void)arg;
    partitions_asked |= 1u << partition;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "partition %u says so", partition);
    return partition_says[partition];
}

/* What is left of an order for all partitions at a member that leads those in `leads`, a bit each. */
static uint32_t left_of(uint32_t leads, const int says[4], int *err)
{
    static const kd_central_settings of_group = {.partitions = 4, .members = 2};
    kd_membership *member = (kd_membership *)&led; /* never looked into */
    kd_jobs *jobs = kd_jobs_create(&of_group, NULL, member);
    char error[KD_OPTIONS_ERROR_MAX] = "";
    uint32_t left = 0;
    led = leads;
    partitions_asked = 0;
    memcpy(partition_says, says, sizeof partition_says);
    kd_partition_set_fill(&jobs->job.left, 4);
    *err = kd_jobs_each(jobs, each_partition, jobs, error);
    cr_expect_eq(*err == KD_OK, error[0] == '\0');
    for (uint32_t p = 0; p < 4; p++) left |= (uint32_t)kd_partition_set_has(&jobs->job.left, p) << p;
    kd_jobs_destroy(jobs);
    led = 0xf;
    return left;
}

Test(jobs, leave_what_other_members_lead)
{
    int err;
    cr_expect_eq(left_of(0xf, (int[]){KD_OK, KD_OK, KD_OK, KD_OK}, &err), 0u);
    cr_expect_eq(left_of(0x5, (int[]){KD_OK, KD_OK, KD_OK, KD_OK}, &err), 0xau);
    cr_expect_eq(partitions_asked, 0x5u);
    cr_expect_eq(left_of(0x5, (int[]){KD_ENOTFOUND, KD_OK, KD_OK, KD_OK}, &err), 0xau,
                 "who knows nothing of it is done");
    cr_expect_eq(err, KD_OK);
}

Test(jobs, leave_what_goes_to_another_member_in_the_middle)
{
    int err;
    cr_expect_eq(left_of(0xf, (int[]){KD_OK, KD_EFENCED, KD_EUNAVAILABLE, KD_OK}, &err), 0x6u);
    cr_expect_eq(err, KD_OK);
    cr_expect_eq(left_of(0xf, (int[]){KD_OK, KD_EIO, KD_OK, KD_OK}, &err), 0xeu,
                 "nothing is asked behind a fault");
    cr_expect_eq(err, KD_EIO);
}
