/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  fixed-width integers, address kinds, and the few macros everything else uses.
 * Callers:  everybody in boot/, arch/, hv/, svm/, vmx/.
 * Context:  any. Locking, lifetime, errors: none.
 *
 * The three address kinds are distinct types so that the compiler refuses to mix them. u64 is
 * "unsigned long": print it with %lx / %lu.
 */
#ifndef MINIBUS_ARCH_TYPES_H
#define MINIBUS_ARCH_TYPES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

typedef struct {
	u64 v;
} hpa_t; /* machine (host-physical) address */

typedef struct {
	u64 v;
} gpa_t; /* guest-physical address */

typedef struct {
	u64 v;
} gva_t; /* guest-virtual (linear) address */

#define HPA(x) ((hpa_t){.v = (x)})
#define GPA(x) ((gpa_t){.v = (x)})
#define GVA(x) ((gva_t){.v = (x)})

#define KIB 1024ul
#define MIB (1024ul * KIB)
#define GIB (1024ul * MIB)

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096ul
#define PAGE_MASK (PAGE_SIZE - 1)
#define EXTENT_SHIFT 21
#define EXTENT_SIZE (2 * MIB)
#define EXTENT_MASK (EXTENT_SIZE - 1)

#define ALIGN_DOWN(x, a) ((x) & ~((a) - 1))
#define ALIGN_UP(x, a) (((x) + (a) - 1) & ~((a) - 1))
#define IS_ALIGNED(x, a) (((x) & ((a) - 1)) == 0)
#define BIT(n) (1ul << (n))
#define DIV_ROUND_UP(x, d) (((x) + (d) - 1) / (d))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

#define STATIC_ASSERT(cond) _Static_assert(cond, #cond)
#define STATIC_OFFSET(type, field, off) \
	_Static_assert(offsetof(type, field) == (off), #type "." #field " is at " #off)
#define STATIC_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " has size " #size)

/* One access, not repeated, split or merged by the compiler. No ordering: see barrier.h. */
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, val) (*(volatile __typeof__(x) *)&(x) = (val))

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define PACKED __attribute__((packed))
#define ALIGNED(n) __attribute__((aligned(n)))
#define NORETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))
#define NOINLINE __attribute__((noinline))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUST_CHECK __attribute__((warn_unused_result))

#endif
