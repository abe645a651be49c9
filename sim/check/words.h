/*
 * words.h - how a violation names users, items, edges and operations. A violation is a sentence that says who lost what, or what was shown and what
 * should have been; its technical position follows in brackets at the end, where the report prints it smaller.
 *
 * Every text returned is one of a few buffers of the checkers, used in turn: at most CHECK_WORDS of them live at a time.
 */
#ifndef KUDOS_SIM_CHECK_WORDS_H
#define KUDOS_SIM_CHECK_WORDS_H

#include "sim/check/facts.h"

/* "mumbai", "the copy of mumbai". */
const char *sim_check_slot_name(sim_checks *c, uint32_t slot);
/* "posts/1". */
const char *sim_check_item_name(sim_checks *c, uint32_t item);
/* The user's last acknowledged operation on this pair: "ana's unlike of posts/1 at mumbai was acknowledged 3.214 s ago", or "no operation of ana was
 * acknowledged". */
const char *sim_check_last_word(sim_checks *c, uint32_t counter, uint32_t item, uint32_t user);
/* "ana's unlike of posts/1", "ana's 3 views of posts/1". */
const char *sim_check_attempt_name(sim_checks *c, const sim_journal_attempt *a);
/* As sim_check_attempt_name, for an operation found in a batch or a row; `user` CHECK_NOTHING: "views of posts/1". */
const char *sim_check_operation_name(sim_checks *c, uint32_t counter, uint32_t item, uint32_t user,
                                     bool liked);
/* As sim_check_attempt_name, for a membership row of an edge, by its key; "a row" where the key cannot be read. */
const char *sim_check_row_name(sim_checks *c, kd_bytes key, bool liked);
/* "among the likes of posts/1". */
const char *sim_check_among(sim_checks *c, uint32_t counter, uint32_t item);
/* "4 operations (the first: ana's like of posts/1)"; decodes the body. */
const char *sim_check_body_name(sim_checks *c, kd_bytes body);
/* "7 likes, 0 saves, 2 views of posts/1 (pending 1, 0, 0)". */
const char *sim_check_view_name(sim_checks *c, uint32_t item, const kd_view *view);
/* The word in an answer's JSON: "true", "false", "null". Static text. */
const char *sim_check_changed_name(kd_changed changed);
/* Seconds from that moment until now; negative when it lies ahead. */
double sim_check_seconds_ago(const sim_checks *c, uint64_t us);

/* What a batch holds, packed into 56 bits so that it can be kept for every batch that was ever sent; 0: it could not be decoded. */
uint64_t sim_check_body_pack(const sim_checks *c, kd_bytes body);
/* The text of sim_check_body_name, from the packed form; of 0: "a batch of operations". */
const char *sim_check_body_packed_name(sim_checks *c, uint64_t packed);

#endif
