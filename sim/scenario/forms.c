/*
 * forms.c - the tables of the language: a row for every directive and every event, which drives reader, printer, error messages and help.
 */
#include "sim/scenario/language.h"

#define DAYS(n) ((n)*86400000000ull)

/* clang-format off */
#define FIELD(type, member) .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)
#define WORD(text) {.kind = PART_WORD, .word = (text)}
#define S(kind_, word_, member, ...) {.kind = PART_##kind_, .word = word_, FIELD(sim_scenario, member), __VA_ARGS__}
#define PERCENT(member) S(NUMBER, NULL, member, .unit = "%", .max = 100)
#define NEED(name) S(NUMBER, #name, needs.name, .max = 1000000000)

const sim_directive sim_scenario_directives[] = {
    {.required = true, .always = true, .form = {"what an operator learns from it, in one line", .parts = {
        WORD("teaches"), S(TEXT, NULL, teaches)}}},
    {.always = true, .form = {"the regions, one edge each", .parts = {
        WORD("edges"), S(EDGES, NULL, edges, .max = SCENARIO_EDGES_MAX)}}},
    {.form = {"members of central, a process each; without it one central is alone", .parts = {
        WORD("central"), S(MEMBERS, NULL, members, .max = SCENARIO_MEMBERS_MAX)}}},
    {.always = true, .form = {"of the topics", .parts = {
        WORD("partitions"), S(NUMBER, NULL, partitions, .min = 1, .max = SCENARIO_PARTITIONS_MAX)}}},
    {.always = true, .form = {"of each edge", .parts = {
        WORD("shards"), S(NUMBER, NULL, shards, .min = 1, .max = SCENARIO_SHARDS_MAX)}}},
    {.always = true, .form = {"users act and things go wrong until then; what still lasts ends there", .parts = {
        WORD("length"), S(DURATION, NULL, length_us, .min = 1000, .max = DAYS(30))}}},
    {.always = true, .form = {"after that everything must agree within this", .parts = {
        WORD("heal"), S(DURATION, NULL, heal_us, .min = 1000, .max = DAYS(1))}}},
    {.form = {"the clock drift bound D", .parts = {
        WORD("drift"), S(DURATION, NULL, drift_us, .min = 1000, .max = 60000000)}}},
    {.form = {"an edge seals a batch at so many operations, or so long after the first", .parts = {
        WORD("flush"), S(NUMBER, NULL, flush_ops, .min = 1, .max = KD_BATCH_OPS_MAX), WORD("ops"),
        S(DURATION, NULL, flush_interval_us, .min = 1000, .max = 600000000)}}},
    {.form = {"whether answers wait for the log of Kafka (edge.acknowledge = log)", .parts = {
        WORD("logged"), S(YES, NULL, logged)}}},
    {.form = {"whether an operator imports likes, withdraws some and puts them back", .parts = {
        WORD("decides"), S(YES, NULL, decides)}}},
    {.form = {"whether an operator closes items, opens them again and deletes some", .parts = {
        WORD("closes"), S(YES, NULL, closes)}}},
    {.form = {"items of the collection posts are closed so long after their first operation, and deleted so long after that",
              .any_order = true, .sparse = true, .parts = {
        WORD("life"), S(DURATION, "closed", life_us, .min = 1000000, .max = DAYS(30)),
        S(DURATION, "deleted", life_keep_us, .min = 1000000, .max = DAYS(30))}}},
    {.form = {"how often central publishes", .parts = {
        WORD("snapshot"), S(DURATION, NULL, snapshot_interval_us, .min = 1000, .max = 600000000)}}},
    {.form = {"how much an edge keeps for central before it refuses", .parts = {
        WORD("outbox"), S(SIZE, NULL, outbox_bytes, .min = 4096, .max = 1ull << 40)}}},
    {.form = {"how many numbers of items, and idempotency keys, an edge has room for", .any_order = true, .sparse = true, .parts = {
        WORD("room"), S(NUMBER, "items", room_items, .min = 1, .max = 1000000000),
        S(NUMBER, "keys", room_keys, .min = 1, .max = 1000000000)}}},
    {.always = true, .form = {"who acts, on what, how often all together, and how unevenly", .any_order = true, .parts = {
        WORD("users"), S(NUMBER, NULL, users.users, .max = SCENARIO_USERS_MAX),
        S(NUMBER, "items", users.items, .min = 1, .max = SCENARIO_ITEMS_MAX),
        S(REAL, "rate", users.per_second, .unit = "/s", .max = 1000000000),
        S(REAL, "zipf", users.zipf, .unit = "", .max = 5000)}}},
    {.form = {"what they do, of a hundred operations", .any_order = true, .sparse = true, .parts = {
        WORD("mix"), S(NUMBER, "like", users.like_percent, .max = 100),
        S(NUMBER, "unlike", users.unlike_percent, .max = 100),
        S(NUMBER, "save", users.save_percent, .max = 100), S(NUMBER, "view", users.view_percent, .max = 100)}}},
    {.form = {"of a user's operations go to another edge than his last", .parts = {
        WORD("roam"), PERCENT(users.roam_percent)}}},
    {.form = {"of the answers never arrive", .parts = {WORD("lost"), PERCENT(users.lost_percent)}}},
    {.form = {"of the operations without an answer are tried again", .parts = {
        WORD("retry"), PERCENT(users.retry_percent)}}},
    {.form = {"of the operations are sent twice at once", .parts = {
        WORD("double"), PERCENT(users.double_percent)}}},
    {.form = {"edges forget rows, central the tombstones of unlikes, that are older and not needed; are backups of central kept?",
              .any_order = true, .sparse = true, .parts = {
        WORD("forget"), S(DURATION, "rows", forget_rows_us, .min = 1, .max = DAYS(30)),
        S(DURATION, "tombstones", forget_tombstones_us, .min = 1, .max = DAYS(30)),
        S(BACKUPS, "backups", backups_none)}}},
    {.form = {"whether clients carry the session token from edge to edge", .parts = {
        WORD("tokens"), S(YES, NULL, users.tokens)}}},
    {.form = {"of the operations come from another device, without the token", .parts = {
        WORD("strange"), PERCENT(users.strange_percent)}}},
    {.form = {"of the operations go to one item, from then on", .any_order = true, .sparse = true, .parts = {
        WORD("viral"), PERCENT(users.viral_percent),
        S(DURATION, "from", users.viral_from_us, .max = DAYS(30))}}},
    {.form = {"a run with less of it has tested nothing and is unknown", .any_order = true, .sparse = true, .parts = {
        WORD("need"), NEED(acks), NEED(kills), NEED(duplicates), NEED(gaps), NEED(refused), NEED(undone),
        NEED(resent), NEED(expired), NEED(collected)}}},
    {.expects = true, .form = {"a final count", .parts = {
        WORD("expect"), {PART_ITEM, FIELD(sim_scenario_expectation, item)},
        {PART_COUNTER, FIELD(sim_scenario_expectation, counter)},
        {PART_NUMBER, FIELD(sim_scenario_expectation, count), .max = 1000000000000}}}},
};
const size_t sim_scenario_directive_count = KD_COUNT(sim_scenario_directives);

#define E(kind_, member, ...) {.kind = PART_##kind_, FIELD(sim_scenario_event, member), __VA_ARGS__}
#define EDGE E(EDGE, who)
#define MEMBER E(MEMBER, who)
#define PROCESS E(PROCESS, who)
#define ANYBODY E(ANYBODY, who)
#define LINK E(WAY, way), E(PEER, peer)
#define TOPIC E(TOPIC, topic)
#define SHARE E(NUMBER, amount, .unit = "%", .max = 100)
#define RECORDS(least) E(NUMBER, amount, .min = (least), .max = 1000000000)
#define LONG E(DURATION, amount, .min = 1, .max = DAYS(1))
#define EVERY E(DURATION, period_us, .word = "every", .min = 1000, .max = DAYS(30))

const sim_event_form sim_scenario_event_forms[SCENARIO_KINDS] = {
    [SCENARIO_OPERATION] = {{"a user acts; his next operation follows when this one is answered", .parts = {
        E(USER, user), E(VERB, verb), E(ITEM, item), E(VIEWS, amount, .min = 1, .max = KD_AMOUNT_MAX),
        E(EDGE, who, .word = "at")}}, SPAN_ONCE, SCENARIO_NOBODY},
    [SCENARIO_CUT] = {{"nothing passes, nothing is refused", .parts = {
        WORD("cut"), PROCESS, LINK}}, SPAN_LASTS, SCENARIO_NOBODY},
    [SCENARIO_FLAP] = {{"cut and healed in turn", .parts = {
        WORD("flap"), PROCESS, EVERY, LINK}}, SPAN_LASTS, SCENARIO_NOBODY},
    [SCENARIO_DELAY] = {{"everything takes longer", .parts = {
        WORD("delay"), PROCESS, LONG, E(SPREAD, spread_us, .max = DAYS(1)), LINK}}, SPAN_LASTS, SCENARIO_NOBODY},
    [SCENARIO_LOSS] = {{"of what is sent is lost", .parts = {
        WORD("lose"), PROCESS, SHARE, LINK}}, SPAN_LASTS, SCENARIO_NOBODY},
    [SCENARIO_BANDWIDTH] = {{"no more than that passes", .parts = {
        WORD("limit"), PROCESS, E(SIZE, amount, .unit = "/s", .min = 1, .max = 1ull << 40), LINK}}, SPAN_LASTS,
        SCENARIO_NOBODY},
    [SCENARIO_RESET] = {{"its connections break", .parts = {
        WORD("reset"), PROCESS, E(PEER, peer)}}, SPAN_ONCE, SCENARIO_NOBODY},
    [SCENARIO_ANSWERS_LOST] = {{"users do not hear what it answered", .parts = {
        WORD("lose"), WORD("answers"), WORD("of"), EDGE, SHARE}}, SPAN_LASTS, SCENARIO_NOBODY},
    [SCENARIO_KILL] = {{"kill -9; back afterwards", .parts = {
        WORD("kill"), ANYBODY}}, SPAN_RETURNS, SCENARIO_NOBODY},
    [SCENARIO_KAFKA_GONE] = {{"kill -9 of every broker; back afterwards", .parts = {
        WORD("kill"), WORD("all"), WORD("of"), WORD("kafka")}}, SPAN_RETURNS, SCENARIO_KAFKA},
    [SCENARIO_FENCE] = {{"Kafka takes nothing more from its producers: they are dead, others must be made", .parts = {
        WORD("fence"), PROCESS}}, SPAN_ONCE, SCENARIO_NOBODY},
    [SCENARIO_FREEZE] = {{"stopped, and continued afterwards", .parts = {
        WORD("freeze"), PROCESS}}, SPAN_LASTS, SCENARIO_NOBODY},
    [SCENARIO_RESTART] = {{"drained and started again", .parts = {
        WORD("restart"), PROCESS}}, SPAN_ONCE, SCENARIO_NOBODY},
    [SCENARIO_JOIN] = {{"a member of central starts, which did not run before", .parts = {
        WORD("join"), MEMBER}}, SPAN_ONCE, SCENARIO_NOBODY},
    [SCENARIO_BACKUP] = {{"its disk is copied as a crash would leave it", .parts = {
        WORD("back"), WORD("up"), PROCESS}}, SPAN_ONCE, SCENARIO_NOBODY},
    [SCENARIO_RESTORE] = {{"killed, its disk put back to the last such copy, back afterwards", .parts = {
        WORD("restore"), PROCESS}}, SPAN_RETURNS, SCENARIO_NOBODY},
    [SCENARIO_WIPE] = {{"killed, its disk emptied, back afterwards", .parts = {
        WORD("wipe"), PROCESS}}, SPAN_RETURNS, SCENARIO_NOBODY},
    [SCENARIO_RETIRE] = {{"central is told that it is gone for good: it waits for it no longer, and refuses what comes from it", .parts = {
        WORD("retire"), EDGE}}, SPAN_ONCE, SCENARIO_NOBODY},
    [SCENARIO_READMIT] = {{"central is told that it was not gone: it goes on where it was", .parts = {
        WORD("readmit"), EDGE}}, SPAN_ONCE, SCENARIO_NOBODY},
    [SCENARIO_CLOSE] = {{"an operator closes it: nothing counts that is stamped later", .parts = {
        WORD("close"), E(ITEM, item)}}, SPAN_ONCE, SCENARIO_CENTRAL},
    [SCENARIO_OPEN] = {{"an operator opens it: what is stamped later counts again", .parts = {
        WORD("open"), E(ITEM, item)}}, SPAN_ONCE, SCENARIO_CENTRAL},
    [SCENARIO_DELETE] = {{"an operator deletes it, with all that was counted of it, for good", .parts = {
        WORD("delete"), E(ITEM, item)}}, SPAN_ONCE, SCENARIO_CENTRAL},
    [SCENARIO_COPY] = {{"a copy of it runs beside it under the same name", .parts = {
        WORD("copy"), EDGE}}, SPAN_LASTS, SCENARIO_NOBODY},
    [SCENARIO_SECOND] = {{"a second one runs on a copy of its directory", .parts = {
        WORD("second"), WORD("central")}}, SPAN_LASTS, SCENARIO_CENTRAL},
    [SCENARIO_DISK_FULL] = {{"every write fails", .parts = {
        WORD("fill"), WORD("disk"), WORD("of"), PROCESS}}, SPAN_LASTS, SCENARIO_NOBODY},
    [SCENARIO_SYNC_FAILS] = {{"its next sync fails", .parts = {
        WORD("fail"), WORD("sync"), WORD("of"), PROCESS}}, SPAN_ONCE, SCENARIO_NOBODY},
    [SCENARIO_DISK_SLOW] = {{"a sync takes so long", .parts = {
        WORD("slow"), WORD("disk"), WORD("of"), PROCESS, LONG}}, SPAN_LASTS, SCENARIO_NOBODY},
    [SCENARIO_READS_FAIL] = {{"no read of its disk answers", .parts = {
        WORD("fail"), WORD("reads"), WORD("of"), EDGE}}, SPAN_LASTS, SCENARIO_NOBODY},
    [SCENARIO_CLOCK_STEP] = {{"by that much, forward or back", .parts = {
        WORD("step"), WORD("clock"), WORD("of"), PROCESS, E(SIGNED_DURATION, amount, .max = DAYS(1))}}, SPAN_LASTS,
        SCENARIO_NOBODY},
    [SCENARIO_CLOCK_DRIFT] = {{"parts per million, fast or slow", .parts = {
        WORD("drift"), WORD("clock"), WORD("of"), PROCESS, E(SIGNED, amount, .unit = "ppm", .max = 500000)}},
        SPAN_LASTS, SCENARIO_NOBODY},
    [SCENARIO_CLOCK_SWING] = {{"forward and back by that in turn", .parts = {
        WORD("swing"), WORD("clock"), WORD("of"), PROCESS, LONG, EVERY}}, SPAN_LASTS, SCENARIO_NOBODY},
    [SCENARIO_LOG_DUPLICATES] = {{"of what is appended is appended twice", .parts = {
        WORD("duplicate"), TOPIC, SHARE}}, SPAN_LASTS, SCENARIO_KAFKA},
    [SCENARIO_LOG_REDELIVERS] = {{"all readers go back by so many records", .parts = {
        WORD("redeliver"), TOPIC, RECORDS(1)}}, SPAN_ONCE, SCENARIO_KAFKA},
    [SCENARIO_LOG_TRUNCATED] = {{"the last records of every partition are gone", .parts = {
        WORD("truncate"), TOPIC, RECORDS(1)}}, SPAN_ONCE, SCENARIO_KAFKA},
    [SCENARIO_LOG_EXPIRED] = {{"all but the last records of every partition are gone", .parts = {
        WORD("expire"), TOPIC, RECORDS(0)}}, SPAN_ONCE, SCENARIO_KAFKA},
    [SCENARIO_LOG_RECREATED] = {{"deleted and created", .parts = {
        WORD("recreate"), TOPIC}}, SPAN_ONCE, SCENARIO_KAFKA},
    [SCENARIO_LOG_FORGED] = {{"somebody writes to the likes topic under its name, and names epochs of all sizes", .parts = {
        WORD("forge"), WORD("epochs"), WORD("of"), EDGE}}, SPAN_ONCE, SCENARIO_NOBODY},
    [SCENARIO_LOG_FORGED_AHEAD] = {{"somebody writes to the likes topic under its name, and names times days ahead", .parts = {
        WORD("forge"), WORD("times"), WORD("of"), EDGE}}, SPAN_ONCE, SCENARIO_NOBODY},
    [SCENARIO_VOID] = {{"an operator withdraws all that this user likes and saves", .parts = {
        WORD("void"), E(USER, user)}}, SPAN_ONCE, SCENARIO_CENTRAL},
    [SCENARIO_PUT_BACK] = {{"the operator puts back what his last void of this user withdrew", .parts = {
        WORD("put"), WORD("back"), E(USER, user)}}, SPAN_ONCE, SCENARIO_CENTRAL},
    [SCENARIO_ERASE] = {{"an operator withdraws all that this user has said, everywhere and for good", .parts = {
        WORD("erase"), E(USER, user)}}, SPAN_ONCE, SCENARIO_CENTRAL},
    [SCENARIO_IMPORT] = {{"an operator imports likes of an item, by users old-0, old-1..., or views of it; the same views once", .parts = {
        WORD("import"), E(NUMBER, amount, .min = 1, .max = SCENARIO_IMPORT_MAX), E(IMPORTED, counter), E(ITEM, item, .word = "of")}},
        SPAN_ONCE, SCENARIO_CENTRAL},
    [SCENARIO_ARM] = {{"kills itself at the N-th pass of a named point, counted from its next start; back afterwards", .parts = {
        WORD("arm"), PROCESS, E(POINT, point), E(NUMBER, amount, .min = 1, .max = 1000000)}}, SPAN_RETURNS, SCENARIO_NOBODY, true},
    [SCENARIO_AUDIT] = {{"its counts must be those of its members, while it runs", .parts = {
        WORD("audit"), WORD("central")}}, SPAN_ONCE, SCENARIO_CENTRAL, true},
    [SCENARIO_AUDIT_LEFT] = {{"killed, its directory audited as it was left, started again", .parts = {
        WORD("kill"), WORD("and"), WORD("audit"), WORD("central")}}, SPAN_ONCE, SCENARIO_CENTRAL, true},
    [SCENARIO_REHEARSE] = {{"a backup by command, restored into a place of its own and audited there", .parts = {
        WORD("rehearse"), WORD("restore"), WORD("of"), WORD("central")}}, SPAN_ONCE, SCENARIO_CENTRAL, true},
};

const sim_verb_word sim_scenario_verbs[] = {
    {"likes", KD_LIKE, SCENARIO_LIKE}, {"unlikes", KD_UNLIKE, SCENARIO_LIKE}, {"saves", KD_LIKE, SCENARIO_SAVE},
    {"unsaves", KD_UNLIKE, SCENARIO_SAVE}, {"views", KD_ADD, SCENARIO_VIEW},
};
/* clang-format on */
const size_t sim_scenario_verb_count = KD_COUNT(sim_scenario_verbs);
const kd_counters sim_scenario_counters = {.count = SCENARIO_COUNTERS,
                                           .at = {[SCENARIO_LIKE] = {"like", 1, KD_SET},
                                                  [SCENARIO_SAVE] = {"save", 2, KD_SET},
                                                  [SCENARIO_VIEW] = {"view", 3, KD_SUM}}};
const kd_thresholds sim_scenario_thresholds = {.count = 6, .at = {2, 3, 5, 8, 13, 30}};

uint32_t sim_form_prefix(const sim_form *f)
{
    uint32_t n = 0, count = sim_form_parts(f);
    while (n < count && f->parts[n].kind == PART_WORD) n++;
    return n;
}

static const char *part_shown(const sim_form_part *p)
{
    switch (p->kind) {
    case PART_NUMBER:
        return p->unit ? "N%" : "N";
    case PART_SIGNED:
        return "+-Nppm";
    case PART_REAL:
        return p->unit[0] ? "N/s" : "X.Y";
    case PART_YES:
        return "yes|no";
    case PART_BACKUPS:
        return "kept|none";
    case PART_TEXT:
        return "TEXT";
    case PART_EDGES:
        return "NAME...";
    case PART_MEMBERS:
        return "NAME[:ZONE]...";
    case PART_MEMBER:
        return "MEMBER";
    case PART_DURATION:
        return "TIME";
    case PART_SIGNED_DURATION:
        return "+-TIME";
    case PART_SPREAD:
        return "[+-TIME]";
    case PART_SIZE:
        return p->unit ? "SIZE/s" : "SIZE";
    case PART_EDGE:
        return "EDGE";
    case PART_PROCESS:
        return "EDGE|central|MEMBER|zone ZONE";
    case PART_ANYBODY:
        return "EDGE|central|kafka|MEMBER|zone ZONE";
    case PART_WAY:
        return "[up|down]";
    case PART_PEER:
        return "[from EDGE|central|kafka|MEMBER]";
    case PART_TOPIC:
        return "likes|counts";
    case PART_POINT:
        return "POINT";
    case PART_USER:
        return "USER";
    case PART_VERB:
        return "likes|unlikes|saves|unsaves|views";
    case PART_ITEM:
        return "ITEM";
    case PART_VIEWS:
        return "[N]";
    case PART_COUNTER:
        return "like|save|view";
    case PART_IMPORTED:
        return "likes|views";
    case PART_WORD:
        break;
    }
    return "";
}

void sim_form_put_syntax(const sim_form *f, kd_buf *out)
{
    for (uint32_t i = 0; i < sim_form_parts(f); i++) {
        const sim_form_part *p = &f->parts[i];
        bool optional = f->any_order && p->kind != PART_WORD && p->word != NULL;
        kd_text_printf(out, "%s%s%s%s%s%s", i == 0 ? "" : " ", optional ? "[" : "", p->word ? p->word : "",
                       p->word && p->kind != PART_WORD ? " " : "", part_shown(p), optional ? "]" : "");
    }
}

void sim_scenario_settle(sim_scenario_event *event)
{
    bool returns = sim_scenario_event_forms[event->kind].span == SPAN_RETURNS;
    if (returns && event->for_us == 0) event->for_us = 1000000;
}

const char *sim_scenario_kind_name(sim_scenario_kind kind)
{
    static const char *const names[SCENARIO_KINDS] = {
        [SCENARIO_OPERATION] = "operation",
        [SCENARIO_CUT] = "cut",
        [SCENARIO_FLAP] = "flap",
        [SCENARIO_DELAY] = "delay",
        [SCENARIO_LOSS] = "lose",
        [SCENARIO_BANDWIDTH] = "limit",
        [SCENARIO_RESET] = "reset",
        [SCENARIO_ANSWERS_LOST] = "lose answers",
        [SCENARIO_KILL] = "kill",
        [SCENARIO_KAFKA_GONE] = "kill all of kafka",
        [SCENARIO_FENCE] = "fence",
        [SCENARIO_FREEZE] = "freeze",
        [SCENARIO_RESTART] = "restart",
        [SCENARIO_JOIN] = "join",
        [SCENARIO_BACKUP] = "back up",
        [SCENARIO_RESTORE] = "restore",
        [SCENARIO_WIPE] = "wipe",
        [SCENARIO_RETIRE] = "retire",
        [SCENARIO_READMIT] = "readmit",
        [SCENARIO_CLOSE] = "close",
        [SCENARIO_OPEN] = "open",
        [SCENARIO_DELETE] = "delete",
        [SCENARIO_COPY] = "copy",
        [SCENARIO_SECOND] = "second central",
        [SCENARIO_DISK_FULL] = "fill disk",
        [SCENARIO_SYNC_FAILS] = "fail sync",
        [SCENARIO_DISK_SLOW] = "slow disk",
        [SCENARIO_READS_FAIL] = "fail reads",
        [SCENARIO_CLOCK_STEP] = "step clock",
        [SCENARIO_CLOCK_DRIFT] = "drift clock",
        [SCENARIO_CLOCK_SWING] = "swing clock",
        [SCENARIO_LOG_DUPLICATES] = "duplicate",
        [SCENARIO_LOG_REDELIVERS] = "redeliver",
        [SCENARIO_LOG_TRUNCATED] = "truncate",
        [SCENARIO_LOG_EXPIRED] = "expire",
        [SCENARIO_LOG_RECREATED] = "recreate",
        [SCENARIO_LOG_FORGED] = "forge epochs",
        [SCENARIO_LOG_FORGED_AHEAD] = "forge times",
        [SCENARIO_VOID] = "void",
        [SCENARIO_PUT_BACK] = "put back",
        [SCENARIO_ERASE] = "erase",
        [SCENARIO_IMPORT] = "import",
        [SCENARIO_ARM] = "arm",
        [SCENARIO_AUDIT] = "audit",
        [SCENARIO_AUDIT_LEFT] = "kill and audit",
        [SCENARIO_REHEARSE] = "rehearse restore",
    };
    return names[kind];
}

bool sim_scenario_simulated(sim_scenario_kind kind)
{
    return !sim_scenario_event_forms[kind].real_only;
}
