/* Every rule that can be broken is in the table of planted bugs, once: by name against the headers that declare them. */
#include <criterion/criterion.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "kudos/central.h"
#include "kudos/edge.h"
#include "sim/world/plants.h"
#include "sim/world/run.h"

static char *text_of(const char *path)
{
    FILE *f = fopen(path, "r");
    cr_assert_not_null(f, "%s: run from the top of the tree", path);
    char *text = NULL;
    size_t size = 0;
    cr_assert_gt(getdelim(&text, &size, '\0', f), 0);
    fclose(f);
    return text;
}

/* Names of an enumeration: PREFIX_NAME = 1 << ... */
static uint32_t look_up_all(const char *path, const char *prefix)
{
    char *text = text_of(path);
    uint32_t found = 0;
    for (const char *at = text; (at = strstr(at, prefix)) != NULL;) {
        char name[64];
        size_t len = 0;
        at += strlen(prefix);
        while (isupper(at[len]) || isdigit(at[len]) || at[len] == '_') len++;
        snprintf(name, sizeof(name), "%.*s", (int)len, at);
        const char *next = at + len + strspn(at + len, " \n");
        if (*next != '=') continue; /* the name is only mentioned */
        cr_assert(sim_plant_find(name), "%s of %s is not in the table", name, path);
        found++;
    }
    free(text);
    return found;
}

Test(sim_plants, every_rule_that_can_be_broken_is_in_the_table)
{
    uint32_t edge = look_up_all("include/kudos/edge.h", "KD_PLANT_"),
             central = look_up_all("include/kudos/central.h", "KD_PLANT_"),
             world = look_up_all("sim/world/run.h", "SIM_PLANT_");
    cr_assert_gt(edge, 20);
    cr_assert_gt(central, 10);
    cr_assert_gt(world, 4);
    cr_assert_eq(edge + central + world, sim_plant_count);
}

static void once(uint64_t bits, uint64_t *seen)
{
    cr_assert_eq(bits & *seen, 0);
    cr_assert_eq(bits & (bits - 1), 0);
    *seen |= bits;
}

Test(sim_plants, each_is_one_bit_of_its_own)
{
    uint64_t edge = 0, central = 0, world = 0;
    for (uint32_t i = 0; i < sim_plant_count; i++) {
        const sim_plant_name *p = &sim_plants[i];
        cr_assert_eq((p->edge != 0) + (p->central != 0) + (p->world != 0), 1, "%s", p->name);
        once(p->edge, &edge);
        once(p->central, &central);
        once(p->world, &world);
    }
}
