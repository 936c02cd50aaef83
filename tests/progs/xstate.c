// SPDX-License-Identifier: GPL-2.0-only
/*
 * xstate ROUNDS PROCESSES: do the registers of a process keep what it put there? Each process fills
 * its SSE registers (and the upper halves of AVX's) with bytes of its own, spins, and looks again,
 * while the others and interrupts take the CPU from it. What switches state between processes or
 * domains and mixes it up shows here. Prints "xstate: R rounds, W wrong"; exit status 1 if W > 0.
 */
#include <cpuid.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define REGS 16
#define BYTES 32
#define SPIN 20000u

struct counts {
	uint64_t rounds, wrong;
};

static int have_avx;

/* Loads the registers from in, spins, stores them to out; nothing else may touch them meanwhile. */
static void keep_sse(const uint8_t *in, uint8_t *out, uint64_t spin)
{
#define LOAD(n) "movdqu " #n "*32(%0), %%xmm" #n "\n\t"
#define STORE(n) "movdqu %%xmm" #n ", " #n "*32(%1)\n\t"
#define ALL(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
	__asm__ volatile(ALL(LOAD) "1: dec %2\n\tjnz 1b\n\t" ALL(STORE)
			 : : "r"(in), "r"(out), "r"(spin)
			 : "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
			   "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
			   "xmm15");
#undef LOAD
#undef STORE
}

static void keep_avx(const uint8_t *in, uint8_t *out, uint64_t spin)
{
#define LOAD(n) "vmovdqu " #n "*32(%0), %%ymm" #n "\n\t"
#define STORE(n) "vmovdqu %%ymm" #n ", " #n "*32(%1)\n\t"
	__asm__ volatile(ALL(LOAD) "1: dec %2\n\tjnz 1b\n\t" ALL(STORE) "vzeroupper"
			 : : "r"(in), "r"(out), "r"(spin)
			 : "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
			   "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
			   "xmm15");
#undef LOAD
#undef STORE
}

static int has_avx(void)
{
	const unsigned int wanted = bit_OSXSAVE | bit_AVX;
	unsigned int a, b, c, d, lo, hi;

	if (!__get_cpuid(1, &a, &b, &c, &d) || (c & wanted) != wanted)
		return 0;
	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return (lo & 6) == 6;
}

static void one_round(uint8_t *in, struct counts *c, uint32_t *seed)
{
	static uint8_t out[REGS * BYTES];
	size_t len = have_avx ? BYTES : BYTES / 2;

	for (size_t i = 0; i < REGS * BYTES; i++) {
		*seed = *seed * 1103515245u + 12345u;
		in[i] = (uint8_t)(*seed >> 16);
	}
	(have_avx ? keep_avx : keep_sse)(in, out, SPIN);
	c->rounds++;
	for (unsigned int r = 0; r < REGS; r++) {
		if (!memcmp(in + r * BYTES, out + r * BYTES, len))
			continue;
		if (c->wrong++ < 3) {
			printf("# %d: register %u:", (int)getpid(), r);
			for (size_t i = 0; i < len; i++)
				printf(" %02x/%02x", in[r * BYTES + i], out[r * BYTES + i]);
			printf("\n");
		}
	}
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 1000, n = argc > 2 ? atoi(argv[2]) : 3;
	struct counts *c, sum = {0};
	uint8_t in[REGS * BYTES];

	have_avx = has_avx();
	c = mmap(NULL, sizeof(*c) * (size_t)n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		 -1, 0);
	if (n < 1 || c == MAP_FAILED) {
		fprintf(stderr, "xstate: no memory for %d processes\n", n);
		return 2;
	}
	for (int i = 0; i < n; i++) {
		uint32_t seed = (uint32_t)i * 7919u + 1u;

		if (fork())
			continue;
		for (int r = 0; r < rounds; r++)
			one_round(in, &c[i], &seed);
		fflush(stdout);
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	for (int i = 0; i < n; i++) {
		sum.rounds += c[i].rounds;
		sum.wrong += c[i].wrong;
	}
	printf("xstate: %llu rounds, %llu wrong, %s\n", (unsigned long long)sum.rounds,
	       (unsigned long long)sum.wrong, have_avx ? "AVX" : "SSE");
	return !sum.rounds || sum.wrong;
}
