/* test_args.c - command lines by a table. */
#include "common/io/daemon/args.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>

static struct {
    const char *dir, *operand[2];
    kd_args_list sets;
    uint64_t seed, wait_us;
    double rate;
    bool force, version;
} got;

static const kd_arg table[] = {
    KD_ARG_TEXT("dir", "DIR", &got.dir, "where it stores", .required = true, .letter = 'd'),
    KD_ARG_LIST("set", "KEY=VALUE", &got.sets, "overrides one option"),
    KD_ARG_UINT("seed", "N", &got.seed, "what chance is drawn from", .min = 1, .max = 100),
    KD_ARG_REAL("rate", "R", &got.rate, "likes a second"),
    KD_ARG_DURATION("wait", "TIME", &got.wait_us, "how long it asks"),
    KD_ARG_FLAG("force", &got.force, "goes on", .letter = 'f'),
    KD_ARG_ANSWER("version", &got.version, "prints the version"),
};
static kd_args args;

static void setup(void)
{
    cr_redirect_stdout();
    cr_redirect_stderr();
    memset(&got, 0, sizeof got);
    args = (kd_args){.program = "kudos-test",
                     .command = "try",
                     .usage = "[FILE] --dir DIR [options]",
                     .about = "Tries.",
                     .at = table,
                     .count = KD_COUNT(table),
                     .operands = got.operand,
                     .operands_max = 1};
}

TestSuite(args, .init = setup);

#define READ(...)                                                                                            \
    kd_args_read(&args, (int)KD_COUNT(((char *[]){"try", __VA_ARGS__})), (char *[]){"try", __VA_ARGS__, NULL})

static void expect_stderr(const char *text)
{
    fflush(stderr);
    cr_expect_stderr_eq_str(text);
}

Test(args, options_and_operands_come_in_any_order)
{
    cr_expect_eq(READ("--set=a=1", "file", "-fd", "data", "--seed", "100", "--set", "b=2", "--rate=.5",
                      "--wait", "3s"),
                 -1);
    cr_expect_str_eq(got.dir, "data");
    cr_expect_str_eq(got.operand[0], "file");
    cr_assert_eq(got.sets.count, 2);
    cr_expect_str_eq(got.sets.at[0], "a=1");
    cr_expect_str_eq(got.sets.at[1], "b=2");
    cr_expect(got.force && got.seed == 100 && got.wait_us == 3000000);
    cr_expect_float_eq(got.rate, .5, 1e-9);
    expect_stderr("");
}

Test(args, the_last_value_holds_unless_once_is_asked_for)
{
    cr_expect_eq(READ("--dir", "a", "--dir", "b"), -1);
    cr_expect_str_eq(got.dir, "b");
    args.once = true;
    cr_expect_eq(READ("--dir", "a", "--set", "x", "--set", "y", "-f", "-f"), -1);
    cr_expect_eq(READ("--dir", "a", "--dir", "b"), KD_EXIT_USAGE);
}

Test(args, an_error_is_its_cause_and_the_usage)
{
    cr_expect_eq(READ("--seed=0"), KD_EXIT_USAGE);
    expect_stderr("kudos-test try: --seed: the number is out of bounds\n"
                  "usage: kudos-test try [FILE] --dir DIR [options]\n");
}

Test(args, what_is_wrong_is_refused)
{
    cr_expect_eq(READ("-f"), KD_EXIT_USAGE, "a required option");
    cr_expect_eq(READ("--dir"), KD_EXIT_USAGE);
    cr_expect_eq(READ("--dir="), KD_EXIT_USAGE);
    cr_expect_eq(READ("--dir=x", "--nothing"), KD_EXIT_USAGE);
    cr_expect_eq(READ("--dir=x", "-x"), KD_EXIT_USAGE);
    cr_expect_eq(READ("--dir=x", "--se=1"), KD_EXIT_USAGE, "set or seed");
    cr_expect_eq(READ("--dir=x", "--force=x"), KD_EXIT_USAGE);
    cr_expect_eq(READ("--dir=x", "--help=x"), KD_EXIT_USAGE);
    cr_expect_eq(READ("--dir=x", "a", "b"), KD_EXIT_USAGE);
    for (size_t i = 0; i < 5; i++)
        cr_expect_eq(
            READ("--dir=x", "--seed", ((char *[]){"101", "-1", "1 ", "0x1", "99999999999999999999"})[i]),
            KD_EXIT_USAGE);
    for (size_t i = 0; i < 4; i++)
        cr_expect_eq(READ("--dir=x", "--rate", ((char *[]){"-1", ".", "1e3", "inf"})[i]), KD_EXIT_USAGE);
    cr_expect_eq(READ("--dir=x", "--wait", "3"), KD_EXIT_USAGE);
    args.operands_min = 1;
    cr_expect_eq(READ("--dir=x"), KD_EXIT_USAGE);
    got.force = false;
    cr_expect_eq(READ("--dir=x", "--", "--force"), -1);
    cr_expect(!got.force);
    cr_expect_str_eq(got.operand[0], "--force");
}

Test(args, no_value_is_shown)
{
    READ("--dir=x", "--nothing=secret");
    READ("--dir=x", "a", "b=secret");
    READ("--dir=x", "--force=secret");
    READ("--dir=x", "--seed=secret");
    expect_stderr("kudos-test try: --nothing: unknown option\n"
                  "usage: kudos-test try [FILE] --dir DIR [options]\n"
                  "kudos-test try: there is an argument too many\n"
                  "usage: kudos-test try [FILE] --dir DIR [options]\n"
                  "kudos-test try: --force takes no value\n"
                  "usage: kudos-test try [FILE] --dir DIR [options]\n"
                  "kudos-test try: --seed takes a whole number\n"
                  "usage: kudos-test try [FILE] --dir DIR [options]\n");
}

Test(args, help_and_answers_win_over_errors)
{
    cr_expect_eq(READ("--version"), -1);
    cr_expect(got.version);
    cr_expect_eq(READ("--nothing", "--version"), -1);
    cr_expect_eq(READ("--nothing", "-h"), KD_EXIT_OK);
    expect_stderr("");
}

Test(args, help_lists_the_table)
{
    args.count = 2;
    args.more = "More.";
    cr_expect_eq(READ("--help"), KD_EXIT_OK);
    fflush(stdout);
    cr_expect_stdout_eq_str("usage: kudos-test try [FILE] --dir DIR [options]\n"
                            "\n"
                            "Tries.\n"
                            "\n"
                            "  -d, --dir DIR\n"
                            "        where it stores\n"
                            "  --set KEY=VALUE\n"
                            "        overrides one option\n"
                            "  -h, --help\n"
                            "        prints this text\n"
                            "\n"
                            "More.\n");
}
