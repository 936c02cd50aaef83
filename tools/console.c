// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first console of a guest is one device file: read = what the guest wrote since its creation
 * (as far as it is kept), write = its input. The device does not say when the guest ended, so
 * whenever there is nothing to read the guest's state is looked at; it is over when the state was
 * final before the last, empty read. NAME:PORT is a port of a console device instead, which is a
 * tty.
 */
#include "tools/console.h"

#include "tools/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define ESCAPE 0x1d /* Ctrl-] */
#define CHUNK 4096
#define TAIL_BYTES (64 << 10)

struct console {
	const struct tree *tree;
	const char *name;
	int fd;
	bool tty;
	bool input_open; /* standard input has not ended */
	size_t pending;	 /* bytes of input the guest has not taken yet */
	char input[CHUNK];
	int output_error;  /* errno of standard output */
	uint64_t deadline; /* of the time after the end of input; 0 = none */
	int timeout_ms;
	struct winsize size; /* as last told */
};

/* Of which guest: what stands before the colon of NAME:PORT. */
static void guest_of(const char *name, char guest[TREE_NAME])
{
	snprintf(guest, TREE_NAME, "%.*s", (int)strcspn(name, ":"), name);
}

/* The console device that the guest has under this link, or its first one if link is empty. */
static int find_device(const struct tree *tree, const char *guest, const char *link,
		       char device[TREE_NAME])
{
	static struct tree_names names;
	char path[TREE_PATH], target[TREE_PATH];

	tree_path(path, tree->configfs, "guests/%s/bus", guest);
	tree_list(path, &names);
	for (unsigned int i = 0; i < names.count; i++) {
		ssize_t len;

		if (*link && strcmp(link, names.name[i]))
			continue;
		tree_path(path, tree->configfs, "guests/%s/bus/%s", guest, names.name[i]);
		len = readlink(path, target, sizeof(target) - 1);
		target[len < 0 ? 0 : len] = 0;
		if (!strstr(target, "/devices/console/"))
			continue;
		snprintf(device, TREE_NAME, "%s", strrchr(target, '/') + 1);
		return 0;
	}
	return -ENOENT;
}

/* "3" or "con1.3", behind the colon: the path of that port's tty. */
static int port_path(const struct tree *tree, const char *guest, const char *port,
		     char path[TREE_PATH], struct fault *fault)
{
	const char *dot = strrchr(port, '.'), *digits = dot ? dot + 1 : port;
	char link[TREE_NAME] = "", device[TREE_NAME];

	if (!*digits || digits[strspn(digits, "0123456789")])
		return fault_set(fault, EINVAL, "'%s' is no port; write NAME:0 or NAME:con1.0",
				 port);
	if (dot)
		snprintf(link, sizeof(link), "%.*s", (int)(dot - port), port);
	if (find_device(tree, guest, link, device))
		return fault_set(fault, ENOENT, "the guest has no console device%s%s; write "
				 "console=[\"ports=1\"]", *link ? " " : "", link);
	tree_path(path, tree->dev, "%s.%s", device, digits);
	return 0;
}

/* What the user types goes to the guest as it is; the guest's end does the rest. */
static void make_raw(int fd)
{
	struct termios raw;

	if (tcgetattr(fd, &raw))
		return;
	cfmakeraw(&raw);
	tcsetattr(fd, TCSANOW, &raw);
}

static int console_open(const struct tree *tree, const char *name, struct fault *fault)
{
	const char *colon = strchr(name, ':');
	char path[TREE_PATH], guest[TREE_NAME];
	int fd, err;

	guest_of(name, guest);
	if (!guest_exists(tree, guest))
		return fault_set(fault, ENOENT, "no such guest; see 'minibus list'");
	tree_path(path, tree->dev, "%s.console", name);
	err = colon ? port_path(tree, guest, colon + 1, path, fault) : 0;
	if (err)
		return err;
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return fault_set(fault, errno, "%s: %s", path, strerror(errno));
	if (colon)
		make_raw(fd);
	return fd;
}

/* The guest's programs see the size of the user's window. */
static void pass_size(struct console *c)
{
	struct winsize size;

	if (!c->tty || !strchr(c->name, ':') || ioctl(STDIN_FILENO, TIOCGWINSZ, &size) ||
	    !memcmp(&size, &c->size, sizeof(size)))
		return;
	c->size = size;
	ioctl(c->fd, TIOCSWINSZ, &size);
}

/* 0 or the errno of standard output. */
static int write_all(const char *at, size_t len)
{
	while (len) {
		ssize_t done = write(STDOUT_FILENO, at, len);

		if (done < 0 && errno == EAGAIN) {
			struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

			poll(&out, 1, WATCH_STEP_MS);
			continue;
		}
		if (done < 0 && errno == EINTR && !watch_signal())
			continue;
		if (done <= 0)
			return done ? errno : EIO;
		at += done;
		len -= (size_t)done;
	}
	return 0;
}

/* Bytes printed, 0 = nothing there now, < 0 = no more output possible. */
static ssize_t print_output(struct console *c)
{
	char buf[CHUNK];
	ssize_t len = read(c->fd, buf, sizeof(buf));

	if (len > 0) {
		c->output_error = write_all(buf, (size_t)len);
		return c->output_error ? -1 : len;
	}
	return len == 0 || errno == EAGAIN || errno == EINTR ? 0 : -1;
}

/* True: the user wants to leave. */
static bool take_input(struct console *c)
{
	ssize_t len = read(STDIN_FILENO, c->input, sizeof(c->input));
	char *escape;

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (len <= 0) {
		c->input_open = false;
		if (c->timeout_ms >= 0)
			c->deadline = watch_now_ms() + (uint64_t)c->timeout_ms + 1;
		return false;
	}
	c->pending = (size_t)len;
	escape = c->tty ? memchr(c->input, ESCAPE, c->pending) : NULL;
	if (escape)
		c->pending = (size_t)(escape - c->input);
	return escape != NULL;
}

static void send_input(struct console *c)
{
	ssize_t done = c->pending ? write(c->fd, c->input, c->pending) : 0;

	if (done < 0 && errno != EAGAIN && errno != EINTR)
		done = (ssize_t)c->pending; /* a guest that ended takes no input */
	if (done <= 0)
		return;
	c->pending -= (size_t)done;
	memmove(c->input, c->input + done, c->pending);
}

static enum console_end copy(struct console *c)
{
	char guest[TREE_NAME];
	struct guest_status status;
	bool quiet = false; /* the last read found nothing although poll() promised */

	guest_of(c->name, guest);
	for (;;) {
		struct pollfd fds[2] = {
			{ .fd = quiet ? -1 : c->fd,
			  .events = (short)(POLLIN | (c->pending ? POLLOUT : 0)) },
			{ .fd = c->input_open && !c->pending ? STDIN_FILENO : -1,
			  .events = POLLIN },
		};
		ssize_t got;

		pass_size(c);
		poll(fds, 2, WATCH_STEP_MS);
		if (watch_signal())
			return CONSOLE_SIGNAL;
		if (fds[1].revents && take_input(c)) {
			send_input(c);
			return CONSOLE_LEFT;
		}
		send_input(c);
		guest_ask(c->tree, guest, &status);
		got = print_output(c);
		if (got <= 0 && guest_ended(&status))
			return CONSOLE_ENDED;
		if (got < 0)
			return CONSOLE_LEFT;
		if (!got && !c->pending && c->deadline && watch_now_ms() >= c->deadline)
			return CONSOLE_TIMEOUT;
		quiet = !got && fds[0].revents & (POLLIN | POLLHUP | POLLERR);
	}
}

int console_run(const struct tree *tree, const char *name, int timeout_ms, enum console_end *end,
		struct fault *fault)
{
	struct console c = { .tree = tree, .name = name, .timeout_ms = timeout_ms,
			     .input_open = true };
	struct termios saved, raw;

	c.fd = console_open(tree, name, fault);
	if (c.fd < 0)
		return c.fd;
	c.tty = isatty(STDIN_FILENO) && !tcgetattr(STDIN_FILENO, &saved);
	if (c.tty) {
		fprintf(stderr, "minibus: console of %s, Ctrl-] leaves it\n", name);
		raw = saved;
		cfmakeraw(&raw);
		tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	}
	*end = copy(&c);
	if (c.tty) {
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
		fputc('\n', stderr);
	}
	close(c.fd);
	if (c.output_error && *end != CONSOLE_SIGNAL)
		return fault_set(fault, c.output_error, "standard output: %s",
				 strerror(c.output_error));
	return 0;
}

void console_tail(const struct tree *tree, const char *name, unsigned int lines)
{
	struct fault ignored = { 0 };
	int fd = console_open(tree, name, &ignored);
	char *buf = malloc(TAIL_BYTES);
	size_t len = 0, start;
	ssize_t got;

	/* Keeps the last half to whole of the buffer. */
	while (fd >= 0 && buf && (got = read(fd, buf + len, TAIL_BYTES - len)) > 0) {
		len += (size_t)got;
		if (len == TAIL_BYTES) {
			memmove(buf, buf + TAIL_BYTES / 2, TAIL_BYTES / 2);
			len = TAIL_BYTES / 2;
		}
	}
	while (len && (buf[len - 1] == '\n' || buf[len - 1] == '\r'))
		len--;
	for (start = len; start && lines; start--)
		if (buf[start - 1] == '\n' && !--lines)
			break;
	while (start < len) {
		size_t line = start;

		while (line < len && buf[line] != '\n')
			line++;
		fprintf(stderr, "  | %.*s\n", (int)(line - start), buf + start);
		start = line + 1;
	}
	free(buf);
	if (fd >= 0)
		close(fd);
}
