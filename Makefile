# Kudos. `make help` lists what there is to make; V=1 shows the commands.
BUILD    ?= build
CC       ?= gcc
DEBUG    ?= 0
SANITIZE ?=
PREFIX   ?= /usr/local

WARN    := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Werror
OPT     := $(if $(filter 1,$(DEBUG)),-O0,-O2)
CPPFLAGS += -D_GNU_SOURCE -Iinclude -I.
CFLAGS  += -std=gnu11 $(OPT) -g -fno-omit-frame-pointer $(WARN) -MMD -MP
ifneq ($(SANITIZE),)
BUILD   := $(BUILD)/$(SANITIZE)
CFLAGS  += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all
LDFLAGS += -fsanitize=$(SANITIZE)
endif
ifneq ($(V),1)
Q := @
say = @printf '  %-6s %s\n' '$(1)' '$(2)'
endif

sources = $(sort $(foreach d,$(1),$(wildcard $(d)/*.c)))
objects = $(patsubst %.c,$(BUILD)/%.o,$(call sources,$(1)))

COMMON_CORE  := $(BUILD)/libkudos_common_core.a
EDGE_CORE    := $(BUILD)/libkudos_edge_core.a
CENTRAL_CORE := $(BUILD)/libkudos_central_core.a
IO           := $(BUILD)/libkudos_io.a
CORES        := $(EDGE_CORE) $(CENTRAL_CORE) $(COMMON_CORE)

# The cores need a hash and msgpack, and nothing else; tests/purity proves it.
CORE_LIBS := -lxxhash -lmsgpackc
IO_LIBS   := -lnghttp2 -levent -levent_openssl -levent_pthreads -lssl -lcrypto -lleveldb -lrdkafka -ljansson -linih \
             -lsodium -lz -lpthread
PROGRAMS  := $(BUILD)/kudos-edge $(BUILD)/kudos-central $(BUILD)/kudos-sim

.DEFAULT_GOAL := all
.PHONY: all
all: $(PROGRAMS)

$(BUILD)/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@

define archive
$(1): $(call objects,$(2))
	$$(call say,AR,$$@)
	@rm -f $$@
	$$(Q)ar rcs $$@ $$^
endef
$(eval $(call archive,$(COMMON_CORE),common))
$(eval $(call archive,$(EDGE_CORE),edge/core))
$(eval $(call archive,$(CENTRAL_CORE),central/core))
$(eval $(call archive,$(IO),common/io))

# The tools without their main, for the unit tests.
SIM := $(BUILD)/libkudos_sim.a
$(SIM): $(filter-out $(BUILD)/sim/main.o,$(call objects,sim))
	$(call say,AR,$@)
	@rm -f $@
	$(Q)ar rcs $@ $^

define program
$(1): $(2) | $(BUILD)
	$$(call say,LINK,$$@)
	$$(Q)$(CC) $(LDFLAGS) $$^ $(3) -o $$@
endef
$(eval $(call program,$(BUILD)/kudos-edge,$(call objects,edge/io) $(IO) $(EDGE_CORE) $(COMMON_CORE),$(IO_LIBS) $(CORE_LIBS)))
$(eval $(call program,$(BUILD)/kudos-central,$(call objects,central/io) $(IO) $(CENTRAL_CORE) $(COMMON_CORE),$(IO_LIBS) $(CORE_LIBS)))
$(eval $(call program,$(BUILD)/kudos-sim,$(call objects,sim) $(IO) $(CORES),$(IO_LIBS) $(CORE_LIBS) -lm))
$(eval $(call program,$(BUILD)/unit-tests,$(call objects,tests/unit tests/lib) $(SIM) $(CORES) $(IO) $(COMMON_CORE),-lcriterion $(IO_LIBS) $(CORE_LIBS) -lm))
$(eval $(call program,$(BUILD)/http-echo,$(BUILD)/tests/integration/http_echo.o $(IO) $(COMMON_CORE),$(IO_LIBS) $(CORE_LIBS)))
$(eval $(call program,$(BUILD)/feed,$(BUILD)/tests/integration/feed.o $(IO) $(COMMON_CORE),$(IO_LIBS) $(CORE_LIBS)))
$(eval $(call program,$(BUILD)/kafka-probe,$(BUILD)/tests/integration/kafka_probe.o $(BUILD)/sim/broker.o $(IO) $(COMMON_CORE),$(IO_LIBS) $(CORE_LIBS)))
$(eval $(call program,$(BUILD)/model-test,$(call objects,tests/model tests/lib) $(CORES),$(CORE_LIBS) -lm))

$(BUILD):
	@mkdir -p $@

.PHONY: clean
clean:
	$(Q)rm -rf $(BUILD) run

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
