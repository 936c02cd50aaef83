/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exits that need little: interrupts (already taken), HLT, what a domain may not use, its end.
 */
#include "hv/exit.h"

#include "hv/domain.h"
#include "hv/panic.h"
#include "hv/vcpu.h"

enum exit_action exit_intr(struct vcpu *v)
{
	(void)v; /* irq.c has handled it when the world switch opened interrupts */
	return EXIT_RETRY;
}

enum exit_action exit_nmi(struct vcpu *v)
{
	(void)v; /* taken by the host's NMI handler at the same moment */
	return EXIT_RETRY;
}

enum exit_action exit_init(struct vcpu *v)
{
	/* Only firmware or a debugger sends INIT to a running CPU: domains' INITs are virtual. */
	(void)v;
	return EXIT_RETRY;
}

enum exit_action exit_hlt(struct vcpu *v)
{
	v->halted = true;
	vcpu_count(v, HLT_BLOCK);
	return EXIT_RESUME;
}

enum exit_action exit_shutdown(struct vcpu *v)
{
	domain_shutdown(v->dom, MB_REASON_TRIPLE_FAULT);
	return EXIT_KILL;
}

enum exit_action exit_window(struct vcpu *v)
{
	/* IRET is about to run; another NMI may nest on it, as after any IRET inside a handler. */
	vops->set_exiting(v, EXITING_IRET, false);
	v->nmi_blocked = false;
	return EXIT_RETRY;
}

enum exit_action exit_invd(struct vcpu *v)
{
	/* Guest memory is write back and coherent: there is nothing to write out, and INVD must
	 * not throw away what others wrote. */
	(void)v;
	return EXIT_RESUME;
}

enum exit_action exit_pause(struct vcpu *v)
{
	(void)v;
	return EXIT_RESUME;
}

enum exit_action exit_vminsn(struct vcpu *v)
{
	/* Not offered by CPUID, so as on a CPU without it: #UD. */
	vcpu_inject_ud(v);
	return EXIT_RETRY;
}

static enum exit_action unexpected(struct vcpu *v, const char *what)
{
	vops->dump(v);
	if (v->dom->privileged)
		panic("dom0 vCPU %u: %s: code %lx info %lx %lx rip %lx", v->id, what,
		      v->exit.hw_code, v->exit.hw_info1, v->exit.hw_info2, v->rip);
	domain_kill(v->dom, "%s: code %lx info %lx %lx rip %lx", what, v->exit.hw_code,
		    v->exit.hw_info1, v->exit.hw_info2, v->rip);
	return EXIT_KILL;
}

enum exit_action exit_invalid(struct vcpu *v)
{
	/* A guest can reach this too: some emulators answer so to a reserved CR4 bit. */
	return unexpected(v, "the CPU refused its state");
}

enum exit_action exit_other(struct vcpu *v)
{
	return unexpected(v, "unexpected exit");
}
