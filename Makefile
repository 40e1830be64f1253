# pam_agent: `make help` names the targets. Everything built lies in build/.
.DEFAULT_GOAL := all

# --- packages --------------------------------------------------------------------------------------------------
BUILD_PACKAGES := gcc make pkg-config libc6-dev linux-libc-dev libpam0g-dev libssl-dev libjansson-dev libcdb-dev libmd-dev \
                  libseccomp-dev libconfuse-dev check sudo
TEST_PACKAGES  := openssh-server openssh-client libpam-modules libpam-runtime passwd iproute2 util-linux procps strace valgrind \
                  cppcheck shellcheck jq tinycdb binutils at cron screen tmux opendoas pamtester openssl perl \
                  python3-paramiko python3-asyncssh dropbear-bin mmdebstrap

deps:
	@if command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $(BUILD_PACKAGES) $(TEST_PACKAGES) >/dev/null; \
	else \
	    echo 'Install with the package manager of this system: a C compiler, GNU make, pkg-config, the development files of'; \
	    echo 'Linux-PAM, OpenSSL, jansson, libseccomp, tinycdb (static), libmd (static), libconfuse, Check, and sudo (for sudo_plugin.h);'; \
	    echo 'for the tests also sshd, iproute2, util-linux, strace, valgrind, cppcheck, shellcheck, jq.'; exit 1; \
	fi

# The npm package jose, by its hash, which makes and reads tokens as we do: where npm is there.
others:
	@if command -v npm >/dev/null; then \
	    mkdir -p build/npm && cp tests/conformance/package.json tests/conformance/package-lock.json build/npm/ && \
	    npm ci --prefix build/npm --no-audit --no-fund --silent >/dev/null || echo 'others: npm cannot install jose'; \
	else echo 'others: no npm; what needs jose is skipped'; fi

# What can be built is looked up when make starts: with `deps`, the other targets get a make of their own after it.
ifneq ($(filter deps,$(MAKECMDGOALS)),)
$(filter-out deps,$(MAKECMDGOALS)): deps
	@$(MAKE) --no-print-directory -j$$(nproc 2>/dev/null || echo 1) $@
.PHONY: deps $(filter-out deps,$(MAKECMDGOALS))
else

VERSION    := 0.2.0
PREFIX     ?= /usr/local
DESTDIR    ?=
CC         ?= cc
AR         ?= ar
B          := build
comma      := ,

# Where the host programs look for plug-ins.
MULTIARCH  := $(or $(shell $(CC) -print-multiarch 2>/dev/null),$(shell uname -m)-linux-gnu)
PAMDIR     ?= $(firstword $(wildcard /lib/$(MULTIARCH)/security /lib64/security /usr/lib/security) /lib/security)
NSSDIR     ?= $(firstword $(wildcard /lib/$(MULTIARCH) /lib64) /lib)
SUDODIR    ?= $(firstword $(wildcard /usr/libexec/sudo /usr/lib/sudo) /usr/libexec/sudo)
BINDIR     := $(PREFIX)/bin
SBINDIR    := $(PREFIX)/sbin
LIBEXECDIR := $(PREFIX)/libexec/pam_agent
DATADIR    := $(PREFIX)/share/pam_agent
MANDIR     := $(PREFIX)/share/man
UNITDIR    := $(PREFIX)/lib/systemd/system

# Hardening: each flag where compiler and linker take it.
takes       = $(shell printf 'int main(void){return 0;}' | $(CC) -Werror -O2 $(1) -x c -o /dev/null - >/dev/null 2>&1 && echo '$(1)')
ifndef HARDEN_PROBED
HARDEN_PROBED := 1
HARDEN_C   := $(call takes,-fstack-protector-strong) $(call takes,-fstack-clash-protection) $(call takes,-fcf-protection) \
              $(call takes,-fno-strict-overflow) $(call takes,-fno-delete-null-pointer-checks)
HARDEN_L   := $(call takes,-Wl$(comma)-z$(comma)relro) $(call takes,-Wl$(comma)-z$(comma)now) $(call takes,-Wl$(comma)-z$(comma)noexecstack)
export HARDEN_PROBED HARDEN_C HARDEN_L
endif

SANITIZE   ?=
FORTIFY    := $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2)
WARN       := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wwrite-strings -Wpointer-arith
OPT        ?= -O2 -g
DEFS       := -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -DPREFIX='"$(PREFIX)"' -DLIBEXECDIR='"$(LIBEXECDIR)"' -DSUDODIR='"$(SUDODIR)"' \
              -DPAMDIR='"$(PAMDIR)"' -DNSSDIR='"$(NSSDIR)"'
COMPILE     = $(CC) -std=gnu11 -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections $(WARN) $(OPT) $(FORTIFY) $(HARDEN_C) $(SANITIZE) $(DEFS) $(CPPFLAGS) $(CFLAGS) -Icommon -I. -MMD -MP
LINK_EXE    = $(CC) -pie $(HARDEN_L) $(SANITIZE) $(LDFLAGS) -Wl,--gc-sections
LINK_PLUGIN = $(CC) -shared $(if $(SANITIZE),,-nostartfiles) $(HARDEN_L) $(SANITIZE) $(LDFLAGS) -Wl,-z,nodelete $(if $(SANITIZE),,-Wl$(comma)-z$(comma)defs)

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-5s %s\n' $(1) $(2)
endif

# --- what is built ---------------------------------------------------------------------------------------------
O       := $(B)/obj
objects  = $(patsubst %.c,$(O)/%.o,$(wildcard $(1)/*.c))

CORE  := $(O)/common/core.a
ASK   := $(O)/common/ask.a
JUDGE := $(O)/common/judge.a
LIVE  := $(O)/common/live.a
TRUST := $(O)/common/trust.a
ALL   := $(TRUST) $(LIVE) $(JUDGE) $(ASK) $(CORE)

CDB       := -Wl,-Bstatic -lcdb -Wl,-Bdynamic
MD        := -Wl,-Bstatic -lmd -Wl,-Bdynamic
TRUST_LIB := -ljansson -lcrypto

PLUGINS  := $(B)/pam_agent.so $(B)/libnss_agent.so.2 $(B)/sudo_agent.so
HELPERS  := $(B)/gate $(B)/guard $(B)/sweeper $(B)/verifier
PROGRAMS := $(B)/agentctl
MANUALS  := $(wildcard doc/*.5 doc/*.8)
DATA     := $(wildcard etc/agent.conf etc/*.template etc/pam-configs/pam_agent)
EXAMPLES := $(wildcard etc/examples/*.conf)
POLICIES := $(wildcard etc/examples/policies/*)
UNITS    := $(patsubst %,$(B)/%,$(wildcard etc/systemd/*))
CRON     := $(B)/etc/cron.d/pam_agent

all: $(PLUGINS) $(HELPERS) $(PROGRAMS) $(UNITS) $(CRON)

$(B)/etc/%: etc/% Makefile
	@mkdir -p $(@D)
	$(Q)sed 's|@SBINDIR@|$(SBINDIR)|g' $< >$@

$(O)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(COMPILE) -c -o $@ $<

define archive
$(1): $(call objects,$(2))
	@rm -f $$@
	$$(Q)$$(AR) rcs $$@ $$^
endef
$(eval $(call archive,$(CORE),common/core))
$(eval $(call archive,$(ASK),common/ask))
$(eval $(call archive,$(JUDGE),common/judge))
$(eval $(call archive,$(LIVE),common/live))
$(eval $(call archive,$(TRUST),common/trust))

$(B)/pam_agent.so: $(call objects,pam_agent) $(ASK) $(CORE) pam_agent/pam_agent.map
	$(call say,LD,$@)
	$(Q)$(LINK_PLUGIN) -Wl,--version-script=pam_agent/pam_agent.map -Wl,--gc-sections -o $@ $(filter %.o %.a,$^) -lpam

$(B)/sudo_agent.so: $(call objects,sudo_agent) $(ASK) $(CORE) sudo_agent/sudo_agent.map
	$(call say,LD,$@)
	$(Q)$(LINK_PLUGIN) -Wl,--version-script=sudo_agent/sudo_agent.map -Wl,--gc-sections -o $@ $(filter %.o %.a,$^)

$(B)/libnss_agent.so.2: $(call objects,nss_agent) $(CORE) nss_agent/nss_agent.map
	$(call say,LD,$@)
	$(Q)$(LINK_PLUGIN) -Wl,--gc-sections -Wl,-soname,libnss_agent.so.2 \
	    -Wl,--version-script=nss_agent/nss_agent.map -o $@ $(filter %.o %.a,$^)

GATE_PARTS     = $(filter $(O)/session/gate%.o,$(call objects,session))
GUARD_PARTS    = $(filter $(O)/session/guard%.o,$(call objects,session))
SWEEPER_PARTS  = $(filter $(O)/session/sweeper%.o,$(call objects,session))
VERIFIER_PARTS = $(filter $(O)/session/verifier%.o,$(call objects,session))

$(B)/gate: $(GATE_PARTS) $(LIVE) $(JUDGE) $(ASK) $(CORE)
	$(call say,LD,$@)
	$(Q)$(LINK_EXE) -o $@ $^ $(MD)

$(B)/guard: $(GUARD_PARTS) $(LIVE) $(JUDGE) $(ASK) $(CORE)
	$(call say,LD,$@)
	$(Q)$(LINK_EXE) -o $@ $^ $(MD)

$(B)/sweeper: $(SWEEPER_PARTS) $(LIVE) $(JUDGE) $(ASK) $(CORE)
	$(call say,LD,$@)
	$(Q)$(LINK_EXE) -o $@ $^ $(MD)

$(B)/verifier: $(VERIFIER_PARTS) $(TRUST) $(ASK) $(CORE)
	$(call say,LD,$@)
	$(Q)$(LINK_EXE) -o $@ $^ $(TRUST_LIB)

# The system calls left to the verifier, as the filter that the kernel runs.
$(O)/session/allowed_calls: $(O)/session/allowed_calls.o
	$(call say,LD,$@)
	$(Q)$(LINK_EXE) -o $@ $^ -lseccomp
$(O)/session/allowed_calls.h: $(O)/session/allowed_calls
	$(Q)$< >$@.new && mv -f $@.new $@
$(O)/session/verifier_confine.o: DEFS += -I$(O)
$(O)/session/verifier_confine.o: $(O)/session/allowed_calls.h

# etc/escapes.list as a string.
$(O)/agentctl/escapes_list.h: etc/escapes.list
	$(Q)mkdir -p $(@D)
	$(Q)sed 's/[\\"]/\\&/g; s/.*/"&\\n"/; 1s/^/static const char known_escapes[] =\n/; $$s/$$/;/' $< >$@.new && mv -f $@.new $@
$(O)/agentctl/escapes.o: DEFS += -I$(O)
$(O)/agentctl/escapes.o: $(O)/agentctl/escapes_list.h

$(B)/agentctl: $(call objects,agentctl) $(ALL)
	$(call say,LD,$@)
	$(Q)$(LINK_EXE) -o $@ $^ -lconfuse $(TRUST_LIB) $(CDB) $(MD) -lpam

# --- tests -----------------------------------------------------------------------------------------------------
UNIT_TESTS  := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/test_*.c))
PAM_TESTS   := $(patsubst tests/pam/%.c,$(B)/tests/pam/%,$(wildcard tests/pam/*.c))
NSS_TESTS   := $(patsubst tests/nss/%.c,$(B)/tests/nss/%,$(wildcard tests/nss/*.c))
TEST_TOOLS  := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/*.c tests/host/*.c))
BENCHES     := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/bench/*.c))
CONFORMANCE := $(patsubst tests/conformance/%_vectors.c,$(B)/tests/%-vectors,$(wildcard tests/conformance/*_vectors.c))
FUZZERS     := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/fuzz/fuzz_*.c))
TESTABLE    := $(filter-out $(O)/agentctl/main.o,$(call objects,agentctl))
TEST_LIBS    = -lconfuse $(TRUST_LIB) $(CDB) $(MD) -lpam $(shell pkg-config --libs check) -ldl

$(B)/tests/%: $(O)/tests/%.o $(TESTABLE) $(ALL)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(LINK_EXE) -o $@ $^ $(TEST_LIBS)
$(B)/tests/%-vectors: $(O)/tests/conformance/%_vectors.o $(TRUST) $(CORE)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(LINK_EXE) -o $@ $^ $(TRUST_LIB)
$(B)/tests/fuzz/fuzz_prompt: $(O)/tests/fuzz/fuzz_prompt.o $(O)/session/gate_collect.o $(CORE)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(LINK_EXE) -o $@ $^
$(B)/tests/host/confined: TEST_LIBS += -lseccomp
$(B)/tests/host/confined: $(O)/session/verifier_confine.o
$(B)/tests/unit/test_policy: TEST_LIBS += -Wl,--wrap=malloc,--wrap=realloc
.SECONDARY:

tests: all $(CONFORMANCE) $(UNIT_TESTS) $(PAM_TESTS) $(NSS_TESTS) $(TEST_TOOLS) $(BENCHES) $(FUZZERS)

# Everything: unit tests, then the built plug-ins, then real sshd and sudo on throw-away hosts (as root).
check: tests
	$(Q)CC='$(CC)' tests/run $(VECTORS)

demo: all tests
	$(Q)tests/host/enter tests/demo

bench: tests
	$(Q)tests/bench/run $(B)/bench.json

# The same tests under AddressSanitizer and UndefinedBehaviorSanitizer, then under valgrind.
sanitize:
	$(Q)$(MAKE) B=build-sanitize SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer' OPT='-O1 -g' tests
	$(Q)B=build-sanitize tests/run --programs
	$(Q)$(MAKE) tests
	$(Q)tests/run --valgrind

# What decides is covered whole.
COVERED := $(patsubst %,common/judge/%.c,decide rules match scope policy window)
coverage:
	$(Q)$(MAKE) B=build-coverage OPT='-O0 -g --coverage' LDFLAGS=--coverage tests
	$(Q)B=build-coverage tests/run --unit
	$(Q)gcov -b -n -o build-coverage/obj/common/judge $(COVERED) | awk -v wanted=$(words $(COVERED)) '/^File .common\/judge/ {file = $$2} \
	    file && /^(Lines|Taken)/ {print file, $$0; whole += /:100\.00%/} /^Calls|^$$/ {file = ""} END {exit whole != 2 * wanted}' \
	    || { echo 'coverage: less than every line and branch of these files'; exit 1; }

# A coverage-guided run of each fuzz target, TIME seconds long; `make check` replays the corpora with plain gcc.
TIME ?= 60
fuzz:
	$(Q)tests/fuzz/run $(TIME)

SOURCES := $(wildcard common/*/*.c common/*/*.h pam_agent/*.[ch] nss_agent/*.[ch] sudo_agent/*.[ch] session/*.[ch] agentctl/*.[ch] tests/*.[ch] tests/*/*.[ch])
SCRIPTS := $(shell grep -lE '^\#!/bin/(ba)?sh' etc/* tests/* tests/*/* tests/host/t/* .ci/run 2>/dev/null)

lint:
	$(Q)cppcheck --quiet --std=c11 --inline-suppr --error-exitcode=1 --enable=warning,portability,performance \
	    --suppress=missingIncludeSystem -D_GNU_SOURCE -Icommon -I. \
	    common pam_agent nss_agent sudo_agent session agentctl
	$(Q)shellcheck -x -S warning -e SC1091,SC2317 $(SCRIPTS)
	$(Q)tests/layers

format:
	clang-format -i $(SOURCES)

# --- installing ------------------------------------------------------------------------------------------------
# A file that a running process has loaded is replaced by rename, never written over.
put = install -d $(DESTDIR)$(3) && install -m $(1) $(2) $(DESTDIR)$(3)/.new-$(notdir $(4)) && mv -f $(DESTDIR)$(3)/.new-$(notdir $(4)) $(DESTDIR)$(3)/$(notdir $(4))

install: all
	$(Q)$(call put,0755,$(B)/gate,$(LIBEXECDIR),gate)
	$(Q)$(call put,0755,$(B)/guard,$(LIBEXECDIR),guard)
	$(Q)$(call put,0755,$(B)/verifier,$(LIBEXECDIR),verifier)
	$(Q)$(call put,0755,$(B)/sweeper,$(LIBEXECDIR),sweeper)
	$(Q)$(call put,0755,etc/offered-key,$(LIBEXECDIR),offered-key)
	$(Q)$(call put,0755,$(B)/agentctl,$(SBINDIR),agentctl)
	$(Q)$(call put,0755,etc/agent-askpass,$(BINDIR),agent-askpass)
	$(Q)$(call put,0644,$(B)/libnss_agent.so.2,$(NSSDIR),libnss_agent.so.2)
	$(Q)$(call put,0644,$(B)/pam_agent.so,$(PAMDIR),pam_agent.so)
	$(Q)$(call put,0644,$(B)/sudo_agent.so,$(SUDODIR),sudo_agent.so)
	$(Q)$(foreach f,$(DATA),$(call put,0644,$(f),$(DATADIR),$(f)) &&) true
	$(Q)$(foreach f,$(EXAMPLES),$(call put,0644,$(f),$(DATADIR)/examples,$(f)) &&) true
	$(Q)$(foreach f,$(POLICIES),$(call put,0644,$(f),$(DATADIR)/examples/policies,$(f)) &&) true
	$(Q)$(foreach f,$(UNITS),$(call put,0644,$(f),$(UNITDIR),$(f)) &&) true
	$(Q)$(call put,0644,$(CRON),$(DATADIR)/cron.d,pam_agent)
	$(Q)$(call put,0644,etc/logrotate.d/pam_agent,$(DATADIR)/logrotate.d,pam_agent)
	$(Q)$(foreach f,$(MANUALS),$(call put,0644,$(f),$(MANDIR)/man$(lastword $(subst ., ,$(f))),$(f)) &&) true

# Takes the lines of `agentctl enable` out first: a sudo.conf that names a missing plug-in stops sudo for everybody.
uninstall:
	$(Q)if [ -z "$(DESTDIR)" ] && [ -x $(SBINDIR)/agentctl ]; then $(SBINDIR)/agentctl disable --yes; fi
	$(Q)if [ -z "$(DESTDIR)" ] && grep -si '^[[:blank:]]*plugin[[:blank:]].*sudo_agent' /etc/sudo.conf; then \
	    echo '/etc/sudo.conf: take this line out first'; exit 1; fi
	$(Q)if [ -z "$(DESTDIR)" ] && [ -d /run/systemd/system ]; then systemctl -q disable --now pam_agent-sweep.timer pam_agent-keys.path || :; fi
	rm -f $(foreach f,$(UNITS),$(DESTDIR)$(UNITDIR)/$(notdir $(f)))
	rm -f $(DESTDIR)$(SUDODIR)/sudo_agent.so $(DESTDIR)$(PAMDIR)/pam_agent.so $(DESTDIR)$(NSSDIR)/libnss_agent.so.2
	rm -f $(DESTDIR)$(SBINDIR)/agentctl $(DESTDIR)$(BINDIR)/agent-askpass
	rm -f $(foreach f,$(MANUALS),$(DESTDIR)$(MANDIR)/man$(lastword $(subst ., ,$(f)))/$(notdir $(f)))
	rm -rf $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(DATADIR)

dist:
	git archive --prefix=pam_agent-$(VERSION)/ -o pam_agent-$(VERSION).tar.gz HEAD

clean:
	rm -rf $(B) build-sanitize build-coverage

help:
	@echo 'all        build everything into build/'
	@echo 'deps       install what building and testing need (Debian, Ubuntu; as root)'
	@echo 'demo       the main job on a throw-away host, with real sshd and sudo (as root)'
	@echo 'others     what tests against other makers need (npm)'
	@echo 'check      all tests (as root)          VECTORS=DIR  also test vectors of others'
	@echo 'install    DESTDIR= PREFIX=$(PREFIX)    then: agentctl init, agentctl enable'
	@echo 'uninstall  agentctl disable, then remove what install put there'
	@echo 'bench      measure; writes build/bench.json'
	@echo 'sanitize   unit tests under ASan+UBSan and valgrind'
	@echo 'coverage lint fuzz format dist clean     V=1 shows commands'

-include $(shell find $(O) -name '*.d' 2>/dev/null)

.PHONY: all tests check others demo bench sanitize coverage fuzz lint format install uninstall dist clean help
endif
