// SPDX-License-Identifier: GPL-2.0-only
/*
 * transfer: moves pseudo-random data over TCP and prints a checksum at each end, so that what
 * arrived can be compared with what was sent at more than the speed of md5sum.
 *
 *     transfer listen PORT               receives one stream, prints "bytes N sum X"
 *     transfer send HOST PORT MIB        makes and sends the stream, prints the same
 *
 * The sum depends on every byte and on its place (multiply and rotate over 64-bit words).
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK (256u * 1024)

static uint64_t words[CHUNK / 8];
static uint64_t sum = 0x6d696e69627573ull, bytes;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void add(size_t len)
{
	if (len % 8)
		memset((char *)words + len, 0, 8 - len % 8);
	for (size_t i = 0; i < (len + 7) / 8; i++) {
		sum = (sum ^ words[i]) * 0x9e3779b97f4a7c15ull;
		sum = sum << 29 | sum >> 35;
	}
	bytes += len;
}

static void fill(void)
{
	static uint64_t x = 0x853c49e6748fea9bull;

	for (size_t i = 0; i < CHUNK / 8; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		words[i] = x;
	}
}

static void receive(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int s = socket(AF_INET, SOCK_STREAM, 0), one = 1, c;
	ssize_t n;

	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (s < 0 || bind(s, (void *)&a, sizeof(a)) || listen(s, 1))
		die("listen");
	c = accept(s, NULL, NULL);
	if (c < 0)
		die("accept");
	while ((n = recv(c, words, CHUNK, MSG_WAITALL)) > 0)
		add(n);
	if (n < 0)
		die("recv");
}

/* The listener may need a moment to be there: 100 tries in 10 s. */
static int reach(const char *host, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	if (inet_pton(AF_INET, host, &a.sin_addr) != 1) {
		fprintf(stderr, "transfer: bad IPv4 address %s\n", host);
		exit(2);
	}
	for (int i = 0; i < 100; i++) {
		int s = socket(AF_INET, SOCK_STREAM, 0);

		if (s >= 0 && !connect(s, (void *)&a, sizeof(a)))
			return s;
		close(s);
		usleep(100000);
	}
	die("connect");
	return -1;
}

static void send_all(int s)
{
	const char *p = (const char *)words;
	size_t left = CHUNK;

	while (left) {
		ssize_t n = send(s, p, left, 0);

		if (n <= 0)
			die("send");
		p += n;
		left -= n;
	}
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "listen")) {
		receive(atoi(argv[2]));
	} else if (argc == 5 && !strcmp(argv[1], "send")) {
		int s = reach(argv[2], atoi(argv[3]));

		for (long n = atol(argv[4]) * (1048576 / CHUNK); n > 0; n--) {
			fill();
			send_all(s);
			add(CHUNK);
		}
		close(s);
	} else {
		fprintf(stderr, "usage: transfer listen PORT | transfer send HOST PORT MIB\n");
		return 2;
	}
	printf("bytes %llu sum %016llx\n", (unsigned long long)bytes, (unsigned long long)sum);
	return 0;
}
