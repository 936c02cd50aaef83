/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The real-time clock. Two readings must agree, because the clock may tick in the middle of one;
 * with update-in-progress clear before each.
 */
#include "arch/x86/cmos.h"

#include "arch/x86/io.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71
#define RTC_SECONDS 0
#define RTC_MINUTES 2
#define RTC_HOURS 4
#define RTC_DAY 7
#define RTC_MONTH 8
#define RTC_YEAR 9
#define RTC_STATUS_A 10
#define RTC_STATUS_B 11
#define STATUS_A_UPDATING 0x80
#define STATUS_B_24H 0x02
#define STATUS_B_BINARY 0x04
#define HOUR_PM 0x80
#define POLLS_MAX 100000
#define ATTEMPTS 8

struct rtc {
	u8 second, minute, hour, day, month, year;
};

static u8 cmos_read(u8 reg)
{
	outb(CMOS_INDEX, reg);
	return inb(CMOS_DATA);
}

static bool read_raw(struct rtc *t)
{
	unsigned int i = 0;

	while (cmos_read(RTC_STATUS_A) & STATUS_A_UPDATING) {
		if (++i > POLLS_MAX)
			return false;
	}
	t->second = cmos_read(RTC_SECONDS);
	t->minute = cmos_read(RTC_MINUTES);
	t->hour = cmos_read(RTC_HOURS);
	t->day = cmos_read(RTC_DAY);
	t->month = cmos_read(RTC_MONTH);
	t->year = cmos_read(RTC_YEAR);
	return true;
}

static bool is_same(const struct rtc *a, const struct rtc *b)
{
	return a->second == b->second && a->minute == b->minute && a->hour == b->hour &&
	       a->day == b->day && a->month == b->month && a->year == b->year;
}

static u8 from_bcd(u8 val)
{
	return (u8)((val >> 4) * 10 + (val & 0xf));
}

static void decode(struct rtc *t, u8 status_b)
{
	bool pm = t->hour & HOUR_PM && !(status_b & STATUS_B_24H);

	t->hour &= (u8)~HOUR_PM;
	if (!(status_b & STATUS_B_BINARY)) {
		t->second = from_bcd(t->second);
		t->minute = from_bcd(t->minute);
		t->hour = from_bcd(t->hour);
		t->day = from_bcd(t->day);
		t->month = from_bcd(t->month);
		t->year = from_bcd(t->year);
	}
	if (!(status_b & STATUS_B_24H))
		t->hour = (u8)(t->hour % 12 + (pm ? 12 : 0));
}

/* Years are 2000..2099: every fourth one is a leap year. */
static u64 to_unix(const struct rtc *t)
{
	static const u16 days_before[] = {0,   31,  59,	 90,  120, 151,
					  181, 212, 243, 273, 304, 334};
	u64 days = 10957; /* 1970-01-01 to 2000-01-01 */

	days += t->year * 365ul + (t->year + 3ul) / 4;
	days += days_before[t->month - 1] + t->day - 1ul;
	if (t->year % 4 == 0 && t->month > 2)
		days++;
	return ((days * 24 + t->hour) * 60 + t->minute) * 60 + t->second;
}

u64 cmos_read_time(void)
{
	struct rtc t, again;

	for (unsigned int i = 0; i < ATTEMPTS; i++) {
		if (!read_raw(&t) || !read_raw(&again))
			return 0;
		if (!is_same(&t, &again))
			continue;
		decode(&t, cmos_read(RTC_STATUS_B));
		if (t.month < 1 || t.month > 12 || t.day < 1 || t.day > 31 || t.hour > 23 ||
		    t.minute > 59 || t.second > 60 || t.year > 99)
			return 0;
		return to_unix(&t);
	}
	return 0;
}
