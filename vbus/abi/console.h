/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Purpose:  device class "console": up to 16 independent two-way character ports.
 * Callers:  vbus/dev_console.c, guest-linux/vconsole.c; vbus/proto/bytes.c has the rings.
 * Context:  any.    Locking: one writer per line.
 * Lifetime: a port's region from VB_CALL_SHM to close.
 * Errors:   a count further ahead than the ring is long breaks that port alone.
 *
 * Region n is port n, with a signal: one struct vb_console_port. North registers the ports it
 * wants, below the number that VB_CONSOLE_CALL_INFO tells. Everything in a port exists twice:
 * element 0 is written by north (its output, its state), element 1 by south; each end reads the
 * other's.
 *
 * A ring carries bytes. tx/rx say how many were written, and when the reader wants to hear of more;
 * taken/room say how many were read, and when the writer wants to hear of room. All four are lines
 * of shm-signal (signal.h); rx.consumed and room.consumed are not used. A writer never overtakes
 * taken by more than the ring's length, so nothing is lost however slow the reader is.
 *
 * A state tells the other end what a modem's lines would: opens counts openings and closings of
 * this end by its user, odd = open now. When it becomes even, or two further, the other user is
 * hung up, after what was written before was delivered. rows and columns are the size of this end's
 * window, 0 = unknown. tx.seq counts changes.
 */
#ifndef VBUS_ABI_CONSOLE_H
#define VBUS_ABI_CONSOLE_H

#include "signal.h"

#define VB_CONSOLE_TYPE "console"
#define VB_CONSOLE_VERSION 1u
#define VB_CONSOLE_MAX_PORTS 16u
#define VB_CONSOLE_RING 8192u /* bytes; a power of two */

struct vb_console_ring {
	struct shm_signal_tx tx;    /* writer */
	struct shm_signal_rx rx;    /* reader */
	struct shm_signal_tx taken; /* reader */
	struct shm_signal_rx room;  /* writer */
	uint8_t data[VB_CONSOLE_RING]; /* writer */
};
MB_ABI_SIZE(struct vb_console_ring, 256 + VB_CONSOLE_RING);
MB_ABI_OFF(struct vb_console_ring, taken, 128);
MB_ABI_OFF(struct vb_console_ring, data, 256);

struct vb_console_state {
	struct shm_signal_tx tx; /* this end */
	struct shm_signal_rx rx; /* the other end */
	uint32_t opens;		 /* this end, as the rest */
	uint16_t rows;
	uint16_t columns;
	uint32_t pad[14];
};
MB_ABI_SIZE(struct vb_console_state, 192);
MB_ABI_OFF(struct vb_console_state, opens, 128);
MB_ABI_OFF(struct vb_console_state, rows, 132);

#define VB_CONSOLE_NORTH 0u
#define VB_CONSOLE_SOUTH 1u

struct vb_console_port {
	struct vb_console_ring ring[2]; /* by writer */
	struct vb_console_state state[2];
};
MB_ABI_SIZE(struct vb_console_port, 2 * (256 + VB_CONSOLE_RING) + 384);
MB_ABI_OFF(struct vb_console_port, state, 2 * (256 + VB_CONSOLE_RING));

#define VB_CONSOLE_CALL_INFO 1u /* out: struct vb_console_info */

struct vb_console_info {
	uint32_t ports;
	uint32_t pad;
};
MB_ABI_SIZE(struct vb_console_info, 8);
MB_ABI_OFF(struct vb_console_info, pad, 4);

#endif
