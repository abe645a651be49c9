/* test_loop.c - every post runs once, in order and on its loop; timers; stop. */
#include "common/io/loop/clock.h"
#include "common/io/loop/countdown.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>

typedef struct {
    kd_post post;
    kd_loop *loop;
    uint32_t sender, number;
} note;

enum { SENDERS = 4, NOTES = 20000 };

static uint32_t seen[SENDERS];
static uint32_t out_of_order, elsewhere;

static void on_note(kd_post *post)
{
    note *n = KD_CONTAINER(post, note, post);
    if (n->number != seen[n->sender]++) out_of_order++;
    if (!kd_loop_here(n->loop) || kd_loop_current() != n->loop) elsewhere++;
    free(n);
}

typedef struct {
    kd_loop *loop;
    uint32_t number;
} sender;

static void *send_notes(void *arg)
{
    const sender *s = arg;
    for (uint32_t i = 0; i < NOTES; i++) {
        note *n = kd_alloc(sizeof *n);
        *n = (note){.post.fn = on_note, .loop = s->loop, .sender = s->number, .number = i};
        kd_loop_post(s->loop, &n->post);
    }
    return NULL;
}

Test(loop, posts_of_many_threads_all_run_once_and_in_order)
{
    kd_loop *loop;
    pthread_t threads[SENDERS];
    sender senders[SENDERS];
    cr_assert_eq(kd_loop_create(&loop, "a-name-that-is-too-long"), KD_OK);
    cr_expect_str_eq(kd_loop_name(loop), "a-name-that-is-");
    cr_assert_eq(kd_loop_start(loop), KD_OK);
    for (uint32_t i = 0; i < SENDERS; i++) {
        senders[i] = (sender){loop, i};
        pthread_create(&threads[i], NULL, send_notes, &senders[i]);
    }
    for (uint32_t i = 0; i < SENDERS; i++) pthread_join(threads[i], NULL);
    kd_loop_stop(loop);
    kd_loop_stop(loop);
    kd_loop_join(loop);
    kd_loop_destroy(loop);
    for (uint32_t i = 0; i < SENDERS; i++) cr_expect_eq(seen[i], NOTES);
    cr_expect_eq(out_of_order, 0);
    cr_expect_eq(elsewhere, 0);
    cr_expect_null(kd_loop_current());
}

static char order[16];
static kd_loop *main_loop;
static kd_timer first, second, cancelled;

static void on_timer(void *arg)
{
    strcat(order, arg);
    if (strcmp(arg, "a") == 0)
        kd_timer_set(&second, 1000);
    else
        kd_loop_stop(main_loop);
}

Test(loop, timers_fire_once_and_can_be_moved_and_cancelled)
{
    cr_assert_eq(kd_loop_create(&main_loop, "main"), KD_OK);
    kd_timer_init(&first, main_loop, on_timer, "a");
    kd_timer_init(&second, main_loop, on_timer, "b");
    kd_timer_init(&cancelled, main_loop, on_timer, "x");
    kd_timer_set(&first, 3600000000u);
    kd_timer_set(&first, 2000);
    kd_timer_set(&cancelled, 1);
    cr_expect(kd_timer_armed(&cancelled));
    kd_timer_cancel(&cancelled);
    cr_expect_not(kd_timer_armed(&cancelled));
    kd_loop_run(main_loop);
    cr_expect_str_eq(order, "ab");
    cr_expect_not(kd_timer_armed(&first));
    kd_timer_finish(&first), kd_timer_finish(&second), kd_timer_finish(&cancelled),
        kd_timer_finish(&cancelled);
    kd_loop_destroy(main_loop);
}

Test(loop, posts_that_never_ran_are_run_by_destroy)
{
    kd_loop *loop;
    cr_assert_eq(kd_loop_create(&loop, "idle"), KD_OK);
    note *n = kd_alloc(sizeof *n);
    *n = (note){.post.fn = on_note, .loop = loop};
    kd_loop_post(loop, &n->post);
    kd_loop_destroy(loop);
    cr_expect_eq(seen[0], 1);
}

/* Each step of a scene on main_loop writes its letter and does what it is asked to. */
typedef struct {
    kd_post post;
    char letter[2];
    kd_post *posts, *defers, *resumes; /* NULL: none */
    bool takes_long, last;
} step;

static void on_step(kd_post *post)
{
    const step *s = KD_CONTAINER(post, step, post);
    strcat(order, s->letter);
    if (s->posts) kd_loop_post(main_loop, s->posts);
    if (s->defers) kd_loop_defer(main_loop, s->defers);
    if (s->resumes) kd_loop_resume(main_loop, s->resumes);
    for (uint64_t end_us = kd_clock_mono_us() + 2000; s->takes_long && kd_clock_mono_us() < end_us;) continue;
    if (s->last) kd_loop_stop(main_loop);
}

Test(loop, a_deferred_post_runs_behind_what_is_there_and_gives_way_to_what_comes)
{
    step fourth = {.post.fn = on_step, .letter = "d", .last = true};
    step third = {.post.fn = on_step, .letter = "c"};
    step news = {.post.fn = on_step, .letter = "n"};
    step tedious = {
        .post.fn = on_step, .letter = "l", .posts = &news.post, .defers = &fourth.post, .takes_long = true};
    step begin = {.post.fn = on_step, .letter = "b", .defers = &tedious.post};
    step also = {.post.fn = on_step, .letter = "a", .defers = &third.post};
    cr_assert_eq(kd_loop_create(&main_loop, "main"), KD_OK);
    kd_loop_post(main_loop, &begin.post);
    kd_loop_post(main_loop, &also.post);
    kd_loop_run(main_loop);
    kd_loop_destroy(main_loop);
    cr_expect_str_eq(order, "balncd");
}

Test(loop, what_is_begun_is_ended_before_the_next_deferred_post_but_behind_what_comes)
{
    step fourth = {.post.fn = on_step, .letter = "d", .last = true};
    step third = {.post.fn = on_step, .letter = "c", .defers = &fourth.post};
    step news = {.post.fn = on_step, .letter = "n"};
    step end = {.post.fn = on_step, .letter = "e"};
    step tedious = {
        .post.fn = on_step, .letter = "l", .posts = &news.post, .resumes = &end.post, .takes_long = true};
    step begin = {.post.fn = on_step, .letter = "b", .defers = &tedious.post};
    step also = {.post.fn = on_step, .letter = "a", .defers = &third.post};
    cr_assert_eq(kd_loop_create(&main_loop, "main"), KD_OK);
    kd_loop_post(main_loop, &begin.post);
    kd_loop_post(main_loop, &also.post);
    kd_loop_run(main_loop);
    kd_loop_destroy(main_loop);
    cr_expect_str_eq(order, "balnecd");
}

Test(loop, the_last_deferred_post_may_be_gone_on_with)
{
    step other = {.post.fn = on_step, .letter = "o", .last = true};
    step end = {.post.fn = on_step, .letter = "e", .defers = &other.post};
    step begin = {.post.fn = on_step, .letter = "b", .resumes = &end.post};
    cr_assert_eq(kd_loop_create(&main_loop, "main"), KD_OK);
    kd_loop_post(main_loop, &begin.post);
    kd_loop_run(main_loop);
    kd_loop_destroy(main_loop);
    cr_expect_str_eq(order, "beo");
}

/* What the last one has deferred may run at once, and its timer then finds nothing. */
Test(loop, a_deferred_post_may_defer_another_one_when_none_is_left)
{
    step other = {.post.fn = on_step, .letter = "o"};
    step last = {.post.fn = on_step, .letter = "d"};
    step begin = {.post.fn = on_step, .letter = "b", .defers = &last.post};
    last.defers = &other.post;
    cr_assert_eq(kd_loop_create(&main_loop, "main"), KD_OK);
    kd_timer_init(&first, main_loop, on_timer, "t");
    kd_timer_set(&first, 20000);
    kd_loop_post(main_loop, &begin.post);
    kd_loop_run(main_loop);
    kd_timer_finish(&first);
    kd_loop_destroy(main_loop);
    cr_expect_str_eq(order, "bdot");
}

Test(loop, deferred_posts_that_never_ran_are_run_by_destroy)
{
    step more = {.post.fn = on_step, .letter = "m"};
    step begin = {.post.fn = on_step, .letter = "b", .defers = &more.post};
    cr_assert_eq(kd_loop_create(&main_loop, "idle"), KD_OK);
    kd_loop_post(main_loop, &begin.post);
    kd_loop_destroy(main_loop);
    cr_expect_str_eq(order, "bm");
}

enum { ROUNDS = 200 };

typedef struct {
    kd_countdown count;
    note notes[SENDERS]; /* posted before each report */
    pthread_t threads[SENDERS];
    uint32_t ran; /* notes that ran in this round */
    uint32_t rounds, early;
} counted;

static counted steps;

static void on_counted_note(kd_post *post)
{
    (void)post;
    steps.ran++;
}

static void *report_one(void *arg)
{
    note *n = arg;
    n->post.fn = on_counted_note;
    kd_loop_post(n->loop, &n->post);
    kd_countdown_report(&steps.count);
    return NULL;
}

static void begin_round(void)
{
    steps.ran = 0;
    kd_countdown_begin(&steps.count, SENDERS);
    cr_assert_eq(kd_countdown_left(&steps.count), SENDERS);
    for (uint32_t i = 0; i < SENDERS; i++)
        pthread_create(&steps.threads[i], NULL, report_one, &steps.notes[i]);
}

static void on_round(void *arg)
{
    kd_loop *loop = arg;
    if (steps.ran != SENDERS || kd_countdown_left(&steps.count) != 0) steps.early++;
    for (uint32_t i = 0; i < SENDERS; i++) pthread_join(steps.threads[i], NULL);
    if (++steps.rounds < ROUNDS)
        begin_round();
    else
        kd_loop_stop(loop);
}

Test(loop, a_countdown_is_over_once_behind_all_that_its_reporters_posted)
{
    kd_loop *loop;
    cr_assert_eq(kd_loop_create(&loop, "main"), KD_OK);
    for (uint32_t i = 0; i < SENDERS; i++) steps.notes[i].loop = loop;
    kd_countdown_init(&steps.count, loop, on_round, loop);
    begin_round();
    kd_loop_run(loop);
    kd_loop_destroy(loop);
    cr_expect_eq(steps.rounds, ROUNDS);
    cr_expect_eq(steps.early, 0);
}
