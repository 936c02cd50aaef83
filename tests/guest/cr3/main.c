// SPDX-License-Identifier: GPL-2.0-only
/*
 * cr3: switches among address spaces in turn, as a kernel does among processes. SDM Vol 2 "MOV -
 * Move to/from Control Registers" and Vol 3 "Instructions That Cause VM Exits Conditionally"
 * (CR3-target values). What may go wrong when MOV to CR3 exits: the wrong register is taken, old
 * translations stay, PCIDs' bit 63 is stored or its meaning lost, a reserved bit is accepted. And
 * in the count of exits: dom0 compares it with what this guest says it must be, for each way of
 * running it.
 *
 * The command line says spaces=N loads=M and perhaps pcid and trace.
 *
 * BY: cr3
 */
#include "guest.h"

#define SPACES_MAX 8
#define TARGETS 4
#define PRIVATE (512ull << 30) /* a virtual address that each space maps elsewhere */
#define FRAMES 0x1000000ull    /* two frames of 2 MiB for each space */
#define CR4_PCIDE (1ull << 17)
#define NOFLUSH (1ull << 63)
#define ENTRY_TABLE 3ull
#define ENTRY_2M 0x83ull

extern uint32_t boot_info;	/* multiboot information */
extern uint64_t pml4[512];	/* the space this guest started in: number 0 */

static uint64_t roots[SPACES_MAX][512] __attribute__((aligned(4096)));
static uint64_t pdpts[SPACES_MAX][512] __attribute__((aligned(4096)));
static uint64_t pds[SPACES_MAX][512] __attribute__((aligned(4096)));
static unsigned int spaces, loads, turn[SPACES_MAX];
static bool pcid, trace;
static unsigned int bad_map, bad_read;

/* What the hypervisor does with its list of CR3 targets (hv/cr3_trace.c). */
static uint64_t target[TARGETS];
static unsigned int targets, misses;
static uint32_t rnd;

static void expect(uint64_t operand)
{
	for (unsigned int i = 0; i < targets; i++)
		if (target[i] == operand)
			return;
	misses++;
	if (targets < TARGETS) {
		target[targets++] = operand;
		return;
	}
	rnd = rnd * 1103515245 + 12345;
	target[(rnd >> 16) % TARGETS] = operand;
}

static const char *option(const char *name)
{
	const char *text = (const char *)(uint64_t)*(uint32_t *)(uint64_t)(boot_info + 16);

	for (; *text; text++) {
		unsigned int n = 0;

		while (name[n] && text[n] == name[n])
			n++;
		if (!name[n])
			return text + n;
	}
	return NULL;
}

static unsigned int number(const char *name)
{
	const char *text = option(name);
	unsigned int value = 0;

	for (; text && *text >= '0' && *text <= '9'; text++)
		value = value * 10 + (unsigned int)(*text - '0');
	return value;
}

static uint64_t *root(unsigned int i)
{
	return i ? roots[i] : pml4;
}

/* The frame that PRIVATE shows in space i, on its n-th turn. */
static volatile uint32_t *frame(unsigned int i, unsigned int n)
{
	return (volatile uint32_t *)(FRAMES + (2 * i + (n & 1)) * PAGE_2M);
}

static void build(void)
{
	for (unsigned int i = 0; i < spaces; i++) {
		for (unsigned int k = 0; i && k < 512; k++)
			roots[i][k] = pml4[k];
		pds[i][0] = (uint64_t)frame(i, 0) | ENTRY_2M;
		pdpts[i][0] = (uint64_t)pds[i] | ENTRY_TABLE;
		*frame(i, 0) = 2 * i;
		*frame(i, 1) = 2 * i + 1;
	}
	for (unsigned int i = 0; i < spaces; i++)
		root(i)[1] = (uint64_t)pdpts[i] | ENTRY_TABLE;
}

/* From R10, so that a decoder that forgets REX.B is seen. */
static int64_t load_cr3(uint64_t value)
{
	register uint64_t r10 __asm__("r10") = value;
	int64_t vector = NO_FAULT;

	__asm__ volatile(MAY_FAULT("mov %1, %%cr3") : "+S"(vector) : "r"(r10) : "memory");
	return vector;
}

static uint64_t store_cr3(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr3, %0" : "=r"(value));
	return value;
}

/*
 * To space i. Its private page moves to the other frame first, which the load must make visible,
 * since it flushes; every second round with PCIDs keeps the TLB, so there the page stays.
 */
static void visit(unsigned int i, unsigned int round)
{
	bool keep = pcid && (round & 1);
	uint64_t value = (uint64_t)root(i) | (pcid ? i + 1 : 0);

	if (!keep)
		pds[i][0] = (uint64_t)frame(i, ++turn[i]) | ENTRY_2M;
	load_cr3(value | (keep ? NOFLUSH : 0));
	expect(value | (keep ? NOFLUSH : 0));
	bad_map += *(volatile uint32_t *)PRIVATE != 2 * i + (turn[i] & 1);
	bad_read += store_cr3() != value;
}

static void reserved_bits(void)
{
	uint64_t before = store_cr3();

	report(load_cr3(before | 1ull << 62) == VEC_GP, "a reserved bit of CR3: #GP");
	report(load_cr3(before | (pcid ? 1ull << 60 : NOFLUSH)) == VEC_GP,
	       "so is bit 63 without PCIDs");
	report(store_cr3() == before, "CR3 is what it was");
}

void guest_main(void)
{
	unsigned int done = 0;

	spaces = number("spaces=");
	loads = number("loads=");
	trace = option("trace");
	pcid = option("pcid") && cpuid(1, 0).ecx & 1u << 17;
	report_plan(trace ? 6 : 3);
	report(spaces && spaces <= SPACES_MAX, "%u address spaces, %u switches%s", spaces, loads,
	       pcid ? ", PCIDs" : option("pcid") ? ", no PCIDs here" : "");
	build();
	expect((uint64_t)pml4); /* start.S loaded it */
	if (pcid)
		write_cr4(read_cr4() | CR4_PCIDE);
	while (done < loads) {
		/* Space 0 is where we are at the start. */
		unsigned int i = (done + 1) % spaces;

		visit(i, done / spaces);
		done++;
	}
	report(!bad_map, "each space shows its own page (%u did not)", bad_map);
	report(!bad_read, "CR3 reads as written, without bit 63 (%u did not)", bad_read);
	if (trace)
		reserved_bits();
	guest_printf("# writes %u with-targets %u\n", loads + 1, misses);
}
