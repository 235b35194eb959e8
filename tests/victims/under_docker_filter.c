/* SPDX-License-Identifier: MIT */
/* Runs argv[1] with the system calls that Docker's default profile denies to a container without capabilities: they
 * fail with EPERM, clone3 with ENOSYS so that libc falls back to clone, whose flags can be looked at. "old" before the program
 * takes close_range and PAGEMAP_SCAN away too, as Linux 5.8 does. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGEMAP_SCAN 0xc0606610u
#define NAMESPACES (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP)
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define GIVE(what) BPF_STMT(BPF_RET | BPF_K, what)
#define DENY(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), GIVE(SECCOMP_RET_ERRNO | EPERM)

int main(int argc, char **argv)
{
	int is_old = argc > 1 && !strcmp(argv[1], "old");
	struct sock_filter code[] = {
		LOAD(arch), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0), GIVE(SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
		DENY(ptrace), DENY(process_vm_readv), DENY(process_vm_writev), DENY(perf_event_open), DENY(bpf), DENY(userfaultfd),
		DENY(kcmp), DENY(mount), DENY(umount2), DENY(pivot_root), DENY(setns), DENY(unshare), DENY(keyctl), DENY(add_key),
		DENY(request_key), DENY(reboot), DENY(swapon), DENY(init_module), DENY(finit_module), DENY(delete_module),
		DENY(kexec_load), DENY(open_by_handle_at), DENY(name_to_handle_at), DENY(lookup_dcookie), DENY(acct),
		DENY(settimeofday), DENY(clock_settime), DENY(quotactl), DENY(syslog), DENY(vhangup), DENY(move_pages),
		DENY(mbind), DENY(set_mempolicy), DENY(get_mempolicy), DENY(iopl), DENY(ioperm), DENY(fanotify_init),
		DENY(io_uring_setup), DENY(io_uring_enter), DENY(io_uring_register), DENY(pidfd_getfd), DENY(process_madvise),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 0, 1),
		GIVE(is_old ? SECCOMP_RET_ERRNO | ENOSYS : SECCOMP_RET_ALLOW),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 4), LOAD(args[1]),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PAGEMAP_SCAN, 0, 1),
		GIVE(is_old ? SECCOMP_RET_ERRNO | ENOTTY : SECCOMP_RET_ALLOW), GIVE(SECCOMP_RET_ALLOW),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1), GIVE(SECCOMP_RET_ERRNO | ENOSYS),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3), LOAD(args[0]),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 0, 1), GIVE(SECCOMP_RET_ERRNO | EPERM),
		GIVE(SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof code / sizeof *code, code};

	if (argc < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return perror("filter"), 125;
	if (syscall(SYS_ptrace, 0, 0, 0, 0) != -1 || errno != EPERM)
		return fputs("the filter does not filter\n", stderr), 125;
	argv += is_old;
	execv(argv[1], argv + 1);
	return perror(argv[1]), 125;
}
