# SPDX-License-Identifier: GPL-2.0-only
# Minibus: one Makefile for the hypervisor, the Linux modules, the tools, the images and the tests.
# Everything is made in $(BUILD); parts whose folder does not hold sources are left out.
# `make help` lists the targets.

VERSION := 0.1.0
BUILD ?= build
CROSS_COMPILE ?=
CC := $(CROSS_COMPILE)gcc
LD := $(CROSS_COMPILE)ld
NM := $(CROSS_COMPILE)nm
OBJCOPY := $(CROSS_COMPILE)objcopy
HOSTCC ?= gcc
HOSTCXX ?= g++
IASL ?= iasl
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')

# The build depends on the sources only: dates come from the last commit, paths are mapped away.
export SOURCE_DATE_EPOCH ?= $(or $(shell git log -1 --format=%ct 2>/dev/null),0)
export LC_ALL := C
export TZ := UTC
export BUILD VERSION
BUILD_ID := $(or $(shell git describe --always --dirty --abbrev=12 --exclude='*' 2>/dev/null),unknown)
PREFIX_MAP := -ffile-prefix-map=$(abspath $(BUILD))/=build/ -ffile-prefix-map=$(CURDIR)/= -ffile-prefix-map=$(CURDIR)=.

.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := all

all: hv modules tools images	## build everything: hypervisor, modules, tools, images

# ---------------------------------------------------------------- hypervisor
WARN := -Wall -Wextra -Wshadow -Wundef -Wstrict-prototypes -Wmissing-prototypes -Werror
HV_DIRS := boot arch/x86 hv svm vmx
HV_SRC := $(filter-out %/asm_offsets.c,$(wildcard $(HV_DIRS:%=%/*.c) $(HV_DIRS:%=%/*.S)))
HV_OBJ := $(HV_SRC:%=$(BUILD)/hv/%.o)
HV_CPPFLAGS := -I. -I$(BUILD)/gen -MMD -MP
HV_CFLAGS := -std=gnu11 -O2 -g -ffreestanding -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone \
	-mgeneral-regs-only -fno-omit-frame-pointer -fno-stack-protector -fno-asynchronous-unwind-tables \
	-fno-strict-aliasing -fno-common -fcf-protection=none -ffunction-sections -fdata-sections \
	$(PREFIX_MAP) $(WARN) $(EXTRA_CFLAGS)
HV_ASFLAGS := -D__ASSEMBLY__ -g $(PREFIX_MAP)
HV_LDFLAGS := -nostdlib -static -z max-page-size=0x1000 -z noexecstack --build-id=none \
	--no-warn-rwx-segments --fatal-warnings

hv: $(if $(wildcard linker.ld),$(BUILD)/minibus)	## build the hypervisor: build/minibus (bootable), build/hv.elf (for gdb)

$(BUILD)/gen/version.h: FORCE
	@mkdir -p $(@D)
	@printf '#define MINIBUS_VERSION "%s"\n#define MINIBUS_BUILD "%s"\n' '$(VERSION)' '$(BUILD_ID)' >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# Offsets for the .S files: each asm_offsets.c is compiled to text, its marked lines become #defines.
OFFSETS_SRC := $(wildcard $(HV_DIRS:%=%/asm_offsets.c))
$(BUILD)/gen/%.s: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(HV_CPPFLAGS) $(HV_CFLAGS) -MT $@ -MF $@.d -S -o $@ $<
$(BUILD)/gen/asm_offsets.h: $(OFFSETS_SRC:%.c=$(BUILD)/gen/%.s)
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)cat $^ /dev/null | sed -n 's/^.*->\([A-Z_0-9a-z]*\) \$$*\(-*[0-9]*\).*$$/#define \1 \2/p' >$@

$(BUILD)/hv/%.c.o: %.c | $(BUILD)/gen/version.h $(BUILD)/gen/asm_offsets.h
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HV_CPPFLAGS) $(HV_CFLAGS) -c -o $@ $<
$(BUILD)/hv/%.S.o: %.S | $(BUILD)/gen/version.h $(BUILD)/gen/asm_offsets.h
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HV_CPPFLAGS) $(HV_ASFLAGS) -c -o $@ $<

# The symbol table for backtraces is linked in: pass 1 has an empty one, pass 2 one of the right size
# (so addresses are final), pass 3 the right contents.
GEN_SYMBOLS := boot/gen_symbols.sh
define hv_link =
$(Q)$(LD) $(HV_LDFLAGS) --gc-sections -T linker.ld -o $(1) $(HV_OBJ) $(2)
endef
define hv_symbols =
$(Q)$(3) | sh $(GEN_SYMBOLS) >$(1).S
$(Q)$(CC) $(HV_CPPFLAGS) -MF /dev/null $(HV_ASFLAGS) -c -o $(1).o $(1).S
endef
$(BUILD)/hv.elf: $(HV_OBJ) linker.ld $(wildcard $(GEN_SYMBOLS)) Makefile
	$(call say,LD,$@)
ifneq ($(wildcard $(GEN_SYMBOLS)),)
	$(call hv_symbols,$(BUILD)/hv/sym1,,:)
	$(call hv_link,$(BUILD)/hv/pass1.elf,$(BUILD)/hv/sym1.o)
	$(call hv_symbols,$(BUILD)/hv/sym2,,$(NM) -n $(BUILD)/hv/pass1.elf)
	$(call hv_link,$(BUILD)/hv/pass2.elf,$(BUILD)/hv/sym2.o)
	$(call hv_symbols,$(BUILD)/hv/sym3,,$(NM) -n $(BUILD)/hv/pass2.elf)
	$(call hv_link,$@,$(BUILD)/hv/sym3.o)
else
	$(call hv_link,$@,)
endif

# Multiboot 1 as QEMU's -kernel knows it wants a 32-bit ELF file around the 64-bit code.
$(BUILD)/minibus: $(BUILD)/hv.elf
	$(call say,OBJCOPY,$@)
	$(Q)$(OBJCOPY) -O elf32-i386 --strip-debug $< $@

-include $(HV_OBJ:.o=.d) $(OFFSETS_SRC:%.c=$(BUILD)/gen/%.s.d)

# ---------------------------------------------------------------- the stock kernels
# Two flavours of Debian's kernel, each with its own modules and images: the standard one in $(BUILD),
# and the cloud one, which boots in a third of the instructions, in $(CLOUD), for Bochs.
CLOUD := $(BUILD)/cloud
DEBIAN := $(BUILD)/debian
kernel: $(DEBIAN)/release $(CLOUD)/debian/release	## fetch and unpack Debian's stock kernels and their headers
define kernel_rule =
$(1)/debian/release: scripts/kernel.sh
	$$(call say,KERNEL,$(1)/debian)
	$$(Q)scripts/kernel.sh $(1)/debian $(2)
endef
$(eval $(call kernel_rule,$(BUILD),amd64))
$(eval $(call kernel_rule,$(CLOUD),cloud-amd64))

# ---------------------------------------------------------------- Linux modules
# Built in trees of symbolic links, one per side, because the code of vbus/proto goes into both.
KDIR ?= $(DEBIAN)/headers
CLOUD_KDIR := $(CLOUD)/debian/headers
DOM0_KSRC := $(sort $(shell find vbus hv/abi -name '*.[chS]' -o -name Kbuild 2>/dev/null))
GUEST_KSRC := $(sort $(shell find guest-linux vbus/abi vbus/proto hv/abi -name '*.[chS]' -o -name Kbuild 2>/dev/null))
DOM0_KO := $(if $(wildcard vbus/Kbuild),kmod/dom0.stamp)
GUEST_KO := $(if $(wildcard guest-linux/Kbuild),kmod/guest.stamp)
# The loopback connector uses the headers of both sides, and what their modules export.
LOOP_KSRC := $(sort $(shell find loopback -name '*.[ch]' -o -name Kbuild 2>/dev/null) $(wildcard vbus/*.h guest-linux/*.h) \
	$(shell find hv/abi vbus/abi vbus/proto -name '*.h' 2>/dev/null))
LOOP_KO := $(if $(wildcard loopback/Kbuild),kmod/loop.stamp)
modules: $(addprefix $(BUILD)/,$(DOM0_KO) $(GUEST_KO) $(LOOP_KO))	## build the Linux modules of both sides against KDIR

# kmod_rule OUT,SIDE,SOURCES,FOLDER,KDIR,KERNEL,USED    USED: the sides (SIDE/FOLDER) whose exports it uses
define kmod_rule =
$(1)/kmod/$(2).stamp: $(3) $(patsubst %/,$(1)/kmod/%.stamp,$(dir $(7))) scripts/linktree.sh | $(if $(filter $(6)/%,$(5)),$(6)/release)
	$$(call say,KMOD,$(1)/kmod/$(2))
	$$(Q)scripts/linktree.sh $(1)/kmod/$(2) $(3)
	$$(Q)$$(MAKE) -s -C $(5) M=$$(abspath $(1)/kmod/$(2)/$(4)) modules \
		KCFLAGS="-Werror -ffile-prefix-map=$$(abspath $(1)/kmod/$(2))/=" \
		KBUILD_EXTRA_SYMBOLS="$$(abspath $(7:%=$(1)/kmod/%/Module.symvers))" \
		>$(1)/kmod/$(2).log 2>&1 || { cat $(1)/kmod/$(2).log; exit 1; }
	$$(Q)touch $$@
endef
$(eval $(call kmod_rule,$(BUILD),dom0,$(DOM0_KSRC),vbus,$(KDIR),$(DEBIAN)))
$(eval $(call kmod_rule,$(BUILD),guest,$(GUEST_KSRC),guest-linux,$(KDIR),$(DEBIAN)))
$(eval $(call kmod_rule,$(BUILD),loop,$(LOOP_KSRC),loopback,$(KDIR),$(DEBIAN),dom0/vbus guest/guest-linux))
$(eval $(call kmod_rule,$(CLOUD),dom0,$(DOM0_KSRC),vbus,$(CLOUD_KDIR),$(CLOUD)/debian))
$(eval $(call kmod_rule,$(CLOUD),guest,$(GUEST_KSRC),guest-linux,$(CLOUD_KDIR),$(CLOUD)/debian))

# ---------------------------------------------------------------- tools
TOOLS_SRC := $(wildcard tools/*.c)
TOOLS_OBJ := $(TOOLS_SRC:%=$(BUILD)/%.o)
ASL := $(wildcard tools/acpi/*.asl)
AML := $(ASL:tools/acpi/%.asl=$(BUILD)/acpi/%.aml)
TOOLS_CFLAGS := -std=gnu11 -O2 -g -D_GNU_SOURCE -I. -I$(BUILD)/gen -I$(BUILD)/acpi $(PREFIX_MAP) \
	-fstack-protector-strong -Wall -Wextra -Wshadow -Wundef -Wstrict-prototypes -Wmissing-prototypes -Werror
tools: $(if $(TOOLS_SRC),$(BUILD)/minibus-cli)	## build the minibus command: build/minibus-cli
$(BUILD)/acpi/%.aml $(BUILD)/acpi/%.hex &: tools/acpi/%.asl
	$(call say,IASL,$<)
	@mkdir -p $(@D)
	$(Q)$(IASL) -vs -tc -p $(BUILD)/acpi/$* $< >$(BUILD)/acpi/$*.log 2>&1 || { cat $(BUILD)/acpi/$*.log; exit 1; }
$(BUILD)/tools/%.c.o: tools/%.c | $(AML) $(BUILD)/gen/version.h
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(TOOLS_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/minibus-cli: $(TOOLS_OBJ)
	$(call say,LD,$@)
	$(Q)$(HOSTCC) -o $@ $^ -lconfig -ljson-c
-include $(TOOLS_OBJ:.o=.d)

# ---------------------------------------------------------------- tests
# A unit test is one host program; the line "SOURCES:" in its head names the product files it links,
# the line "LIBS:" the libraries.
UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/unit/%)
UNIT_FAKE := $(wildcard tests/fake_arch/*.c tests/fake_arch/*/*.c tests/fake_arch/*/*/*.c)
UNIT_CFLAGS := -std=gnu11 -O1 -g -D_GNU_SOURCE -DMINIBUS_UNIT_TEST -Itests/fake_arch -I. -I$(BUILD)/gen \
	-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
	-Wall -Wextra -Wundef -Wno-missing-prototypes -Werror -pthread
unit: $(UNIT)
define unit_rule =
$(1)_OBJ := $$(patsubst %,$(BUILD)/unit/$(1).d/%.o,tests/unit/$(1).c \
	$$(shell sed -n 's,^.*SOURCES:\([^*]*\).*$$$$,\1,p' tests/unit/$(1).c))
$(BUILD)/unit/$(1).d/%.c.o: %.c | $(BUILD)/gen/version.h
	@mkdir -p $$(@D)
	$$(Q)$$(HOSTCC) $$(UNIT_CFLAGS) -MMD -MP -c -o $$@ $$<
$(BUILD)/unit/$(1): $$($(1)_OBJ)
	$$(call say,UNIT,$(1))
	$$(Q)$$(HOSTCC) $$(UNIT_CFLAGS) -o $$@ $$^ $$(shell sed -n 's,^.*LIBS:\([^*]*\).*$$$$,\1,p' tests/unit/$(1).c)
-include $$($(1)_OBJ:.o=.d)
endef
$(foreach t,$(UNIT_SRC:tests/unit/%.c=%),$(eval $(call unit_rule,$(t))))

# A bare guest is a 64-bit multiboot 1 kernel of a few files; dom0 starts it with `minibus create`.
GUESTS := $(patsubst tests/guest/%/main.c,%,$(wildcard tests/guest/*/main.c))
GUEST_ELF := $(GUESTS:%=$(BUILD)/guests/%.elf)
GUESTLIB_OBJ := $(patsubst %,$(BUILD)/%.o,$(wildcard tests/guestlib/*.c tests/guestlib/*.S))
GUEST_LD := $(wildcard tests/guestlib/*.ld)
GUEST_CFLAGS := $(filter-out -mcmodel=kernel -ffunction-sections -fdata-sections,$(HV_CFLAGS)) -Itests/guestlib
guests: $(GUEST_ELF)	## build the bare test guests: build/guests/NAME.elf
$(BUILD)/tests/guest%.c.o: tests/guest%.c | $(BUILD)/gen/version.h
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HV_CPPFLAGS) $(GUEST_CFLAGS) -c -o $@ $<
$(BUILD)/tests/guest%.S.o: tests/guest%.S
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HV_CPPFLAGS) $(HV_ASFLAGS) -c -o $@ $<
$(BUILD)/guests/%.elf: $(BUILD)/tests/guest/%/main.c.o $(GUESTLIB_OBJ) $(GUEST_LD)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(LD) $(HV_LDFLAGS) $(GUEST_LD:%=-T %) -o $@.64 $(filter %.o,$^)
	$(Q)$(OBJCOPY) -O elf32-i386 --strip-debug $@.64 $@
	$(Q)sed -n 's,^[ */]*\(\(EXPECT\|VCPUS\|MEMORY\|ECHO\|SECONDS\|TSC_KHZ\|BY\):.*[^ */]\)[ */]*$$,\1,p' \
		tests/guest/$*/main.c >$(@:.elf=.cfg)
-include $(GUESTLIB_OBJ:.o=.d) $(GUESTS:%=$(BUILD)/tests/guest/%/main.c.d)

# Small static programs for dom0 and the guest: benchmarks, and what only a compiled program can try.
PROGS := $(patsubst tests/progs/%.c,$(BUILD)/progs/%,$(wildcard tests/progs/*.c))
$(BUILD)/progs/%: tests/progs/%.c
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -std=gnu11 -O2 -D_GNU_SOURCE -I. $(PREFIX_MAP) -Wall -Wextra -Wshadow -Werror -static -s -o $@ $<

# Packages come first, so the rest is a second make (a parallel one would not wait).
MACHINES ?= svm vmx svm-bochs
export MACHINES
check: deps	## run all tests on MACHINES (svm vmx svm-bochs); the last line is "N passed, N failed"
	$(Q)$(MAKE) --no-print-directory all unit iso cloud
	$(Q)tests/run.sh all
check-full: deps	## the same in full length on the slow machines too (hours)
	$(Q)$(MAKE) --no-print-directory all unit iso cloud
	$(Q)FULL=1 TEST_LIMIT=$${TEST_LIMIT:-14400} tests/run.sh all
check-quick: deps	## run the style, ABI and unit tests only (seconds)
	$(Q)$(MAKE) --no-print-directory unit tools $(DEBIAN)/release
	$(Q)tests/run.sh quick
stress: deps	## vbus in one kernel (no hypervisor) under load and faults for LOOP_MINUTES (10) minutes
	$(Q)$(MAKE) --no-print-directory images
	$(Q)LOOP_MINUTES=$${LOOP_MINUTES:-10} TEST_LIMIT=$${TEST_LIMIT:-7200} MACHINES=svm tests/run.sh tests/linux/loop.t
bench: deps	## measure: dom0's boot against the bare boot, exits, transfer statistics beside KVM's
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/bench/run.sh
size: hv	## lines per folder, text and data of the hypervisor
	$(Q)scripts/size.sh

# ---------------------------------------------------------------- images
IMAGE_NAMES := dom0/vmlinuz dom0/initrd guest/initrd
IMAGES := $(IMAGE_NAMES:%=$(BUILD)/%)
CLOUD_IMAGES := $(IMAGE_NAMES:%=$(CLOUD)/%)
images: $(IMAGES) $(BUILD)/qemu-ignne.so	## build dom0's and the guest's initrd
cloud: $(CLOUD_IMAGES)	## the same, small, with the cloud kernel: for Bochs
INITRD_DEPS := scripts/initrd-lib.sh scripts/slow-cmdline scripts/packages.txt
# images_rule OUT,SMALL
define images_rule =
$(1)/dom0/vmlinuz: $(1)/debian/release
	@mkdir -p $$(@D)
	$$(Q)cp $(1)/debian/vmlinuz $$@
$(1)/guest/initrd: scripts/mkguest.sh $(1)/debian/release $(INITRD_DEPS) $(PROGS) $(GUEST_KO:%=$(1)/%) \
		$(wildcard scripts/guest/*)
	$$(call say,INITRD,$$@)
	@mkdir -p $$(@D)
	$$(Q)KERNEL_BUILD=$(1) SMALL=$(2) scripts/mkguest.sh $$@
$(1)/dom0/initrd: scripts/mkdom0.sh $(1)/debian/release $(INITRD_DEPS) $(1)/guest/initrd $(DOM0_KO:%=$(1)/%) $(if $(2),,$(LOOP_KO:%=$(1)/%)) \
		$(if $(TOOLS_SRC),$(BUILD)/minibus-cli) $(GUEST_ELF) tests/lib/tap.sh \
		$(wildcard scripts/dom0/* tests/linux/dom0/*)
	$$(call say,INITRD,$$@)
	@mkdir -p $$(@D)
	$$(Q)KERNEL_BUILD=$(1) SMALL=$(2) scripts/mkdom0.sh $$@
endef
$(eval $(call images_rule,$(BUILD),))
$(BUILD)/qemu-ignne.so: scripts/qemu-ignne.c
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -std=gnu11 -O2 -D_GNU_SOURCE $(PREFIX_MAP) -Wall -Wextra -Wshadow -Werror -shared -fPIC -o $@ $<
$(eval $(call images_rule,$(CLOUD),y))

# ---------------------------------------------------------------- run
# What a machine boots: QEMU the standard images, Bochs the cloud ones. BOCHS=3.0 takes Debian 13's Bochs.
run: export MACHINE := $(or $(MACHINE),svm)
MACHINE_DEPS := $(if $(filter vmx svm-bochs,$(MACHINE)),cloud $(if $(filter 3.0,$(BOCHS)),$(BUILD)/bochs3/bochs),images $(if $(filter bios uefi,$(ROAD)),iso))
run: deps	## boot it all to a dom0 shell (MACHINE=svm|vmx|svm-bochs, AUTO=1 demo, SMP=2, MEM=2048, ROAD=...)
	$(Q)$(MAKE) --no-print-directory hv tools $(MACHINE_DEPS)
	$(Q)scripts/run.sh

bochs3: $(BUILD)/bochs3/bochs	## fetch Debian 13's Bochs 3.0 (for BOCHS=3.0: posted interrupts)
$(BUILD)/bochs3/bochs: scripts/bochs3.sh
	$(call say,BOCHS3,$@)
	$(Q)scripts/bochs3.sh $(@D)

# GRUB image for BIOS and UEFI; contents, identifiers and dates depend on the sources only.
iso: $(if $(wildcard linker.ld),$(BUILD)/minibus.iso)	## build/minibus.iso: boots on BIOS and UEFI machines
$(BUILD)/minibus.iso: scripts/mkiso.sh boot/grub/grub.cfg $(BUILD)/minibus $(IMAGES)
	$(call say,ISO,$@)
	$(Q)scripts/mkiso.sh $@

deps:	## install the Debian packages of scripts/packages.txt that are missing
	$(Q)scripts/deps.sh

clean:	## remove the build directory (downloads stay in ~/.cache/minibus)
	$(Q)rm -rf $(BUILD)

help:	## this text
	@echo 'Targets:'
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  \1	\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16
	@echo 'Variables: BUILD=build CROSS_COMPILE= KDIR= V=1 EXTRA_CFLAGS='

FORCE:
.PHONY: all hv kernel modules tools images cloud bochs3 guests unit check check-full check-quick stress bench size run iso deps clean help FORCE
