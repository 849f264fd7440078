// Tells the kernel's own threads from processes: the kernel connects for itself (NFS), and closes sockets for others in kworkers.
import { readText } from '../procfs.ts';

// include/linux/sched.h
const PF_KTHREAD = 0x00200000;
// Threads of the kernel that are seen to act on sockets; their names alone prove nothing, since any process can take them.
const names = /^(kworker\/|ksoftirqd\/|nfsd|lockd)/;

export function isKernelThread(pid: number, comm: string): boolean {
  if (!names.test(comm)) return false;
  const stat = readText(`/proc/${pid}/stat`) ?? '';
  // proc(5): the ninth field, counted from behind the name, which may hold anything.
  const flags = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[6] ?? 0);
  return (flags & PF_KTHREAD) !== 0;
}
