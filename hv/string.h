/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  memory and string functions, and formatted text into a buffer.
 * Callers:  everybody. Context: any, NMI too. Locking, lifetime: none.
 * Errors:   the bounded copies cut and always terminate; str_to_* return -EINVAL.
 */
#ifndef MINIBUS_HV_STRING_H
#define MINIBUS_HV_STRING_H

#include "arch/x86/types.h"

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);

/* Copies at most size - 1 characters and terminates; returns strlen(src). */
size_t string_copy(char *dst, const char *src, size_t size);

/* Decimal or 0x hex, whole string; size also takes a suffix K, M, G or T. */
int string_to_u64(const char *s, u64 *val);
int string_to_size(const char *s, u64 *val);

/* Returns the length the whole text has; writes at most size - 1 characters and a NUL. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args) PRINTF(3, 0);
int snprintf(char *buf, size_t size, const char *fmt, ...) PRINTF(3, 4);

#endif
