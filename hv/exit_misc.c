/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exits that need little: interrupts (already taken), HLT, what a domain may not use, its end.
 */
#include "hv/exit.h"

#include "arch/x86/cpu.h"
#include "arch/x86/cr.h"
#include "arch/x86/msr.h"
#include "arch/x86/smp.h"
#include "arch/x86/trap.h"
#include "arch/x86/tsc.h"
#include "hv/domain.h"
#include "hv/panic.h"
#include "hv/printk.h"
#include "hv/vcpu.h"
#include "hv/vlapic_hw.h"

enum exit_action exit_intr(struct vcpu *v)
{
	(void)v; /* irq.c has handled it when the world switch opened interrupts */
	return EXIT_RETRY;
}

enum exit_action exit_nmi(struct vcpu *v)
{
	/* The host's NMI handler has taken it, see irq_nmi(): it may not print. */
	printk_limited(LOG_INFO, "cpu%u: NMI while d%uv%u ran, handed to dom0\n", smp_cpu_id(),
		       v->dom->id, v->id);
	return EXIT_RETRY;
}

enum exit_action exit_init(struct vcpu *v)
{
	/* Domains' INITs are virtual: this one is the chipset's, whose reset dom0 has asked for by
	 * the keyboard controller. The exit has swallowed it. */
	panic_stop_machine(v->dom->privileged ? "reset by dom0" : "reset", true);
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
	if (!v->exit.window.nmi)
		return EXIT_RETRY; /* for an interrupt: the next entry delivers it */
	/* IRET has run or is about to; then another NMI may nest on it, as after any IRET inside a
	 * handler. */
	vops->set_exiting(v, EXITING_IRET, false);
	v->nmi_blocked = false;
	return EXIT_RETRY;
}

enum exit_action exit_invd(struct vcpu *v)
{
	/* Guest memory is write back and coherent: there is nothing to write out, and INVD must
	 * not throw away what others wrote. */
	if (v->dom->privileged)
		wbinvd(); /* its devices may not be coherent */
	return EXIT_RESUME;
}

enum exit_action exit_pause(struct vcpu *v)
{
	/* It waits for another vCPU, which may be waiting for this CPU: its slice is over. */
	v->slice_end = tsc_now();
	return EXIT_RESUME;
}

enum exit_action exit_apic(struct vcpu *v)
{
	if (v->exit.apic.sent)
		vlapic_hw_sent(v, v->exit.apic.vector);
	else
		vlapic_hw_ended(v, v->exit.apic.vector);
	return EXIT_RETRY; /* the instruction is done */
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
	return unexpected(v, v->exit.what ? v->exit.what : "the CPU refused its state");
}

enum exit_action exit_other(struct vcpu *v)
{
	return unexpected(v, v->exit.what ? v->exit.what : "unexpected exit");
}

enum exit_action exit_exception(struct vcpu *v)
{
	u8 vector = v->exit.exc.vector;

	switch (vector) {
	case TRAP_DB:
	case TRAP_AC:
		/* Intercepted only so that delivering it over and over cannot hold the CPU. */
		vcpu_inject_exception(v, vector, v->exit.exc.has_error, v->exit.exc.error);
		return EXIT_RETRY;
	case TRAP_MC:
		/* The banks keep the details for dom0, which polls them. With MCIP left set the
		 * next machine check would shut the machine down. */
		wrmsr_safe(MSR_MCG_STATUS, 0);
		domain_kill(v->dom, "machine check on CPU %u while it ran", smp_cpu_id());
		return EXIT_KILL;
	default:
		return exit_other(v);
	}
}
