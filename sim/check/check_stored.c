/*
 * check_stored.c - "stored" (rule 18): an edge writes no counts of an item that nobody ever asked to like. Else strangers who read items that do not
 * exist would make it write, and likes would wait behind that.
 */
#include "sim/check/checking.h"
#include "sim/check/words.h"

/* Whether somebody ever attempted an operation on the item, at whatever edge. */
static bool check_stored_asked(sim_checks *c, uint32_t item)
{
    while (c->attempts_read < sim_journal_count(c->view.journal))
        c->attempted[sim_journal_at(c->view.journal, c->attempts_read++)->item] = true;
    return item != CHECK_NOTHING && c->attempted[item];
}

/* The row of counts: version, then for each counter its id and its count. */
static bool check_stored_any_count(kd_bytes value)
{
    kd_reader r = kd_reader_of(value);
    bool any = false;
    kd_read_varint(&r);
    while (!r.bad && kd_reader_left(&r) > 0) {
        kd_read_u8(&r);
        any |= kd_read_varint(&r) > 0;
    }
    return any;
}

void sim_check_stored_put(sim_checks *c, uint32_t slot, kd_bytes key, kd_bytes value)
{
    kd_bytes name = kd_bytes_of(key.data + 3, key.len - 3);
    c->made++;
    if (!check_stored_any_count(value) && !check_stored_asked(c, sim_check_item(c, name)))
        sim_check_fail(c, "stored", "%s stores the number of an item that nobody has liked",
                       sim_check_slot_name(c, slot));
}
