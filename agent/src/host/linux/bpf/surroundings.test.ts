// Small texts and structures around the kernel's programs.
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseControlGroupMount } from './control-group-root.ts';
import { explain } from './features.ts';
import { isKernelThread } from './kernel-thread.ts';
import { readAddress } from './layout.ts';
import { describeStorage } from './storage-types.ts';
import { readText } from '../procfs.ts';
import { BpfError } from './system-call.ts';

const commOf = (pid: string) => readText(`/proc/${pid}/comm`) ?? '';

describe('parseControlGroupMount', () => {
  it.each([
    ['proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n', '/sys/fs/cgroup'],
    [
      'cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0',
      '/sys/fs/cgroup/unified',
    ],
    ['none /mnt/two\\040words cgroup2 rw 0 0', '/mnt/two words'],
    ['cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0', undefined],
    ['', undefined],
  ])('%j is %s', (mounts, path) => {
    expect(parseControlGroupMount(mounts)).toBe(path);
  });
});

describe('explain', () => {
  const here = { capabilities: new Set<never>(), kernel: '6.18.1' };
  it('tells missing rights, old kernels, and what the verifier said', () => {
    const denied = explain(new BpfError('Loading', 'EPERM'), ['CAP_BPF'], here);
    expect(denied).toMatchObject({
      reason: 'CAP_BPF missing (Loading failed with EPERM)',
      remedy: expect.stringContaining('grant it CAP_BPF'),
    });
    const locked = explain(new BpfError('Loading', 'EPERM'), ['CAP_BPF'], {
      ...here,
      capabilities: new Set(['CAP_BPF']),
    });
    expect(locked.remedy).toContain('lockdown');
    const unfiltered = explain(new BpfError('Opening', 'EPERM'), ['CAP_BPF', 'CAP_NET_RAW'], {
      ...here,
      capabilities: new Set(['CAP_SYS_ADMIN']),
    });
    expect(unfiltered.remedy).toContain('grant it CAP_NET_RAW');
    const old = explain(new BpfError('Loading', 'EINVAL', 'unknown func'), [], { ...here, kernel: '4.19.0-1-amd64' });
    expect(old).toMatchObject({
      reason: expect.stringContaining('older than 5.10'),
      remedy: expect.stringContaining('5.10'),
    });
    const refused = explain(new BpfError('Loading "x"', 'EACCES', 'R1 !read_ok'), [], here);
    expect(refused).toEqual({ reason: 'Loading "x" failed with EACCES: R1 !read_ok', remedy: '' });
  });
});

describe('isKernelThread', () => {
  it('believes no name', () => {
    const threads = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && commOf(name).startsWith('kworker/'));
    for (const pid of threads.slice(0, 3)) expect(isKernelThread(Number(pid), commOf(pid))).toBe(true);
    expect(isKernelThread(process.pid, 'kworker/0:1')).toBe(false);
    expect(isKernelThread(2, 'python3')).toBe(false);
  });
});

describe('readAddress', () => {
  it('takes IPv4 out of its mapping, and nothing else', () => {
    const mapped = new Uint8Array([9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1, 9]);
    expect([...readAddress(mapped, 1)]).toEqual([127, 0, 0, 1]);
    const loopback = new Uint8Array(16).fill(1, 15);
    expect(readAddress(loopback, 0)).toEqual(loopback);
  });
});

describe('describeStorage', () => {
  it('is a header, three types and their names', () => {
    const bytes = describeStorage(24);
    const view = new DataView(bytes.buffer);
    expect(view.getUint16(0, true)).toBe(0xeb9f);
    expect(24 + view.getUint32(12, true) + view.getUint32(20, true)).toBe(bytes.length);
  });
});
