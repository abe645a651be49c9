/* test_descriptors.c - connections leave descriptors to the stores, Kafka and the log. */
#include "common/base/descriptors.h"

#include <criterion/criterion.h>

static kd_descriptors_share divide(uint64_t limit, uint64_t connections, uint64_t per_address)
{
    const kd_descriptors d = {.limit = limit,
                              .stores = 2,
                              .clients = 5,
                              .connections = connections,
                              .connections_per_address = per_address};
    return kd_descriptors_divide(&d);
}

Test(descriptors, a_large_limit_leaves_the_configuration_as_it_is)
{
    kd_descriptors_share s = divide(65536, 10000, 1000);
    cr_expect_eq(s.connections, 10000);
    cr_expect_eq(s.connections_per_address, 1000);
    cr_expect(!s.lowered && !s.short_of);
}

Test(descriptors, a_small_limit_lowers_the_connections_and_keeps_the_reserve)
{
    kd_descriptors_share s = divide(1024, 10000, 1000);
    cr_expect(s.lowered && !s.short_of);
    cr_expect_eq(s.connections + s.reserve, 1024);
    cr_expect_geq(s.reserve, 128 + 2 * 24 + 5 * 16);
    cr_expect_geq(s.connections, 256);
}

Test(descriptors, one_address_cannot_take_all_that_is_left)
{
    kd_descriptors_share s = divide(1024, 10000, 1000);
    cr_expect_eq(s.connections_per_address, s.connections / 2);
    s = divide(1024, 1000, 1000); /* all clients come by one proxy, and the operator said so */
    cr_expect_eq(s.connections_per_address, s.connections);
}

Test(descriptors, somebody_is_served_however_small_the_limit)
{
    for (uint64_t limit = 1; limit <= 600; limit++) {
        kd_descriptors_share s = divide(limit, 10000, 1000);
        cr_assert(s.connections >= 1 && s.connections_per_address >= 1 && s.connections <= limit, "%lu",
                  limit);
        cr_assert(s.connections + s.reserve == limit, "%lu", limit);
    }
    cr_expect(divide(256, 10000, 1000).short_of);
    cr_expect_eq(divide(256, 10000, 1000).connections, 64);
}

Test(descriptors, an_unlimited_process_takes_what_is_configured)
{
    cr_expect_eq(divide(UINT64_MAX, 1000000, 1000000).connections, 1000000);
    cr_expect(!divide(UINT64_MAX, 1000000, 1000000).lowered);
}
