# Kudos. `make help` lists what there is to make; V=1 shows the commands.
BUILD    ?= build
CC       ?= gcc
DEBUG    ?= 0
SANITIZE ?=
PLANT    ?=
POINTS   ?=
PREFIX   ?= /usr/local
MINUTES  ?= 1

WARN    := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Werror
OPT     := $(if $(filter 1,$(DEBUG)),-O0,-O2)
CPPFLAGS += -D_GNU_SOURCE -Iinclude -I.
# Frame pointers cost 4 % of a request's instructions; a sanitizer's report is made by them. perf and gdb have -g.
FRAMES  := $(if $(filter 1,$(DEBUG))$(SANITIZE),-fno-omit-frame-pointer)
CFLAGS  += -std=gnu11 $(OPT) -g $(FRAMES) $(WARN) -MMD -MP
# Objects of different flags do not mix: a variant has a folder of its own. A make started by this one may get the folder as it is.
VARIANT := $(if $(filter 1,$(DEBUG)),debug-)$(if $(filter 1,$(POINTS)),points-)$(if $(PLANT),plant-$(PLANT)-)$(SANITIZE)
VARIANT := $(patsubst %-,%,$(VARIANT))
PLAIN   := $(patsubst %-,%,$(if $(filter 1,$(DEBUG)),debug-)$(SANITIZE))
ROOT    := $(if $(VARIANT),$(patsubst %/$(VARIANT),%,$(BUILD)),$(BUILD))
override BUILD := $(ROOT)$(if $(VARIANT),/$(VARIANT))
# What does not ask for points or plants is compiled once, for all variants that differ in these alone.
SHARED  := $(ROOT)$(if $(PLAIN),/$(PLAIN))
ifneq ($(SANITIZE),)
CFLAGS  += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all
LDFLAGS += -fsanitize=$(SANITIZE)
endif
ifeq ($(POINTS),1)
VARIED += -DKUDOS_POINTS
endif
# A rule broken on purpose, compiled into the daemons: a name of kd_edge_plant or kd_central_plant, or NO_SYNC.
ifneq ($(PLANT),)
PLANT_SIDE := $(strip $(if $(filter NO_SYNC,$(PLANT)),SHELL,$(foreach side,edge central,$(if $(shell grep -w KD_PLANT_$(PLANT) include/kudos/$(side).h),$(side)))))
$(if $(PLANT_SIDE),,$(error PLANT=$(PLANT) is no planted bug; include/kudos/edge.h and central.h list them, NO_SYNC besides))
VARIED += -DKUDOS_PLANT_$(PLANT) $(if $(filter edge,$(PLANT_SIDE)),-DKUDOS_EDGE_PLANT=KD_PLANT_$(PLANT)) \
          $(if $(filter central,$(PLANT_SIDE)),-DKUDOS_CENTRAL_PLANT=KD_PLANT_$(PLANT))
endif
VARYING := $(if $(VARIED),$(shell grep -rlE 'KD_POINT|KUDOS_(POINTS|PLANT_|EDGE_PLANT|CENTRAL_PLANT)' --include=*.c common edge central sim))
ifneq ($(V),1)
Q := @
say = @printf '  %-6s %s\n' '$(1)' '$(2)'
endif

sources = $(sort $(foreach d,$(1),$(wildcard $(d)/*.c)))
# The rooms of a house: all folders below it that hold sources.
rooms   = $(sort $(patsubst %/,%,$(dir $(wildcard $(foreach d,$(1),$(d)/*.c $(d)/*/*.c $(d)/*/*/*.c)))))
object  = $(patsubst %.c,$(if $(filter $(1),$(VARYING)),$(BUILD),$(SHARED))/%.o,$(1))
objects = $(foreach s,$(call sources,$(1)),$(call object,$(s)))

COMMON_CORE  := $(SHARED)/libkudos_common_core.a
EDGE_CORE    := $(SHARED)/libkudos_edge_core.a
CENTRAL_CORE := $(SHARED)/libkudos_central_core.a
IO           := $(BUILD)/libkudos_io.a
CORES        := $(EDGE_CORE) $(CENTRAL_CORE) $(COMMON_CORE)

# The cores need a hash and msgpack, and nothing else; tests/purity proves it.
CORE_LIBS := -lxxhash -lmsgpackc
IO_LIBS   := -lnghttp2 -levent -levent_openssl -levent_pthreads -lssl -lcrypto -lleveldb -lrdkafka -lcurl \
             -ljansson -lsodium -lz -lpthread
PROGRAMS  := $(BUILD)/kudos-edge $(BUILD)/kudos-central $(BUILD)/kudos-sim
# Preloaded by drills: a kill becomes a power cut.
POWERCUT  := $(BUILD)/libkudos_powercut.so
# Preloaded beside libfaketime: waits that it does not know.
WAITS     := $(BUILD)/libkudos_waits.so
# Preloaded by tests: a Kafka client whose end hangs.
KAFKA_HANG := $(BUILD)/libkudos_kafka_hang.so
# ... and a name server that does not answer.
NAMES_HANG := $(BUILD)/libkudos_names_hang.so

.DEFAULT_GOAL := all
.PHONY: all
all: $(PROGRAMS) $(POWERCUT) $(WAITS)
	@:

$(SHARED)/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@

ifneq ($(VARYING),)
$(patsubst %.c,$(BUILD)/%.o,$(VARYING)): $(BUILD)/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(VARIED) $(CFLAGS) -c $< -o $@
endif

# Tokens need OpenSSL, jansson and libsodium: beside the I/O, so that the cores' archives stay free of libraries.
IO_ROOMS     := $(call rooms,common/io common/jwt)
COMMON_ROOMS := $(filter-out $(IO_ROOMS),$(call rooms,common))

define archive
$(1): $(call objects,$(2))
	$$(call say,AR,$$@)
	@rm -f $$@
	$$(Q)ar rcs $$@ $$^
endef
$(eval $(call archive,$(COMMON_CORE),$(COMMON_ROOMS)))
$(eval $(call archive,$(EDGE_CORE),edge/core))
$(eval $(call archive,$(CENTRAL_CORE),central/core))
$(eval $(call archive,$(IO),$(IO_ROOMS)))

# What the playground serves is part of kudos-sim: its page, and the client for pages as it stands in the tree.
ASSETS := $(sort $(wildcard sim/playground/page/* $(addprefix sdk/js/src/,*.js */*.js)))
EMBEDDED := $(SHARED)/sim/playground/embedded
$(EMBEDDED).c: sim/playground/embed.sh $(ASSETS)
	$(call say,EMBED,$@)
	@mkdir -p $(@D)
	$(Q)sh $< $(ASSETS) >$@
$(EMBEDDED).o: $(EMBEDDED).c
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@

# The tools without their main, for the unit tests.
SIM_ROOMS := $(filter-out sim/preload,$(call rooms,sim))
SIM := $(BUILD)/libkudos_sim.a
$(SIM): $(filter-out $(SHARED)/sim/commands/main.o,$(call objects,$(SIM_ROOMS))) $(EMBEDDED).o
	$(call say,AR,$@)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(POWERCUT): sim/preload/powercut.c
$(WAITS): sim/preload/waits.c
$(KAFKA_HANG): tests/preload/kafka_hang.c
$(NAMES_HANG): tests/preload/names_hang.c
$(POWERCUT) $(WAITS) $(KAFKA_HANG) $(NAMES_HANG): | $(BUILD)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CPPFLAGS) -std=gnu11 -O2 -g $(WARN) -shared -fPIC $< -ldl -o $@

# librdkafka's threads, as ThreadSanitizer knows them.
SHIM := $(if $(filter thread,$(SANITIZE)),$(BUILD)/tests/thread/c11_threads.o)
define program
$(1): $(2) $(SHIM) | $(BUILD)
	$$(call say,LINK,$$@)
	$$(Q)$(CC) $(LDFLAGS) $$^ $(3) -o $$@
endef
$(eval $(call program,$(BUILD)/kudos-edge,$(call objects,$(call rooms,edge/io)) $(IO) $(EDGE_CORE) $(COMMON_CORE),$(IO_LIBS) $(CORE_LIBS)))
$(eval $(call program,$(BUILD)/kudos-central,$(call objects,$(call rooms,central/io)) $(IO) $(CENTRAL_CORE) $(COMMON_CORE),$(IO_LIBS) $(CORE_LIBS)))
$(eval $(call program,$(BUILD)/kudos-sim,$(SHARED)/sim/commands/main.o $(SIM) $(IO) $(CORES),$(IO_LIBS) $(CORE_LIBS) -lm))
$(eval $(call program,$(BUILD)/unit-tests,$(call objects,$(call rooms,tests/unit) tests/lib) $(SIM) $(CORES) $(IO) $(COMMON_CORE),-lcriterion $(IO_LIBS) $(CORE_LIBS) -lm))
$(eval $(call program,$(BUILD)/http-echo,$(SHARED)/tests/integration/http_echo.o $(IO) $(COMMON_CORE),$(IO_LIBS) $(CORE_LIBS)))
$(eval $(call program,$(BUILD)/feed,$(SHARED)/tests/integration/feed.o $(IO) $(COMMON_CORE),$(IO_LIBS) $(CORE_LIBS)))
$(eval $(call program,$(BUILD)/kafka-probe,$(SHARED)/tests/integration/kafka_probe.o $(SHARED)/sim/kafka/broker.o $(IO) $(COMMON_CORE),$(IO_LIBS) $(CORE_LIBS)))
$(eval $(call program,$(BUILD)/bench-puts,$(SHARED)/tests/bench/bench_puts.o $(IO) $(COMMON_CORE),$(IO_LIBS) $(CORE_LIBS)))
$(eval $(call program,$(BUILD)/bench-keys,$(SHARED)/tests/bench/bench_keys.o $(IO) $(COMMON_CORE),$(IO_LIBS) $(CORE_LIBS)))
$(eval $(call program,$(BUILD)/bench-merge,$(SHARED)/tests/bench/bench_merge.o $(IO) $(CENTRAL_CORE) $(COMMON_CORE),$(IO_LIBS) $(CORE_LIBS)))
$(eval $(call program,$(BUILD)/bench-members,$(SHARED)/tests/bench/bench_members.o $(CENTRAL_CORE) $(COMMON_CORE),$(CORE_LIBS)))
$(eval $(call program,$(BUILD)/bench-far,$(SHARED)/tests/bench/bench_far.o $(SIM) $(IO) $(CORES),$(IO_LIBS) $(CORE_LIBS) -lm))

# Another parser of HTTP/1.1, which fuzz_h1 holds ours against; no program uses it.
SECOND_OPINION := -lhttp_parser
# The fuzz targets over what is kept of their corpora, by any compiler.
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
$(BUILD)/replayed/fuzz_%.o: tests/fuzz/fuzz_%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -DLLVMFuzzerTestOneInput=fuzz_$* -c $< -o $@
$(eval $(call program,$(BUILD)/fuzz-replay,$(BUILD)/tests/fuzz/replay.o $(patsubst %,$(BUILD)/replayed/%.o,$(FUZZERS)) $(call objects,tests/lib) \
	$(addprefix $(BUILD)/,edge/io/daemon/settings.o edge/io/upstream/central_words.o central/io/daemon/settings.o central/io/daemon/settings_life.o central/io/daemon/settings_member.o) $(SIM) $(EDGE_CORE) $(CENTRAL_CORE) $(IO) $(COMMON_CORE),$(IO_LIBS) $(CORE_LIBS) -lm $(SECOND_OPINION)))

# Allocations of our own code, failed one after the other.
ALLOCATORS := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
$(eval $(call program,$(BUILD)/alloc-failure,$(call objects,tests/fault tests/lib) $(BUILD)/edge/io/daemon/settings.o $(SIM) $(EDGE_CORE) $(CENTRAL_CORE) $(IO) $(COMMON_CORE),$(ALLOCATORS) $(IO_LIBS) $(CORE_LIBS) -lm))

$(BUILD):
	@mkdir -p $@

# Where this variant's programs land.
.PHONY: where
where:
	@echo $(BUILD)

# ---- what people type ---------------------------------------------------------------------------------------------

# Unless the caller said -j himself.
JOBS   = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))
TESTS := $(addprefix $(BUILD)/,unit-tests http-echo feed kafka-probe loop-tsan limiter-tsan alloc-failure fuzz-replay libkudos_kafka_hang.so libkudos_names_hang.so)
# The demo and the tests install what is missing, by name; `make all` leaves the machine alone.
DEPS   = $(Q)sh .ci/install

.PHONY: help demo demo-stop test test-long test-programs torture failover bench bench-long bench-programs capacity check fuzz keep-corpora lint fmt sdk docs install uninstall clean
help:
	@echo 'make all         the programs, in $(BUILD)/'
	@echo 'make demo        a broker, central and three edges, driven and checked; REPLAY=FILE SPREAD= KAFKA=embedded|real'
	@echo '                 KEEP=1 PORT_BASE= (sim/demo.sh tells more); make demo-stop ends one that was kept'
	@echo 'make test        all tests in their short form; make test-long the long one'
	@echo 'make torture     kill -9 at named points of the real programs, proved after each round; MINUTES=1 SEED=1 KAFKA=embedded|real'
	@echo 'make failover    centrals as a group, edges and brokers die under likes; KAFKA=embedded|real MINUTES=1 KILLS= LIKES=2000 SEED=1'
	@echo 'make check       unit tests, kept corpora, failing allocations and a hunt, under SANITIZE=address,undefined;'
	@echo '                 make test SANITIZE=address,undefined (or thread, STAGES=) runs everything so'
	@echo 'make capacity    what members of central cost as likes, edges, partitions and members grow: measured on real Kafka, computed beyond'
	@echo 'make bench       speed beside a peer, as ratios; BENCH="--only likes,reads"; make bench-long large stores and an hour of load'
	@echo 'make fuzz        every fuzzer for MINUTES=1; CONTRIBUTING.md says what to do with a finding'
	@echo 'make lint, fmt   formatting, names, circles of calls, cppcheck, clang-tidy; formats'
	@echo 'make sdk         the client for pages (sdk/js) as one publishes it, in $(BUILD)/sdk'
	@echo 'make docs        docs/configuration.md, from what the programs say'
	@echo 'make install     programs and example configurations below PREFIX=$(PREFIX); make uninstall removes them'
	@echo 'variants: DEBUG=1 SANITIZE=address|undefined|thread PLANT=NAME POINTS=1 V=1 BUILD=DIR'

demo:
	$(DEPS) $(if $(filter real,$(KAFKA)),test,build)
	$(Q)$(MAKE) --no-print-directory $(JOBS) all
	$(Q)exec env BUILD=$(BUILD) bash sim/demo.sh
demo-stop:
	$(Q)bash sim/demo.sh stop

test-programs:
	$(DEPS) test
	$(Q)$(MAKE) --no-print-directory $(JOBS) all $(TESTS)
test test-long: test-programs
	$(Q)exec env BUILD=$(BUILD) python3 tests/run.py $(if $(filter test-long,$@),--long) $(STAGES)

# Points are compiled in: programs of their own, in $(BUILD)/points.
torture:
	$(DEPS) $(if $(filter real,$(KAFKA)),test,build)
	$(Q)$(MAKE) --no-print-directory $(JOBS) POINTS=1 run-torture
.PHONY: run-torture
run-torture: all
	$(Q)$(BUILD)/kudos-sim torture --minutes $(MINUTES) --seed $(or $(SEED),1) --kafka $(or $(KAFKA),embedded)

# Three centrals, three edges; members, edges and (real) brokers die under likes. By Debian's python3, which has its packages, whatever else the machine has.
failover:
	$(DEPS) test
	$(Q)$(MAKE) --no-print-directory $(JOBS) all
	$(Q)BUILD=$(BUILD) /usr/bin/python3 tests/failover.py --kafka $(or $(KAFKA),embedded) --minutes $(MINUTES) --seed $(or $(SEED),1) \
		$(if $(KILLS),--kills $(KILLS)) $(if $(LIKES),--likes $(LIKES))

# BENCH='--only likes --repeats 5' measures less, or longer.
bench-programs:
	$(DEPS) test
	$(DEPS) bench
	$(Q)$(MAKE) --no-print-directory $(JOBS) all $(addprefix $(BUILD)/bench-,puts keys merge far members)

# CAPACITY='--seconds 5 --steps 0,4' measures less.
capacity: bench-programs
	$(Q)$(BUILD)/bench-members
	$(Q)BUILD=$(BUILD) python3 tests/capacity.py $(CAPACITY)

bench: bench-programs
	$(Q)BUILD=$(BUILD) python3 tests/bench/bench.py $(BENCH)

bench-long: bench-programs
	$(Q)BUILD=$(BUILD) python3 tests/bench/bench.py --long $(BENCH)

check:
	$(DEPS) test
	$(Q)$(MAKE) --no-print-directory $(JOBS) SANITIZE=address,undefined sanitized-check
# Criterion takes a test that leaks for a passing one; tests/run.py finds what the sanitizers have written.
.PHONY: sanitized-check
sanitized-check: $(addprefix $(BUILD)/,unit-tests fuzz-replay alloc-failure kudos-sim)
	$(Q)BUILD=$(BUILD) python3 tests/run.py unit corpora memory
	$(Q)$(BUILD)/kudos-sim hunt --minutes 1 --first 1 --out $(BUILD)/hunted

# Threads meet in the loop's inbox: a plain program, since Criterion does not run under ThreadSanitizer.
TSAN_SOURCES := $(call sources,$(COMMON_ROOMS)) $(addprefix common/io/,loop/loop.c loop/timer.c loop/clock.c loop/countdown.c loop/log.c)
$(BUILD)/loop-tsan: tests/thread/loop_tsan.c $(TSAN_SOURCES) | $(BUILD)
	$(call say,TSAN,$@)
	$(Q)$(CC) $(CPPFLAGS) -std=gnu11 -O1 -g -fsanitize=thread $^ -levent -levent_pthreads $(CORE_LIBS) -lpthread -o $@

# Where shards meet at the users' limits.
LIMITER_SOURCES := edge/io/shard/limiter.c $(addprefix edge/core/,rate.c rate_rules.c fast_list.c)
$(BUILD)/limiter-tsan: tests/thread/limiter_tsan.c $(LIMITER_SOURCES) $(call sources,$(COMMON_ROOMS)) | $(BUILD)
	$(call say,TSAN,$@)
	$(Q)$(CC) $(CPPFLAGS) -std=gnu11 -O1 -g -fsanitize=thread $^ -lsodium $(CORE_LIBS) -lpthread -o $@

# libFuzzer over everything that parses foreign bytes; corpora begin as those kept and grow in $(BUILD)/corpus.
fuzz:
	$(DEPS) tools
	$(Q)$(MAKE) --no-print-directory $(JOBS) $(BUILD)/fuzz-replay
	$(Q)$(MAKE) --no-print-directory $(addprefix run-,$(FUZZERS))
# An input that a fuzzer ends with is $(FINDINGS)/NAME-crash-..., -timeout-... or alike, for fuzz_NAME.
FINDINGS := $(BUILD)/findings
grown = mkdir -p $(FINDINGS) $(BUILD)/corpus/$*; test ! -e tests/fuzz/corpus/$*.pack || \
	$(BUILD)/fuzz-replay --unpack tests/fuzz/corpus/$*.pack $(BUILD)/corpus/$*
# What the corpora in $(BUILD) have grown to, with as few inputs as reach the same, into tests/fuzz/corpus.
keep-corpora: $(addprefix keep-,$(FUZZERS))
keep-fuzz_%: $(BUILD)/fuzz_% $(BUILD)/fuzz-replay
	$(Q)$(grown)
	@rm -rf $(BUILD)/kept/$* && mkdir -p $(BUILD)/kept/$* tests/fuzz/corpus
	$(Q)$< -merge=1 -max_len=$(or $(MAX_LEN),512) -artifact_prefix=$(FINDINGS)/$*- $(BUILD)/kept/$* $(BUILD)/corpus/$* \
		>$<.log 2>&1 || { tail -n 12 $<.log; exit 1; }
	$(Q)$(BUILD)/fuzz-replay --pack tests/fuzz/corpus/$*.pack $(BUILD)/kept/$*
FUZZED := $(BUILD)/fuzzed/libkudos_fuzzed.a
FUZZ_FLAGS := -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all
$(BUILD)/fuzzed/%.o: %.c
	$(call say,FUZZ,$<)
	@mkdir -p $(@D)
	$(Q)clang $(CPPFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@
FUZZED_SOURCES := $(call sources,$(COMMON_ROOMS) $(IO_ROOMS) edge/core central/core sim/scenario tests/lib) \
	$(addprefix edge/io/,daemon/settings.c upstream/central_words.c) central/io/daemon/settings.c central/io/daemon/settings_life.c central/io/daemon/settings_member.c \
	$(addprefix sim/,world/disk.c world/rows.c users/names.c replay/replay_log.c drill/proxy_kafka.c)
$(FUZZED): $(patsubst %.c,$(BUILD)/fuzzed/%.o,$(FUZZED_SOURCES))
	@rm -f $@
	$(Q)ar rcs $@ $^
$(BUILD)/fuzz_%: $(BUILD)/fuzzed/tests/fuzz/fuzz_%.o $(FUZZED) | $(BUILD)
	$(Q)clang $(FUZZ_FLAGS) -fsanitize=fuzzer $^ $(IO_LIBS) $(CORE_LIBS) $(SECOND_OPINION) -o $@
.PRECIOUS: $(BUILD)/fuzz_% $(BUILD)/fuzzed/%.o
run-fuzz_%: $(BUILD)/fuzz_% $(BUILD)/fuzz-replay
	$(Q)$(grown)
	$(Q)$< -max_total_time=$$(awk 'BEGIN { print int($(MINUTES) * 60) + 1 }') -print_final_stats=1 -timeout=10 \
		-rss_limit_mb=2048 -artifact_prefix=$(FINDINGS)/$*- $(BUILD)/corpus/$* >$<.log 2>&1; \
		status=$$?; tail -n 12 $<.log; exit $$status

HOUSE = common edge central sim include tests
OWN   = $(shell find $(HOUSE) -name '*.[ch]')
# A file that passed clang-tidy leaves a stamp, and is checked again when it, a header of it (then its object is new as well) or .clang-tidy has changed.
# The analyzer takes minutes for all files, so `make lint` leaves it out; `make tidy ANALYZE=1` runs it.
TIDIED_IN := $(SHARED)/$(if $(ANALYZE),analyzed,tidied)
TIDIED := $(patsubst %.c,$(TIDIED_IN)/%.ok,$(call sources,$(call rooms,common edge central sim)))
$(TIDIED_IN)/sim/preload/%.ok: sim/preload/%.c .clang-tidy
	$(tidy)
$(TIDIED_IN)/%.ok: %.c $(SHARED)/%.o .clang-tidy
	$(tidy)
define tidy
	$(call say,TIDY,$<)
	@mkdir -p $(@D)
	$(Q)clang-tidy --quiet $(if $(ANALYZE),,--checks='-clang-analyzer-*') $< -- $(CPPFLAGS) -std=gnu11 >$@.log 2>&1 || { cat $@.log; exit 1; }
	@mv $@.log $@
endef
.PHONY: tidy
tidy: $(TIDIED)
	@:
# cppcheck reads no header of the system, and must know the loops over lists.
LISTS = /usr/include/$(shell $(CC) -print-multiarch)/sys/queue.h
lint:
	$(DEPS) tools
	$(Q)$(MAKE) --no-print-directory $(JOBS) all
	$(Q)clang-format --dry-run -Werror $(OWN)
	$(Q)BUILD=$(BUILD) python3 tests/lint/house.py
	$(Q)cppcheck --quiet --std=c11 --enable=warning,performance,portability --error-exitcode=1 --inline-suppr \
		--suppress=missingIncludeSystem --suppress=unknownMacro -D__GNUC__ -Iinclude -I. $(addprefix --include=,$(LISTS)) common edge central sim
	$(Q)$(MAKE) --no-print-directory $(JOBS) tidy
fmt:
	$(DEPS) tools
	$(Q)clang-format -i $(OWN)

# What one publishes of sdk/js: $(BUILD)/sdk/kudos-client-VERSION.tgz. The tools (npm, versions and digests in package-lock.json) stay in $(BUILD).
SDK := $(BUILD)/sdk
$(SDK)/installed: sdk/js/package.json sdk/js/package-lock.json sdk/js/.npmrc
	$(call say,NPM,$@)
	@mkdir -p $(SDK) && cp $^ $(SDK)
	$(Q)cd $(SDK) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null && touch installed
sdk: $(SDK)/installed
	@cd $(SDK) && rm -rf src types dist *.tgz
	@cp -r LICENSE $(addprefix sdk/js/,package.json build.mjs README.md src types) $(SDK)
	$(Q)cd $(SDK) && npm pack --silent --loglevel=error

docs: all
	$(Q)BUILD=$(BUILD) python3 tests/integration/test_docs.py --write

install: all
	$(Q)install -D -t $(DESTDIR)$(PREFIX)/bin $(PROGRAMS)
	$(Q)install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/kudos configs/*.conf

uninstall:
	$(Q)rm -f $(addprefix $(DESTDIR)$(PREFIX)/bin/,$(notdir $(PROGRAMS))) $(addprefix $(DESTDIR)$(PREFIX)/share/doc/kudos/,$(notdir $(wildcard configs/*.conf)))
	$(Q)rmdir $(DESTDIR)$(PREFIX)/share/doc/kudos 2>/dev/null || true

clean: demo-stop
	$(Q)rm -rf $(BUILD) run

-include $(shell find $(sort $(SHARED) $(BUILD)) -name '*.d' 2>/dev/null)
