/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Purpose:  device class "net": an Ethernet link between a guest's venet and a dom0 netdev.
 * Callers:  vbus/dev_net.c, guest-linux/venet.c.    Context: ring: any; calls: process.
 * Locking, lifetime: as ring.h.    Errors: a malformed request breaks its queue, both sides say so.
 *
 * Regions: queue pair n has 2n = receive queue (guest receives), 2n + 1 = transmit queue. Region
 * VB_NET_SHM_LINK holds struct vb_net_link with a port of its own (south to north). North
 * registers both queues of pairs 0 to n - 1, n at most vb_net_info.max_pairs, before
 * VB_NET_CALL_UP; these are in use until DOWN. The sender of a frame chooses its pair.
 *
 * Every frame starts with struct vb_net_hdr in the first buffer, directly followed by the frame
 * (or by the next buffer of the chain). Transmit: a chain of readable buffers, completed with len
 * 0 or, on a frame south refused (too long, bad offsets), flag VB_NET_C_DROPPED. South may read the
 * chain until it completes it, and completes in any order. Receive: north submits single writable
 * buffers; a frame that needs n > 1 of them (VB_NET_F_MRG) gets n completions in a row, hdr.buffers
 * = n in the first; else a frame fits one buffer. An 802.1Q tag is part of the frame, which it may
 * make four bytes longer than the MTU says.
 */
#ifndef VBUS_ABI_NET_H
#define VBUS_ABI_NET_H

#include "ring.h"

#define VB_NET_TYPE "net"
#define VB_NET_VERSION 1u

#define VB_NET_F_CSUM (1ull << 0)  /* both ways: partial checksums in the header */
#define VB_NET_F_TSO4 (1ull << 1)  /* both ways: TCPv4 segments larger than the MTU */
#define VB_NET_F_TSO6 (1ull << 2)
#define VB_NET_F_MRG (1ull << 3)   /* a received frame may span several buffers */
#define VB_NET_F_MTU (1ull << 4)   /* the guest may change the MTU with VB_NET_CALL_MTU */
#define VB_NET_F_FILTER (1ull << 5) /* south drops what VB_NET_CALL_FILTER does not name */
#define VB_NET_F_MAC (1ull << 6)    /* the guest may change its address with VB_NET_CALL_MAC */
#define VB_NET_F_PAIR (1ull << 7)   /* events stand for both queues of a pair, see below */

/*
 * VB_NET_F_PAIR: an event of either queue of a pair makes north look at both, and before it sleeps
 * it arms the receive queue first, then the transmit queue. So south need not tell of completed
 * transmissions while north has been told of the receive queue and has not armed it again.
 */
#define VB_NET_SHM_RX(pair) (2u * (pair))
#define VB_NET_SHM_TX(pair) (2u * (pair) + 1u)
#define VB_NET_SHM_LINK 0x1000u
#define VB_NET_MAX_PAIRS 16u
#define VB_NET_MAX_RING 4096u
#define VB_NET_MIN_MTU 68u
#define VB_NET_MAX_MTU 9000u
#define VB_NET_MAX_FRAME 65550u /* with TSO: Ethernet header + 64 KiB */

#define VB_NET_C_DROPPED 0x0100u /* completion flag */

#define VB_NET_H_NEEDS_CSUM 0x01u /* csum_start, csum_offset are valid */
#define VB_NET_H_DATA_VALID 0x02u /* checksum was verified or need not be */
#define VB_NET_GSO_NONE 0u
#define VB_NET_GSO_TCPV4 1u
#define VB_NET_GSO_TCPV6 4u
#define VB_NET_GSO_ECN 0x80u

struct vb_net_hdr {
	uint8_t flags;	      /* VB_NET_H_* */
	uint8_t gso_type;     /* VB_NET_GSO_* */
	uint16_t hdr_len;     /* bytes of all headers, when GSO */
	uint16_t gso_size;    /* payload bytes per segment */
	uint16_t csum_start;  /* from the start of the frame */
	uint16_t csum_offset; /* from csum_start */
	uint16_t buffers;     /* received frame: how many buffers, >= 1; transmit: 0 */
	uint32_t len;	      /* bytes of the frame without this header */
};
MB_ABI_SIZE(struct vb_net_hdr, 16);
MB_ABI_OFF(struct vb_net_hdr, csum_start, 6);
MB_ABI_OFF(struct vb_net_hdr, len, 12);

/* Link state: written by south only; its port is raised after each change (tx.seq counts). */
struct vb_net_link {
	struct shm_signal_tx tx; /* south */
	struct shm_signal_rx rx; /* north */
	uint32_t up;		 /* carrier */
	uint32_t speed;		 /* Mb/s, informational */
	uint32_t mtu;		 /* the device's largest MTU now */
	uint32_t pad[13];
};
MB_ABI_SIZE(struct vb_net_link, 192);
MB_ABI_OFF(struct vb_net_link, up, 128);

#define VB_NET_CALL_INFO 1u /* out: struct vb_net_info */
#define VB_NET_CALL_UP 2u   /* queues are registered: traffic may flow */
#define VB_NET_CALL_DOWN 3u /* stop; returns when south no longer touches any buffer, or with
			     * -MB_ETIMEDOUT: it may still read frames, whose memory must stay */
#define VB_NET_CALL_MTU 4u  /* in: uint32_t mtu; only while down */
#define VB_NET_CALL_FILTER 5u /* in: struct vb_net_filter; any time while open */
#define VB_NET_CALL_MAC 6u  /* in: 6 bytes, the guest's address until close; any time while open */

struct vb_net_info {
	uint8_t mac[6];
	uint16_t max_pairs;
	uint32_t mtu;
	uint32_t max_mtu;
};
MB_ABI_SIZE(struct vb_net_info, 16);
MB_ABI_OFF(struct vb_net_info, mtu, 8);

/*
 * Which frames the guest wants. Always: those for its own address and for broadcast. Before the
 * first call after open: all. Addresses may be of one station or of a group.
 */
#define VB_NET_FILTER_ALL 0x1u	  /* promiscuous: every frame */
#define VB_NET_FILTER_GROUPS 0x2u /* every frame for a group */
#define VB_NET_FILTER_MAX 36u	  /* addresses; who needs more asks for GROUPS or ALL */

struct vb_net_filter {
	uint8_t flags; /* VB_NET_FILTER_* */
	uint8_t count; /* of mac[] */
	uint16_t pad;
	uint8_t mac[VB_NET_FILTER_MAX][6];
};
MB_ABI_SIZE(struct vb_net_filter, 4 + 6 * VB_NET_FILTER_MAX);
MB_ABI_OFF(struct vb_net_filter, mac, 4);

#endif
