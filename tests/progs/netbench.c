// SPDX-License-Identifier: GPL-2.0-only
/*
 * netbench: the network benchmark that the KVM baseline was measured with
 * (tests/bench/kvm-baseline.tsv), so that the units are the same. The server ("netbench serve")
 * runs in dom0, the client in the guest; a measurement runs over one TCP control connection, plus a
 * UDP socket for the UDP modes. Output: one line of key=value pairs. Plain Linux sockets, static.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAXBUF (1 << 20)
static char buf[MAXBUF];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static void put_all(int fd, const void *p, size_t n)
{
	const char *c = p;
	while (n) {
		ssize_t r = write(fd, c, n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			die("write");
		c += r;
		n -= r;
	}
}

static void get_all(int fd, void *p, size_t n)
{
	char *c = p;
	while (n) {
		ssize_t r = read(fd, c, n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0) {
			fprintf(stderr, "netbench: peer closed early\n");
			exit(1);
		}
		c += r;
		n -= r;
	}
}

static void put_line(int fd, const char *fmt, ...)
{
	char line[256];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	put_all(fd, line, n);
}

static void get_line(int fd, char *line, int max)
{
	int i = 0;
	while (i < max - 1) {
		get_all(fd, line + i, 1);
		if (line[i] == '\n')
			break;
		i++;
	}
	line[i] = 0;
}

static void nodelay(int fd)
{
	int one = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void stream_send(int fd, uint64_t bytes, uint64_t chunk)
{
	while (bytes) {
		uint64_t n = bytes < chunk ? bytes : chunk;
		put_all(fd, buf, n);
		bytes -= n;
	}
}

static uint64_t stream_recv(int fd, uint64_t bytes, uint64_t *reads)
{
	uint64_t got = 0;
	while (got < bytes) {
		ssize_t r = read(fd, buf, bytes - got < MAXBUF ? bytes - got : MAXBUF);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			break;
		got += r;
		(*reads)++;
	}
	return got;
}

static void rr_tcp(int fd, uint64_t count, uint64_t size, int first)
{
	while (count--) {
		if (first)
			put_all(fd, buf, size);
		get_all(fd, buf, size);
		if (!first)
			put_all(fd, buf, size);
	}
}

static int udp_socket(int *port, int timeout_ms)
{
	int u = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t l = sizeof a;
	int sz = 8 << 20;
	struct timeval tv = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };
	if (u < 0 || bind(u, (void *)&a, sizeof a) < 0)
		die("udp socket");
	if (setsockopt(u, SOL_SOCKET, SO_RCVBUFFORCE, &sz, sizeof sz) < 0)
		setsockopt(u, SOL_SOCKET, SO_RCVBUF, &sz, sizeof sz);
	setsockopt(u, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	getsockname(u, (void *)&a, &l);
	*port = ntohs(a.sin_port);
	return u;
}

static void udp_connect(int u, struct sockaddr_in peer, int port)
{
	peer.sin_port = htons(port);
	if (connect(u, (void *)&peer, sizeof peer) < 0)
		die("udp connect");
}

/* send count packets as fast as the socket takes them */
static uint64_t burst_send(int u, uint64_t count, uint64_t size, uint64_t *retry)
{
	uint64_t i = 0;
	while (i < count) {
		ssize_t r = send(u, buf, size, 0);
		if (r < 0) {
			if (errno == ENOBUFS || errno == EAGAIN || errno == ECONNREFUSED ||
			    errno == EINTR) {
				(*retry)++;
				continue;
			}
			die("udp send");
		}
		i++;
	}
	return i;
}

/* receive until the other side said DONE on ctl and 200 ms brought nothing */
static uint64_t burst_recv(int u, int ctl, uint64_t count, double *sec, char *done, int max)
{
	uint64_t got = 0;
	double t0 = 0, t1 = 0;
	for (;;) {
		ssize_t r = recv(u, buf, MAXBUF, 0);
		if (r >= 0) {
			if (!got)
				t0 = t1 = now();
			got++;
			if (!(got & 63) || got == count)
				t1 = now();
			continue;
		}
		struct pollfd p = { ctl, POLLIN, 0 };
		if (poll(&p, 1, 0) == 1)
			break;
	}
	get_line(ctl, done, max);
	*sec = t1 - t0;
	return got;
}

static void udp_echo(int u, int ctl)
{
	struct sockaddr_in a;
	for (;;) {
		socklen_t l = sizeof a;
		ssize_t r = recvfrom(u, buf, MAXBUF, 0, (void *)&a, &l);
		if (r >= 0) {
			sendto(u, buf, r, 0, (void *)&a, l);
			continue;
		}
		struct pollfd p = { ctl, POLLIN, 0 };
		if (poll(&p, 1, 0) == 1)
			break;
	}
}

struct job {
	const char *mode;
	unsigned long long count, size; /* bytes of a stream, else transactions or packets */
	struct sockaddr_in peer;
	int ctl;	/* the control connection */
	int udp;	/* UDP modes: our socket */
	int udp_port;	/* UDP modes: the client's port */
};

/* ---- the serving half: one function per mode ---- */
static void serve_tcp_send(struct job *j)
{
	uint64_t reads = 0;
	uint64_t got = stream_recv(j->ctl, j->count, &reads);

	put_line(j->ctl, "peer_bytes=%llu peer_reads=%llu\n", (unsigned long long)got,
		 (unsigned long long)reads);
}

static void serve_tcp_recv(struct job *j)
{
	char line[256];

	stream_send(j->ctl, j->count, j->size);
	get_line(j->ctl, line, sizeof(line));
}

static void serve_tcp_rr(struct job *j)
{
	rr_tcp(j->ctl, j->count, j->size, 0);
}

static int serve_udp_open(struct job *j)
{
	int port;
	int u = udp_socket(&port, 200);

	put_line(j->ctl, "%d\n", port);
	return u;
}

static void serve_udp_rr(struct job *j)
{
	udp_echo(serve_udp_open(j), j->ctl);
}

static void serve_udp_send(struct job *j)
{
	char line[256];
	double sec;
	uint64_t n = burst_recv(serve_udp_open(j), j->ctl, j->count, &sec, line, sizeof(line));

	put_line(j->ctl, "received=%llu recv_sec=%.6f\n", (unsigned long long)n, sec);
}

static void serve_udp_recv(struct job *j)
{
	uint64_t retry = 0;
	int u = serve_udp_open(j);
	double t = now();

	udp_connect(u, j->peer, j->udp_port);
	burst_send(u, j->count, j->size, &retry);
	put_line(j->ctl, "sent=%llu send_retry=%llu send_sec=%.6f\n", j->count,
		 (unsigned long long)retry, now() - t);
}

/* ---- the measuring half ---- */
static void run_tcp_send(struct job *j)
{
	char line[256];
	double t = now();

	stream_send(j->ctl, j->count, j->size);
	get_line(j->ctl, line, sizeof(line));
	t = now() - t;
	printf("mode=%s bytes=%llu sec=%.6f MBps=%.3f %s\n", j->mode, j->count, t,
	       j->count / t / 1e6, line);
}

static void run_tcp_recv(struct job *j)
{
	uint64_t reads = 0;
	double t = now();
	uint64_t got = stream_recv(j->ctl, j->count, &reads);

	t = now() - t;
	put_line(j->ctl, "ok\n");
	printf("mode=%s bytes=%llu sec=%.6f MBps=%.3f reads=%llu\n", j->mode,
	       (unsigned long long)got, t, got / t / 1e6, (unsigned long long)reads);
}

static void run_tcp_rr(struct job *j)
{
	double t = now();

	rr_tcp(j->ctl, j->count, j->size, 1);
	t = now() - t;
	printf("mode=%s count=%llu sec=%.6f us_per_txn=%.3f\n", j->mode, j->count, t,
	       t / j->count * 1e6);
}

/* The peer's UDP port comes by the control connection. */
static void run_udp_open(struct job *j)
{
	char line[256];

	get_line(j->ctl, line, sizeof(line));
	udp_connect(j->udp, j->peer, atoi(line));
}

static void run_udp_rr(struct job *j)
{
	uint64_t lost = 0;
	double t;

	run_udp_open(j);
	t = now();
	for (uint64_t i = 0; i < j->count; i++) {
		send(j->udp, buf, j->size, 0);
		while (recv(j->udp, buf, MAXBUF, 0) < 0) {
			if (++lost > 100) {
				fprintf(stderr, "netbench: too many losses\n");
				exit(1);
			}
			send(j->udp, buf, j->size, 0);
		}
	}
	t = now() - t;
	printf("mode=%s count=%llu sec=%.6f us_per_txn=%.3f timeouts=%llu\n", j->mode, j->count, t,
	       t / j->count * 1e6, (unsigned long long)lost);
}

static void run_udp_send(struct job *j)
{
	char line[256];
	uint64_t retry = 0;
	double t;

	run_udp_open(j);
	t = now();
	burst_send(j->udp, j->count, j->size, &retry);
	t = now() - t;
	put_line(j->ctl, "DONE\n");
	get_line(j->ctl, line, sizeof(line));
	printf("mode=%s sent=%llu send_sec=%.6f send_retry=%llu %s\n", j->mode, j->count, t,
	       (unsigned long long)retry, line);
}

static void run_udp_recv(struct job *j)
{
	char line[256];
	double sec;
	uint64_t got;

	run_udp_open(j);
	got = burst_recv(j->udp, j->ctl, j->count, &sec, line, sizeof(line));
	printf("mode=%s received=%llu recv_sec=%.6f %s\n", j->mode, (unsigned long long)got, sec,
	       line);
}

static const struct mode {
	const char *name;
	int udp;
	unsigned long long count, size; /* defaults */
	void (*serve)(struct job *j);
	void (*run)(struct job *j);
} modes[] = {
	{ "tcp-send", 0, 256ull << 20, 65536, serve_tcp_send, run_tcp_send },
	{ "tcp-recv", 0, 256ull << 20, 65536, serve_tcp_recv, run_tcp_recv },
	{ "tcp-rr", 0, 20000, 1, serve_tcp_rr, run_tcp_rr },
	{ "udp-rr", 1, 20000, 1, serve_udp_rr, run_udp_rr },
	{ "udp-send", 1, 200000, 64, serve_udp_send, run_udp_send },
	{ "udp-recv", 1, 200000, 64, serve_udp_recv, run_udp_recv },
};

static const struct mode *find_mode(const char *name)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(name, modes[i].name))
			return &modes[i];
	return NULL;
}

static void serve_one(int c, struct sockaddr_in peer)
{
	struct job j = { .peer = peer, .ctl = c };
	const struct mode *m;
	char line[256], name[32];

	nodelay(c);
	get_line(c, line, sizeof(line));
	if (sscanf(line, "%31s %llu %llu %d", name, &j.count, &j.size, &j.udp_port) != 4)
		exit(1);
	m = find_mode(name);
	if (!m || !j.size || j.size > MAXBUF)
		exit(1);
	m->serve(&j);
	exit(0);
}

static void serve(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int s = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (s < 0 || bind(s, (void *)&a, sizeof(a)) < 0 || listen(s, 8) < 0)
		die("listen");
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		socklen_t l = sizeof(a);
		int c = accept(s, (void *)&a, &l);

		if (c < 0)
			continue;
		if (!fork()) {
			close(s);
			serve_one(c, a);
		}
		close(c);
	}
}

static void measure(const struct mode *m, const char *host, unsigned long long count, int port)
{
	struct job j = { .mode = m->name, .count = count ? count : m->count, .size = m->size };

	j.peer.sin_family = AF_INET;
	j.peer.sin_port = htons(port);
	if (inet_pton(AF_INET, host, &j.peer.sin_addr) != 1) {
		fprintf(stderr, "netbench: bad IPv4 address %s\n", host);
		exit(2);
	}
	j.ctl = socket(AF_INET, SOCK_STREAM, 0);
	if (j.ctl < 0 || connect(j.ctl, (void *)&j.peer, sizeof(j.peer)) < 0)
		die("connect");
	nodelay(j.ctl);
	if (m->udp)
		j.udp = udp_socket(&j.udp_port, 1000);
	put_line(j.ctl, "%s %llu %llu %d\n", j.mode, j.count, j.size, j.udp_port);
	m->run(&j);
}

int main(int argc, char **argv)
{
	const struct mode *m;

	signal(SIGPIPE, SIG_IGN);
	if (argc == 2 && !strcmp(argv[1], "serve"))
		serve(7000);
	m = argc >= 3 ? find_mode(argv[1]) : NULL;
	if (!m) {
		fprintf(stderr, "usage: netbench serve | netbench MODE HOST [COUNT]\n"
				"modes: tcp-send tcp-recv tcp-rr udp-rr udp-send udp-recv\n");
		return 2;
	}
	measure(m, argv[2], argc > 3 ? strtoull(argv[3], NULL, 0) : 0, 7000);
	return 0;
}
