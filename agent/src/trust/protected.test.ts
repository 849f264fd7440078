// What may not be ended, told by file and unit; and what only calls itself so.
import { expect, test } from 'vitest';
import type { ExecutableEvidence, ProcessEvidence } from '../host/targets.ts';
import { protectionOf, systemUnit } from './protected.ts';

const own = new Set([4_000, 4_001]);

interface Told {
  path?: string;
  /** Which file it is and whose. */
  file?: Partial<ExecutableEvidence>;
  group?: string;
  unit?: string;
  rest?: Partial<ProcessEvidence>;
}

function evidence({ path = '/usr/bin/nginx', file = {}, group = '/', unit = '', rest = {} }: Told): ProcessEvidence {
  return {
    pid: 500,
    parentPid: 1,
    startTicks: 1,
    name: path.split('/').at(-1)!,
    isKernelThread: false,
    executable: {
      ...{ path, device: '1', inode: '2', sha256: '', uid: 0, mode: 0o100755, isHostFile: true, inHostMounts: true },
      ...file,
    },
    ...{
      user: 'root',
      commandLine: '',
      controlGroup: group,
      unit,
      containerRuntime: '',
      containerId: '',
      isContainerOfHost: false,
    },
    ...rest,
  };
}

const service = (unit: string) => ({ group: `/system.slice/${unit}`, unit });
const id = 'a'.repeat(64);
const container = { containerRuntime: 'docker', containerId: id };
const ownContainer = { ...container, isContainerOfHost: true };
const copied = { uid: 1_000, isHostFile: true };
const sshd = '/usr/sbin/sshd';

test.each<[string, Told]>([
  ['PID 1, whatever runs there', { path: '/process_api', rest: { pid: 1 } }],
  ['a thread of the kernel', { path: '', rest: { isKernelThread: true } }],
  ['the agent itself', { rest: { pid: 4_000 } }],
  ['whatever runs in the agent’s unit', service('foretop-agent.service')],
  ['sshd in its unit', { path: sshd, ...service('ssh.service') }],
  [
    'sshd in its unit, at a place of its own',
    { path: '/nix/store/x/bin/sshd', ...service('sshd.service'), file: { isHostFile: false } },
  ],
  ['sshd on a host without systemd', { path: sshd }],
  [
    'sshd of the very container that the agent watches from within',
    { path: sshd, group: `/docker/${id}`, rest: ownContainer },
  ],
  [
    'the same with control groups of systemd',
    { path: sshd, group: `/../docker-${id}.scope`, unit: `docker-${id}.scope`, rest: ownContainer },
  ],
  ['sshd that was upgraded while it ran', { path: `${sshd} (deleted)`, file: { isHostFile: false } }],
  [
    'a connection of sshd in a unit of its own',
    { path: '/usr/lib/openssh/sshd-session', ...service('sshd@7-a:22-b:1.service') },
  ],
  ['journald', { path: '/usr/lib/systemd/systemd-journald', ...service('systemd-journald.service') }],
  ['udevd, which is udevadm', { path: '/usr/bin/udevadm', ...service('systemd-udevd.service') }],
  ['logind without its unit', { path: '/lib/systemd/systemd-logind' }],
  [
    'a user’s manager',
    {
      path: '/usr/lib/systemd/systemd',
      group: '/user.slice/user-1000.slice/user@1000.service/init.scope',
      unit: 'user@1000.service',
    },
  ],
  ['the message bus', { path: '/usr/bin/dbus-daemon', ...service('dbus.service') }],
  ['dbus-broker', { path: '/usr/bin/dbus-broker', ...service('dbus-broker.service') }],
  ['NetworkManager', { path: '/usr/sbin/NetworkManager', ...service('NetworkManager.service') }],
])('%s is protected', (_what, told) => {
  expect(protectionOf(evidence(told), own)).toBeTypeOf('string');
});

test.each<[string, Told]>([
  ['a web server', { ...service('nginx.service') }],
  ['the second process of a container', { rest: { pid: 2 } }],
  ['a child of the second process of a container', { rest: { parentPid: 2 } }],
  ['a file named sshd elsewhere, even of root', { path: '/tmp/sshd' }],
  ['a process that calls itself sshd', { path: '/usr/bin/sleep', rest: { name: 'sshd' } }],
  ['a user’s file mounted over sshd', { path: sshd, file: copied }],
  ['a file of root’s that others may write', { path: sshd, file: { mode: 0o100777 }, ...service('ssh.service') }],
  [
    'another file of root’s mounted over sshd in a namespace of its own',
    { path: sshd, file: { isHostFile: false, inHostMounts: false } },
  ],
  [
    'one that says it was deleted, from another mount namespace',
    { path: `${sshd} (deleted)`, file: { isHostFile: false, inHostMounts: false } },
  ],
  [
    'sshd of a container',
    {
      path: sshd,
      group: `/system.slice/docker-${id}.scope`,
      unit: `docker-${id}.scope`,
      file: { isHostFile: false },
      rest: container,
    },
  ],
  [
    'sshd with the host’s own file, in a container beside',
    { path: sshd, group: `/system.slice/docker-${id}.scope`, unit: `docker-${id}.scope`, rest: container },
  ],
  [
    'a copy of sshd in the container that is watched',
    { path: '/tmp/sshd', group: `/docker/${id}`, rest: ownContainer },
  ],
  [
    'another sshd than that of the container that is watched',
    { path: sshd, group: `/docker/${id}`, file: { isHostFile: false }, rest: ownContainer },
  ],
  [
    'sshd in a unit that a container named',
    {
      path: sshd,
      group: `/system.slice/docker-${id}.scope/system.slice/ssh.service`,
      unit: 'ssh.service',
      file: { isHostFile: false },
      rest: container,
    },
  ],
  [
    'sshd of a container that was put below the unit of sshd',
    {
      path: sshd,
      group: `/system.slice/ssh.service/docker/${id}`,
      unit: 'ssh.service',
      file: { isHostFile: false },
      rest: container,
    },
  ],
  [
    'sshd in a unit that a user named',
    {
      path: '/home/eve/sshd',
      group: '/user.slice/user-1000.slice/user@1000.service/app.slice/ssh.service',
      unit: 'ssh.service',
      file: copied,
    },
  ],
  [
    'somebody’s session over SSH',
    { path: sshd, group: '/user.slice/user-1000.slice/session-3.scope', unit: 'session-3.scope' },
  ],
  ['a shell that sshd started, on a host that makes no sessions', { path: '/usr/bin/bash', ...service('ssh.service') }],
  [
    'a user’s own message bus',
    {
      path: '/usr/bin/dbus-daemon',
      group: '/user.slice/user-1000.slice/user@1000.service/app.slice/dbus.service',
      unit: 'dbus.service',
    },
  ],
  ['a tool of systemd', { path: '/usr/bin/systemd-inhibit' }],
  [
    'the agent’s unit by name only',
    {
      group: '/user.slice/user-1000.slice/user@1000.service/app.slice/foretop-agent.service',
      unit: 'foretop-agent.service',
    },
  ],
])('%s is not', (_what, told) => {
  expect(protectionOf(evidence(told), own)).toBeUndefined();
});

test.each([
  ['/system.slice/ssh.service', 'ssh.service'],
  ['/system.slice/system-getty.slice/getty@tty1.service', 'getty@tty1.service'],
  ['/system.slice/ssh.service/sub', 'ssh.service'],
  ['/init.scope', 'init.scope'],
  ['/evil.slice/ssh.service', ''],
  ['/user.slice/user-1000.slice/user@1000.service/app.slice/ssh.service', 'user@1000.service'],
  ['/', ''],
])('the system’s unit of %s is "%s"', (controlGroup, unit) => {
  expect(systemUnit({ controlGroup, containerId: '' })).toBe(unit);
});
