/* plants.c - see the header. The bits are those of kd_edge_plant, kd_central_plant and sim_plant. */
#include "sim/world/plants.h"

#include "kudos/central.h"
#include "kudos/edge.h"
#include "sim/world/run.h"

#define EDGE(plant, rule, what)                                                                              \
    {                                                                                                        \
#plant, rule, KD_PLANT_##plant, 0, 0, what                                                           \
    }
#define CENTRAL(plant, rule, what)                                                                           \
    {                                                                                                        \
#plant, rule, 0, KD_PLANT_##plant, 0, what                                                           \
    }
#define WORLD(plant, rule, what)                                                                             \
    {                                                                                                        \
#plant, rule, 0, 0, SIM_PLANT_##plant, what                                                          \
    }

const sim_plant_name sim_plants[] = {
    EDGE(DROP_AGREEING, "1", "an operation that the row agrees with is not journaled"),
    EDGE(UNKNOWN_IS_NOT, "2", "an unlike of what is not known is not journaled"),
    EDGE(STAMP_CLOCK_ONLY, "3", "a stamp is the clock alone, whatever the row and the token say"),
    EDGE(ANSWER_BEFORE_SYNC, "4", "the answer does not wait for the synced write"),
    EDGE(FIXED_INCARNATION, "5", "positions go on where the disk says"),
    EDGE(REBUILD_BODY, "6", "new operations join a batch that was sent"),
    EDGE(DROP_CANCELLED, "7", "like and unlike in one batch cancel out"),
    EDGE(AFTER_SKIPS, "8", "after is always the applied last heard of"),
    EDGE(COMPLETE_TO_NOW, "8", "complete_to is the clock at sending"),
    EDGE(INSTALL_GAP, "14", "a snapshot is installed though one was missed"),
    EDGE(NO_CHAIN, "15", "a higher epoch is followed without looking at its chain"),
    EDGE(NO_RESEND, "15", "nothing is sent again after a history was undone"),
    EDGE(COMPLETE_NOT_HELD, "15", "complete_to is let go at once"),
    EDGE(OVERLAY_LISTED_ONLY, "17", "only listed items end their deltas"),
    EDGE(ANSWER_ALWAYS, "19", "a delayed answer is installed"),
    EDGE(FREE_ON_ACK, "20", "the outbox row goes with Kafka's acknowledgement"),
    EDGE(ANY_APPLIED, "20", "applied is always believed"),
    EDGE(OVERLAY_NEVER_ENDS, "17", "the overlay goes on without end"),
    EDGE(REHOME_ONE, "20", "only the partition that noticed moves to the new incarnation"),
    EDGE(FORGET_FRESH, "4", "the journal goes before its rows are in the store"),
    EDGE(RESHARD_PLACE, "4", "another number of shards takes rows of the journal for stored"),
    EDGE(RESEND_STORED, "15", "rows that are not in the store yet are not sent again"),
    EDGE(EXPIRE_EARLY, "21", "rows expire whatever stable says"),
    EDGE(NO_DOUBT, "20", "a watermark that was another's is believed once an own batch follows it"),
    EDGE(RESEND_FORGOTTEN, "15", "a start does not go on with what was being sent again"),
    EDGE(READ_AHEAD_STAYS, "15", "a number that a read brought from an undone version is kept"),
    EDGE(STAMP_NO_ROW, "3", "a stamp need not be above the row's"),
    EDGE(ASIDE_ALL, "20", "sums that nobody else can hold are set aside, too"),
    EDGE(ALONE_DROPPED, "20", "sums that are not set aside do not stay"),
    EDGE(ALONE_FORGOTTEN, "20", "after a start, sums of earlier starts count as another's"),
    EDGE(SUMS_MOVE, "20", "sums that another may have sent move along with the likes"),
    EDGE(MOVE_NOT_HELD, "20", "complete_to is not held while operations move"),
    EDGE(ROW_LACKS_OWN, "18", "a stored number stays though it lacks what applied covers"),
    EDGE(READ_ENDS, "18", "what a read ended does not count again when its number is dropped"),
    EDGE(EVICT_ANY, "18", "an item makes room while operations of it are on their way"),
    EDGE(INVENT_NUMBER, "readers", "where no number of central is known, own operations are counted from 0"),
    EDGE(RETIRED_TAKES, "23", "an edge that knows that it is retired goes on taking operations"),
    EDGE(STALE_UNLIKE, "2", "an unlike takes back a like that only a stale row tells of"),
    EDGE(STALE_LIKE, "2", "a like is not shown where a stale row says liked already"),
    EDGE(NO_ROW_IS_OLDER, "22", "a row stands though central has let its successor, a tombstone, go"),
    EDGE(ANY_WORD, "2", "central is believed though it lacks what the session token tells of"),
    EDGE(STALE_AS_OF, "14", "a number that a gap made stale is shown with the present as_of"),
    EDGE(KEYS_FORGOTTEN, "1", "an idempotency key is forgotten as soon as its operation is durable"),
    EDGE(VIRAL_WAITS, "6", "batches of a viral item are sealed no sooner than others"),
    EDGE(LOG_AT_DISK, "26", "an answer that waits for the log leaves with the disk's commit"),
    EDGE(LOG_ALONE, "26", "an answer that waits for the log does not wait for the batches before its own"),
    EDGE(LOG_ANY_ORDER, "26", "a batch in front of its predecessor counts as in the log"),
    EDGE(WATCH_DEAF, "readers", "a live stream is not told when own operations are confirmed"),
    EDGE(PROBATION_STORED, "18", "a number of an item that nobody has liked is stored"),
    EDGE(KEPT_FORGOTTEN, "17", "applied ends what is shown above a number that lacks it"),
    EDGE(PLACE_LOST, "17", "a number that comes to an item later than its others is lost"),
    EDGE(FIRST_STANDS, "7", "of several operations on one row in a batch the first is sent"),
    EDGE(FILTER_EARLY, "2", "after a start the filter is asked before all rows are in it"),
    EDGE(READ_ERROR_IS_NONE, "I8", "a row that cannot be read is taken for none"),
    EDGE(CLOSED_STAYS, "27", "what central left out of a closed item is shown for good"),
    EDGE(CLOSED_TAKES, "27", "an edge that knows that an item is closed takes operations on it"),
    EDGE(CLOSED_STALE, "27", "an edge that may have missed an opening goes on refusing"),
    CENTRAL(MERGE_NO_GAP_CHECK, "9", "a batch is merged though one before it is missing"),
    CENTRAL(MERGE_AFTER_BELOW, "9", "after may lie below applied"),
    CENTRAL(FOLD_LARGEST, "30", "of a row's operations in a commit the largest stamp alone is judged"),
    CENTRAL(MERGE_ANY_STAMP, "3", "the last to arrive wins"),
    CENTRAL(AHEAD_IS_BELIEVED, "3", "a batch is merged however far it lies ahead of the clock"),
    CENTRAL(WATERMARK_ANY_EPOCH, "12", "an envelope from before a restore moves the watermark"),
    CENTRAL(KEEP_EPOCH, "15", "a takeover keeps the stored epoch"),
    CENTRAL(EPOCH_BY_NUMBER, "15", "every epoch is believed that is not near the end of the numbers"),
    CENTRAL(NO_TOMBSTONE, "2", "an unlike of nothing leaves no row"),
    CENTRAL(POSITION_APART, "10", "applied is written by the commit after"),
    CENTRAL(UNLIKE_OWN_REGION, "11", "taken back in the region of the unlike"),
    CENTRAL(COLLECT_EARLY, "22", "tombstones above the floor go as well"),
    CENTRAL(COLLECT_REVIVES, "22", "a word that was merged before is merged again when its row is gone"),
    CENTRAL(IGNORE_BY_FLOOR, "22", "below the floor counts as merged, whosoever's it is"),
    CENTRAL(RETIRED_HOLDS, "23", "a retired edge still holds the low watermark"),
    CENTRAL(STABLE_NOW, "21", "stable is the present watermark, whatever backups there are"),
    CENTRAL(RETIRED_LETS_GO, "21", "a backup need not know what a retired edge brought"),
    CENTRAL(OWES_WITHOUT_BOUND, "I14", "central reads on however much the topics have not taken"),
    CENTRAL(INDEX_KEEPS_UNLIKED, "index", "an unlike leaves the entry of its like in an index"),
    CENTRAL(INDEX_KEEPS_STAMP, "index", "a later like leaves the entry of the like before"),
    CENTRAL(INDEX_LATE, "index", "entries of an index are written with the commit behind that of their rows"),
    CENTRAL(VIRAL_AS_OTHERS, "14", "operations of a viral item are published no sooner than others"),
    CENTRAL(DECIDED_TWICE, "24", "a decision that is repeated is merged again"),
    CENTRAL(DECIDED_BY_ANYONE, "24", "a decision of a superseded epoch is obeyed"),
    CENTRAL(MILESTONE_AGAIN, "topics", "a threshold that was passed before is passed again"),
    CENTRAL(MILESTONE_APART, "10", "a milestone is written with the commit behind its counts"),
    CENTRAL(MILESTONE_OF_EPOCH, "topics", "the id of a milestone depends on the epoch"),
    CENTRAL(TREND_KEEPS, "trending", "likes that have left the window are counted"),
    CENTRAL(TREND_UNLIKE, "trending", "a like that is taken back counts on"),
    CENTRAL(TREND_APART, "trending", "velocities are written by the commit after"),
    CENTRAL(VOID_ANY_STAMP, "25", "a like is withdrawn though its user said it anew since"),
    CENTRAL(VOID_PUTS_BACK_ANY, "25", "a like comes back though its user withdrew it, too"),
    CENTRAL(VOID_APART, "25", "what a void did is written by a later commit"),
    CENTRAL(VOID_COLLECTED, "25", "tombstones of a void that can be undone are collected"),
    CENTRAL(CLOSED_BY_ARRIVAL, "27",
            "what arrives while the item is closed does not count, whatever its stamp"),
    CENTRAL(OPENED_FORGETS, "27", "what was stamped while an item was closed counts once it is open"),
    CENTRAL(DELETED_RETURNS, "27", "what comes when a deleted item is empty counts"),
    CENTRAL(LIFE_BY_RECORD, "29", "the end of an item's life is the record that closes it, not its stamp"),
    CENTRAL(ERASE_LETS_LATE, "28", "an operation of an erased user that comes late counts"),
    CENTRAL(ERASE_ANY_STAMP, "28", "what an erased user says later does not count, either"),
    CENTRAL(ERASE_APART, "28", "who is erased is written by a later commit"),
    CENTRAL(ERASE_PUTS_BACK, "28", "a void that is undone brings a like of an erased user back"),
    WORLD(NO_SYNC, "4", "the disk says that it synced and did not"),
    WORLD(IGNORE_IO_ERROR, "I15", "a failed write counts as done"),
    WORLD(NO_FENCE, "16", "a higher claim does not stop central"),
    WORLD(PUBLISH_EARLY, "10", "snapshots tell what is not yet durable"),
    WORLD(TRUST_OFFSET, "13", "the log position is not checked"),
    WORLD(NO_DRIFT_BOUND, "3", "an edge whose clock is beyond D takes writes"),
    WORLD(CARRIED_RUNS, "3", "out of bounds, the clock carried goes wherever it goes"),
};
const uint32_t sim_plant_count = KD_COUNT(sim_plants);

const sim_plant_name *sim_plant_find(const char *name)
{
    for (uint32_t i = 0; i < sim_plant_count; i++)
        if (strcmp(sim_plants[i].name, name) == 0) return &sim_plants[i];
    return NULL;
}
