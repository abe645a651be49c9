/* What the drills take for a number of an answer: count, display, pending, age_ms and as_of must go together. */
#include <criterion/criterion.h>

#include "sim/drill/number.h"

static bool reads(const char *text, sim_told_number *out)
{
    json_t *answer = json_loads(text, 0, NULL);
    cr_assert_not_null(answer, "%s", text);
    bool sound = sim_number_read(answer, answer, out);
    json_decref(answer);
    return sound;
}

Test(drill_number, a_number_and_how_old_it_is)
{
    sim_told_number n;
    cr_assert(reads("{\"count\":1235,\"display\":\"1.2K\",\"pending\":4,\"age_ms\":840,\"as_of\":\"1970-01-"
                    "01T00:00:01.500Z\"}",
                    &n));
    cr_assert(n.known && n.count == 1235 && n.pending == 4 && n.made && n.age_us == 840000 &&
              n.as_of_us == 1500000);
    cr_assert(reads("{\"count\":0,\"display\":\"0\",\"pending\":0,\"age_ms\":null,\"as_of\":null}", &n));
    cr_assert(n.known && n.count == 0 && !n.made && n.as_of_us == 0);
}

Test(drill_number, null_where_central_s_is_not_known)
{
    sim_told_number n;
    cr_assert(reads("{\"count\":null,\"display\":null,\"pending\":5,\"age_ms\":null,\"as_of\":null}", &n));
    cr_assert(!n.known && n.pending == 5);
}

Test(drill_number, what_the_api_does_not_know)
{
    static const char *const bad[] = {
        "{}",
        "{\"count\":null,\"display\":\"0\",\"pending\":5,\"age_ms\":null,\"as_of\":null}",
        "{\"count\":5,\"display\":null,\"pending\":5,\"age_ms\":null,\"as_of\":null}",
        "{\"count\":null,\"display\":null,\"pending\":5,\"age_ms\":7,\"as_of\":null}",
        "{\"count\":null,\"display\":null,\"pending\":5,\"age_ms\":null,\"as_of\":\"1970-01-01T00:00:01."
        "500Z\"}",
        "{\"count\":null,\"display\":null,\"pending\":null,\"age_ms\":null,\"as_of\":null}",
        "{\"display\":null,\"pending\":5,\"age_ms\":null,\"as_of\":null}",
        "{\"count\":-1,\"display\":\"0\",\"pending\":5,\"age_ms\":null,\"as_of\":null}",
        "{\"count\":5,\"display\":\"5\",\"pending\":5,\"as_of\":null}",
    };
    sim_told_number n;
    for (size_t i = 0; i < KD_COUNT(bad); i++) cr_expect_not(reads(bad[i], &n), "%s", bad[i]);
}
