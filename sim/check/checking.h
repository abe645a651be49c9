/*
 * checking.h - the entries of the checkers. checks.c calls most of them, in the order in which the checkers may rely on each other; a checker calls
 * another one only to hand on an event that it decodes (a row that is deleted, an edge that a batch names). No checker calls checks.c.
 *
 * Throughout: `slot` is that of checks.h, `c` is not NULL, and no check has failed yet. Any function may report a violation, but for those whose
 * comment begins with "A question".
 */
#ifndef KUDOS_SIM_CHECK_CHECKING_H
#define KUDOS_SIM_CHECK_CHECKING_H

#include "sim/check/facts.h"

/* ---- check_answer.c: "answer" ---- */

/* The edge took a new operation. Call before sim_check_durable_taken: the answer is judged by the user's operation before this one. */
void sim_check_answer_taken(sim_checks *c, uint32_t slot, uint32_t shard, const sim_journal_attempt *a,
                            const kd_outcome *o);
/* The edge recognised a retry and answers again; `o` must be what the first answer said. */
void sim_check_answer_replayed(sim_checks *c, uint32_t slot, const sim_journal_attempt *a,
                               const kd_outcome *o);

/* ---- check_durable.c: "durable" (I4), "after-error" (I15), "own-word" (I8), "stamp" (rule 3) ---- */

/* A question: the last operation on the pair (user, item, counter) that this life of the edge surely knows. */
sim_check_word sim_check_durable_word(const sim_checks *c, uint32_t slot, uint32_t shard,
                                      const sim_journal_attempt *pair);
/* The edge took a new operation under that stamp; it is not on the disk yet. */
void sim_check_durable_taken(sim_checks *c, uint32_t slot, uint32_t shard, const sim_journal_attempt *a,
                             uint64_t stamp_us);
/* The 2xx leaves the edge: the operation's journal entry must be on the disk. */
void sim_check_durable_answered(sim_checks *c, uint32_t slot, uint32_t shard, const sim_journal_attempt *a,
                                const kd_outcome *o);
/* A write ended. What it holds is noted as durable where `synced`; deleted batches and rows go to "freed" and "expired", sums set aside to
 * "aside". */
void sim_check_durable_wrote(sim_checks *c, uint32_t slot, uint32_t shard, uint64_t group,
                             const kd_writes *writes, int status, bool synced);
/* A process starts. On a disk that was put back or copied, all of the disk is read once. */
void sim_check_durable_opened(sim_checks *c, uint32_t slot, uint32_t shard);
/* From now on this slot has another disk: an empty one, or one whose content is read at the next start. */
void sim_check_durable_disk(sim_checks *c, uint32_t slot, bool empty);
/* The edge told its user: 1 liked, 0 not, KD_ENOTFOUND unknown here; KD_EIO (its disk could not be read) is not judged. */
void sim_check_durable_member(sim_checks *c, uint32_t slot, const sim_journal_attempt *pair, int result);

/* ---- check_stored.c: "stored" (rule 18) ---- */

/* A synced write of an edge holds the counts of an item: the row `key`. */
void sim_check_stored_put(sim_checks *c, uint32_t slot, kd_bytes key, kd_bytes value);

/* ---- check_ahead.c: "ahead" (rule 3) ---- */

/* Central merged this batch, whoever made it. */
void sim_check_ahead_merged(sim_checks *c, uint32_t partition, const kd_batch *b);

/* ---- check_position.c: "order" (I5), "body" (I6), "freed" (I7) ---- */

/* An edge sends a batch, perhaps again. */
void sim_check_position_sent(sim_checks *c, uint32_t slot, uint32_t partition, kd_bytes record);
/* Central read a batch and decided `fed`. */
void sim_check_position_fed(sim_checks *c, uint32_t slot, uint32_t partition, const kd_batch *b, kd_fed fed);
/* A commit began: the batches merged since the last one ride in `version`. */
void sim_check_position_begun(sim_checks *c, uint32_t slot, uint32_t partition, uint64_t version);
/* The commit of `version` ended; where `synced`, its batches and all older ones are on central's disk. */
void sim_check_position_committed(sim_checks *c, uint32_t slot, uint32_t partition, uint64_t version,
                                  bool synced);
/* A central starts: it must know every batch that was committed, and may know one of a commit that was under way. */
void sim_check_position_opened(sim_checks *c, uint32_t slot, uint32_t partition);
/* An edge deletes the batch at `at` from its outbox. */
void sim_check_position_freed(sim_checks *c, uint32_t slot, uint32_t partition, kd_position at);

/* ---- check_milestone.c: "milestone" ---- */

/* Central merged a batch. After sim_check_count_fed. */
void sim_check_milestone_fed(sim_checks *c, uint32_t slot, uint32_t partition, const kd_batch *b);
/* A record of another kind was fed: any item may have other counts since. */
void sim_check_milestone_other(sim_checks *c, uint32_t slot, uint32_t partition);
/* A commit began: what was passed since the last one rides in `version`. */
void sim_check_milestone_begun(sim_checks *c, uint32_t slot, uint32_t partition, uint64_t version);
/* A commit ended. After sim_check_position_committed. */
void sim_check_milestone_committed(sim_checks *c, uint32_t slot, uint32_t partition);
/* A central starts: it has passed what the commits on its disk have passed. */
void sim_check_milestone_opened(sim_checks *c, uint32_t slot, uint32_t partition);
void sim_check_milestone_disk(sim_checks *c, int who, sim_checks_disk_event event);
/* A record is in the milestones topic. */
void sim_check_milestone_record(sim_checks *c, uint32_t partition, kd_bytes record);
/* A question: whether a threshold was passed that no record tells of; which one is written to `why`. */
bool sim_check_milestone_missing(sim_checks *c, char *why, size_t size);

/* An operator decides about the item: the model does not follow him, so from now on what the item passes is not judged. */
void sim_check_milestone_unsure(sim_checks *c, uint32_t counter, uint32_t item);

/* ---- check_decided.c: "decided" (rules 24, 25) ---- */

/* The operator wrote a decision: whom it names, users' answers alone do not tell about any more. */
void sim_check_decided_ordered(sim_checks *c, uint32_t partition, const kd_decision *d);
/* The operator was told that all views of this job are imported: they have to count from now on. */
void sim_check_decided_imported(sim_checks *c, kd_bytes job);
/* Central read a record, of whatever kind. */
void sim_check_decided_fed(sim_checks *c, uint32_t slot, uint32_t partition, kd_bytes record, int64_t offset,
                           kd_fed fed);
/* A commit began: what was decided since the last one rides in `version`. */
void sim_check_decided_begun(sim_checks *c, uint32_t slot, uint32_t partition, uint64_t version);
/* A commit ended. After sim_check_position_committed. */
void sim_check_decided_committed(sim_checks *c, uint32_t slot, uint32_t partition);
/* A central starts: it remembers what the commits on its disk have decided. */
void sim_check_decided_opened(sim_checks *c, uint32_t slot, uint32_t partition);
void sim_check_decided_disk(sim_checks *c, int who, sim_checks_disk_event event);

/* ---- check_closed.c: "closed" (rule 27) ---- */

/* The operator wrote a decision about an item: users' answers alone do not tell what counts of it any more. */
void sim_check_closed_ordered(sim_checks *c, const kd_decision *d);
/* Central merged such a decision. */
void sim_check_closed_decided(sim_checks *c, uint32_t slot, uint32_t partition, const kd_decision *d);
/* Central merged a batch of that edge: its sums are added up. */
void sim_check_closed_merged(sim_checks *c, uint32_t slot, uint32_t partition, uint32_t edge,
                             const kd_batch *b, const kd_body *body);
/* Central merged a decision that adds these sums. */
void sim_check_closed_imported(sim_checks *c, uint32_t slot, uint32_t partition, const kd_decision *d,
                               const kd_body *body);
/* Whether an operation with that stamp that was merged now does not count; notes that. */
bool sim_check_closed_leaves_out(sim_checks *c, uint32_t slot, uint32_t item, uint64_t time_us);
/* A question: whether it is deleted, by what that central has read. */
bool sim_check_closed_deleted(const sim_checks *c, uint32_t slot, uint32_t item);
/* A question: whether anything was decided about it, by what that central has read. */
bool sim_check_closed_ever(const sim_checks *c, uint32_t slot, uint32_t item);
/* A commit began. Before sim_check_count_begun. */
void sim_check_closed_begun(sim_checks *c, uint32_t slot, uint32_t partition, uint64_t version);
/* A commit ended. After sim_check_position_committed. */
void sim_check_closed_committed(sim_checks *c, uint32_t slot, uint32_t partition);
/* True when no rows of deleted items are left to be deleted; judges all of them. False: `why` says where. */
bool sim_check_closed_settled(sim_checks *c, char *why, size_t size);
/* A central starts: what is closed is what the commits on its disk have decided. */
void sim_check_closed_opened(sim_checks *c, uint32_t slot, uint32_t partition);
void sim_check_closed_disk(sim_checks *c, int who, sim_checks_disk_event event);
/* A process of an edge starts: what it knows is asked of its disk, and not judged. */
void sim_check_closed_edge_opened(sim_checks *c, uint32_t slot, uint32_t shard);
/* The edge installed a snapshot; `follows`: it misses nothing between the one before and this one. */
void sim_check_closed_heard(sim_checks *c, uint32_t slot, const kd_snapshot *s, bool follows);
/* An answer came to the edge, taken up or not. */
void sim_check_closed_read(sim_checks *c, uint32_t slot, const kd_snapshot *s);
/* The edge took an operation on the item; refused one as its item is closed. */
void sim_check_closed_taken(sim_checks *c, uint32_t slot, uint32_t item);
void sim_check_closed_refused(sim_checks *c, uint32_t slot, uint32_t item);
/* A question: whether the edge says the same of the item as central. False: `why` says what. */
bool sim_check_closed_agrees(sim_checks *c, uint32_t slot, uint32_t item, const kd_view *view, char *why,
                             size_t size);

/* ---- check_members.c: "members" (rules 31 to 34) ---- */

/* A member publishes the snapshot, or a part of it: notes after how many records it tells that version. */
void sim_check_members_published(sim_checks *c, uint32_t partition, const kd_snapshot *s);
/* Records read at that version of a member; 0: it was not published. */
uint64_t sim_check_members_read(const sim_checks *c, uint32_t partition, uint64_t epoch, uint64_t version);
/* The member's store of the partition is empty now: what was known of it is forgotten. */
void sim_check_members_emptied(sim_checks *c, uint32_t slot, uint32_t partition);
/* An edge that has numbers of the partition took this snapshot so. */
void sim_check_members_noticed(sim_checks *c, uint32_t slot, const kd_snapshot *s, int verdict);
/* A question: whether each partition has a leader, and all members have what it has. False: `why` says where. */
bool sim_check_members_agree(sim_checks *c, char *why, size_t size);

/* ---- check_among.c: "among" ---- */

/* A moment at which it matters what central says of items that operations on their way touch: a commit began, its rows can be read, or it ended. */
void sim_check_among_ask(sim_checks *c, uint32_t slot, uint32_t partition);
/* A central starts. */
void sim_check_among_opened(sim_checks *c, uint32_t slot, uint32_t partition);
/* ---- check_shadow.c: "function" (rules 30, 31) ---- */

/* A central starts: its shadow begins with a copy of its store. */
void sim_check_shadow_opened(sim_checks *c, uint32_t slot, uint32_t partition);
/* It has looked at the record at its log position: `found`, without data where there is none. */
void sim_check_shadow_log(sim_checks *c, uint32_t slot, uint32_t partition, kd_bytes found);
/* It read a record, of whatever kind. */
void sim_check_shadow_fed(sim_checks *c, uint32_t slot, uint32_t partition, kd_bytes record, int64_t offset,
                          kd_fed fed);
/* A commit ended: compares all, as often as is cheap. */
void sim_check_shadow_committed(sim_checks *c, uint32_t slot, uint32_t partition);
/* A part of a snapshot leaves it. */
void sim_check_shadow_published(sim_checks *c, uint32_t slot, uint32_t partition, kd_bytes record);
/* It ends. */
void sim_check_shadow_closed(sim_checks *c, uint32_t slot, uint32_t partition);

/* ---- check_count.c: "counts" (I2) ---- */

/* The commit that begins next may delete rows of the item: all its pairs are looked up after it. */
void sim_check_count_touch(sim_checks *c, uint32_t slot, uint32_t partition, uint32_t item);

/* Central merged a batch: its pairs are looked up after the commit. */
void sim_check_count_fed(sim_checks *c, uint32_t slot, uint32_t partition, const kd_batch *b);
/* A commit began: it carries the batches that were fed since the last call. */
void sim_check_count_begun(sim_checks *c, uint32_t slot, uint32_t partition, uint64_t version);
/* After kd_central_commit_end: looks up what the finished commits touched, once no other commit is under way. */
void sim_check_count_committed(sim_checks *c, uint32_t slot, uint32_t partition);
/* A central starts: its members are counted anew, which costs as much as there are members. */
void sim_check_count_opened(sim_checks *c, uint32_t slot, uint32_t partition);

/* ---- check_index.c: "index" ---- */

/* Around each commit, also while one is being written: what the indices say of one item and one user, which take turns. */
void sim_check_index_moved(sim_checks *c, uint32_t slot, uint32_t partition);
/* A central starts, or all agrees at the end: compares the entries of the complete indices with the rows of members. */
void sim_check_index_whole(sim_checks *c, uint32_t slot, uint32_t partition);
/* A question: whether no index is being built or removed. False: `why` says where. */
bool sim_check_index_settled(const sim_checks *c, char *why, size_t size);
/* ---- check_trending.c: "trending" ---- */

/* A central starts, or a commit ended: what it lists as trending is compared with its members, which costs as much as there are members. */
void sim_check_trending_judge(sim_checks *c, uint32_t slot, uint32_t partition);
/* The same of a commit that ended; passed over where the members of a long run would take most of its time. */
void sim_check_trending_committed(sim_checks *c, uint32_t slot, uint32_t partition);

/* ---- check_number.c: "number" (I10, rules 14 to 19), and "as-of" at an edge ---- */

/* Central's count of the item may have changed: notes the count with central's epoch and version. */
void sim_check_number_changed(sim_checks *c, uint32_t slot, uint32_t item);
/* A central publishes the snapshot, or a part of it. */
void sim_check_number_published(sim_checks *c, uint32_t slot, const kd_snapshot *s);
/* A snapshot or an answer came to the edge, taken up or not. */
void sim_check_number_heard(sim_checks *c, uint32_t slot, const kd_snapshot *s);
/* A user read the item there. */
void sim_check_number_viewed(sim_checks *c, uint32_t slot, uint32_t item, const kd_view *view);

/* ---- check_as_of.c: "as-of" at central, "member" ---- */

/* The 2xx leaves an edge: the attempt waits until central's as_of passes this moment. */
void sim_check_as_of_answered(sim_checks *c, uint32_t attempt, bool replayed);
/* After a commit: judges the attempts that as_of has passed, or takes the cursor back where a restore took as_of back. */
void sim_check_as_of_committed(sim_checks *c, uint32_t slot, uint32_t partition);
/* An edge was taken back: attempts that were passed over while it was retired wait again. */
void sim_check_as_of_again(sim_checks *c);
/* Central answered whether the user likes the item. */
void sim_check_as_of_member(sim_checks *c, uint32_t slot, uint32_t counter, uint32_t item, uint32_t user,
                            bool liked);

/* ---- check_shown.c: "shown" (I10), "pending", "age" ---- */

/* The edge took an operation: notes the edge as one that changes this item. "shown" is judged only at an item's sole writer. */
void sim_check_shown_taken(sim_checks *c, uint32_t slot, const sim_journal_attempt *a, uint64_t stamp_us);
/* A user read the item there. */
void sim_check_shown_viewed(sim_checks *c, uint32_t slot, uint32_t item, const kd_view *view);

/* ---- check_least.c: "least", "own-like" ---- */

/* A user read the item there. */
void sim_check_least_viewed(sim_checks *c, uint32_t slot, uint32_t item, const kd_view *view);
/* The number in the answer to this attempt; judged for likes and saves only, and only while no later attempt of the pair is known. */
void sim_check_least_answered(sim_checks *c, uint32_t slot, const sim_journal_attempt *a,
                              const kd_view *view);

/* ---- check_liked.c: "liked" ---- */

/* Central answered whether a user likes something. Notes it if this central still takes an edge for retired that the operator took back. */
void sim_check_liked_asked(sim_checks *c);
/* An edge told the user 1, 0 or KD_ENOTFOUND; the question began at `begun_us`. */
void sim_check_liked_told(sim_checks *c, uint32_t slot, uint32_t counter, uint32_t item, uint32_t user,
                          int liked, uint64_t begun_us);

/* ---- check_install.c: "install" (I9), "retired" at an edge (rule 23) ---- */

/* A process starts with the history that its disk holds. */
void sim_check_install_opened(sim_checks *c, uint32_t slot, uint32_t shard);
/* After kd_edge_snapshot; `verdict` is its result. */
void sim_check_install_snapshot(sim_checks *c, uint32_t slot, kd_bytes record, int verdict);
/* The edge took an operation of the partition: its last snapshot must not call it retired. */
void sim_check_install_taken(sim_checks *c, uint32_t slot, uint32_t partition);
/* The edge refused an operation with KD_ERETIRED: its last snapshot must call it retired. */
void sim_check_install_refused(sim_checks *c, uint32_t slot, uint32_t partition);
/* After kd_edge_answer. */
void sim_check_install_answer(sim_checks *c, uint32_t slot, uint32_t item, kd_bytes record);

/* ---- check_bounds.c: "outbox" (I13), "tables" (I14), "clock" (rule 3), "identity" ---- */

/* A process starts with the items and alarms that its disk holds. */
void sim_check_bounds_opened(sim_checks *c, uint32_t slot, uint32_t shard);
/* The edge took an operation, or recognised a retry. */
void sim_check_bounds_taken(sim_checks *c, uint32_t slot, uint32_t shard, const kd_outcome *o);
/* The edge refused an operation; only KD_EFULL is judged. */
void sim_check_bounds_refused(sim_checks *c, uint32_t slot, uint32_t shard, int err);
/* After a tick, before a write is looked at, and before the process ends. Notes identity alarms. */
void sim_check_bounds_ticked(sim_checks *c, uint32_t slot, uint32_t shard);

/* ---- check_viral.c: "viral" (rule 6) ---- */

/* After a tick at `edge_us`, by the edge's clock. */
void sim_check_viral_ticked(sim_checks *c, uint32_t slot, uint32_t shard, uint64_t edge_us);

/* ---- check_publish.c: "fence" (rule 16), "early" (rule 10), "chain" (rule 15) ---- */

/* A claim was read: *force becomes what is in force behind it. */
void sim_check_publish_claimed(sim_check_force *force, const kd_claim *claim);
/* Central read a record of the likes topic. */
void sim_check_publish_fed(sim_checks *c, uint32_t slot, uint32_t partition, kd_bytes record);
/* A snapshot or an answer to a read leaves central. */
void sim_check_publish_record(sim_checks *c, uint32_t slot, uint32_t partition, kd_bytes record);

/* ---- check_forget.c: "stable", "expired" (rule 21), "floor" (rule 22), "retired" at central (rule 23) ---- */

/* A central starts: notes how far it is complete. */
void sim_check_forget_opened(sim_checks *c, uint32_t slot, uint32_t partition);
/* It read a record, of whatever kind: the floor may rise with a decision alone, and no further than the edges are complete where that stands. */
void sim_check_forget_record(sim_checks *c, uint32_t slot, uint32_t partition, kd_bytes record);
/* A commit ended: the floor of forgotten unlikes must lie below the watermarks of all edges that are not retired. */
void sim_check_forget_committed(sim_checks *c, uint32_t slot, uint32_t partition);
/* Central's disk was backed up, put back, wiped or copied; for any other `who` nothing happens. */
void sim_check_forget_disk(sim_checks *c, int who, sim_checks_disk_event event);
/* Central tells edges that they may forget rows stamped up to `stable_us`. */
void sim_check_forget_published(sim_checks *c, uint32_t slot, uint32_t partition, uint64_t stable_us);
/* An edge deletes the membership row `key` from its disk; `row` is its cell in sim_check_durable.rows. */
void sim_check_forget_row(sim_checks *c, uint32_t slot, uint32_t partition, kd_bytes key,
                          const sim_check_cell *row);
/* Central merged or refused a batch of that edge. */
void sim_check_forget_fed(sim_checks *c, uint32_t slot, uint32_t partition, uint32_t edge, const kd_batch *b,
                          kd_fed fed);
/* A question: whether central's as_of and its floor of forgotten unlikes have passed the end of the faults. False: `why` says the reason. */
bool sim_check_forget_moves(sim_checks *c, char *why, size_t size);

/* ---- check_retire.c: the operator's commands about an edge (rule 23) ---- */

/* The operator declares the edge gone for good, or takes it back. */
void sim_check_retire_ordered(sim_checks *c, uint32_t edge, bool retired);
/* A central starts: notes which edges are retired in it. */
void sim_check_retire_opened(sim_checks *c, uint32_t slot, uint32_t partition);
/* It read a record, of whatever kind: the commit that is open makes durable what it says of edges. */
void sim_check_retire_fed(sim_checks *c, uint32_t slot, uint32_t partition, kd_bytes record, kd_fed fed);
/* The commit of `version` is on the disk. */
void sim_check_retire_committed(sim_checks *c, uint32_t slot, uint32_t partition, uint64_t version);
/* As sim_check_forget_disk. */
void sim_check_retire_disk(sim_checks *c, int who, sim_checks_disk_event event);
/* Before the verdict: what a retired edge acknowledged since is excused. */
void sim_check_retire_end(sim_checks *c);

/* ---- check_log.c: "log-position" (rule 13) ---- */

/* Central read this record at this offset of the likes log. */
void sim_check_log_fed(sim_checks *c, uint32_t partition, kd_bytes record, int64_t offset);
/* A central that starts found `found` at its stored offset (NULL data: nothing), and goes on at `next`, not at the log's beginning. */
void sim_check_log_checked(sim_checks *c, uint32_t partition, int64_t stored, kd_bytes found, int64_t next);

/* ---- check_aside.c: "aside" (rule 20) ---- */

/* A process starts with the sums that its disk has set aside. */
void sim_check_aside_opened(sim_checks *c, uint32_t slot, uint32_t shard);
/* An edge sends a batch of that incarnation. */
void sim_check_aside_sent(sim_checks *c, uint32_t slot, kd_position at);
/* An edge stores a batch under its key for sums that are set aside; the journal is told once for each batch. */
void sim_check_aside_put(sim_checks *c, uint32_t slot, kd_bytes key, kd_bytes value);
/* The edge's disk was put back to an older copy: batches of all incarnations so far may be in the stores of several lives of the edge. */
void sim_check_aside_disk(sim_checks *c, uint32_t edge);

/* ---- check_compare.c: "compare" ---- */

/* Compares the edge's rows of all partitions with central's; nothing while either is down, or once the edge was copied. */
void sim_check_compare_edge(sim_checks *c, uint32_t edge);

/* ---- check_fault.c: what a fault excuses is told to the journal and noted for excuse.h ---- */

/* A disk was backed up, put back, wiped or copied, or a copy is gone; for `who` see sim_checks_disk. */
void sim_check_fault_disk(sim_checks *c, int who, sim_checks_disk_event event);
/* Records of that topic are gone. */
void sim_check_fault_log(sim_checks *c, sim_scenario_topic topic);

/* ---- check_end.c: "convergence" (I11), and the verdict of final.h ---- */

/* See sim_checks_converged. */
bool sim_check_end_converged(sim_checks *c, char *why, size_t size);
/* See sim_checks_final. */
void sim_check_end_final(sim_checks *c, bool converged, sim_final_verdict *out);

#endif
