/* checkers.c - see the header. */
#include "sim/check/checkers.h"

/* clang-format off */
const sim_checker sim_checkers[] = {
    {"stored", "an edge writes nothing for an item that is only read, and that nobody has liked"},
    {"durable", "an edge answers only when the operation is on its disk"},
    {"after-error", "after a failed disk write an edge answers nothing more"},
    {"own-word", "an edge that took a user's like or unlike tells him so, also after restarts"},
    {"stamp", "a later operation of a user on an item has a later timestamp"},
    {"answer", "the answer says truly what the operation changed; a retry gets the first answer again"},
    {"order", "central merges each batch once, in order, without a gap"},
    {"ahead", "central merges nothing whose times lie days ahead of its clock"},
    {"body", "a batch that is sent again has the same content"},
    {"freed", "an edge deletes a batch only when central has it on disk"},
    {"early", "central publishes only what is on its disk"},
    {"chain", "after a restart central tells truly where its previous history ended"},
    {"log-position", "central goes on in Kafka only where it truly stopped, also when the log has changed"},
    {"stable", "central lets edges forget only what its backup holds as well"},
    {"expired", "an edge forgets a like only when central has it and allows it"},
    {"floor", "central forgets an unlike only when no older like can still arrive"},
    {"retired", "operations of an edge that was declared gone are refused, and of no other"},
    {"compare", "the rows of an edge and those of central agree, row by row"},
    {"milestone", "each threshold that a count passed is told under one id, and no other is"},
    {"closed", "nothing counts that is stamped while its item is closed, all else does; a deleted item is empty, for good"},
    {"decided", "what an operator decides happens once, where it stands in the log, and to what he named alone"},
    {"gone", "central never tells when an erased user's id is gone while a backup from before has it"},
    {"function", "what central has follows from what it has read, however that is cut into commits"},
    {"members", "whichever member of central leads, no edge that ran all the time misses a snapshot or finds its history undone"},
    {"fence", "a central that was replaced publishes nothing any more"},
    {"counts", "each count is the number of its members, and the sum of its regions and of its days"},
    {"index", "central lists who liked an item last, and what a user liked, as its counts have it"},
    {"among", "of a list of users central names those who like an item, and tells its count without them, as its counts have it"},
    {"trending", "what is trending lies within its bounds, and nothing is missing that is above them"},
    {"as-of", "whatever was acknowledged before a number's as_of is in that number"},
    {"number", "an edge shows only numbers that central had, with its own pending operations"},
    {"member", "central tells truly whether a user likes an item"},
    {"shown", "an item that changes at one edge only never shows too few or too many there"},
    {"pending", "nothing is called pending that central has confirmed"},
    {"age", "no number claims to be younger than it is"},
    {"least", "no number lacks a like that its as_of promises"},
    {"own-like", "the answer to a like shows a number with that like in it"},
    {"liked", "a user is told truly whether he likes an item, wherever he said so last"},
    {"install", "an edge follows snapshots of central in order, and none of an undone history"},
    {"clock", "an edge whose clock is off by more than the bound takes no writes"},
    {"outbox", "an edge refuses writes when its outbox is full, and not before"},
    {"tables", "an edge keeps no more numbers in memory than it is configured for"},
    {"identity", "the alarm \"two processes share this name\" is raised only when that may be so"},
    {"live", "a live stream is told every change that a read shows"},
    {"viral", "operations of a viral item leave their edge, and central, sooner than others"},
    {"aside", "a sum that might count twice is set aside and told, and no other is"},
    {"lost", "at the end, every acknowledged like is there"},
    {"doubled", "at the end, no like is there that was not asked for, or was taken back"},
    {"sums", "at the end, views lie between what was acknowledged and what was attempted"},
    {"convergence", "after the faults all edges show what central has, with nothing pending"},
    {"expected", "at the end, the counts are those that the scenario expects"},
    {NULL, NULL}};
/* clang-format on */

const char *sim_checker_promise(const char *name)
{
    for (const sim_checker *k = sim_checkers; name && k->name; k++)
        if (strcmp(k->name, name) == 0) return k->promise;
    return NULL;
}
