// What runs on every Linux host: init, journal, time, secure shell, jobs.
import { type Job, type Listener, type ProcessTemplate, service, session, type Traffic } from './profile.ts';

export const baseProcesses: readonly ProcessTemplate[] = [
  {
    ...service('init', 'root', '/usr/lib/systemd/systemd --system --deserialize=41', ''),
    cgroup: '/init.scope',
    unit: 'init.scope',
    cpuPermille: 1,
    descriptors: 140,
  },
  service('journald', 'root', '/usr/lib/systemd/systemd-journald', 'systemd-journald.service', {
    cpuPermille: 3,
    memoryMb: 48,
    descriptors: 60,
  }),
  service('udevd', 'root', '/usr/lib/systemd/systemd-udevd', 'systemd-udevd.service'),
  service('logind', 'root', '/usr/lib/systemd/systemd-logind', 'systemd-logind.service'),
  service('resolved', 'systemd', '/usr/lib/systemd/systemd-resolved', 'systemd-resolved.service', {
    cpuPermille: 2,
    descriptors: 24,
  }),
  service(
    'dbus',
    'messagebus',
    '/usr/bin/dbus-daemon --system --address=systemd: --nofork --nopidfile',
    'dbus.service',
    { memoryMb: 5 },
  ),
  service('chronyd', '_chrony', '/usr/sbin/chronyd -F 1', 'chrony.service', { memoryMb: 4 }),
  service('cron', 'root', '/usr/sbin/cron -f', 'cron.service', { memoryMb: 3 }),
  service('sshd', 'root', '/usr/sbin/sshd -D', 'ssh.service', { memoryMb: 8 }),
  service('agetty', 'root', '/sbin/agetty -o -p -- \\u --noclear tty1 linux', 'system-getty.slice/getty@tty1.service', {
    memoryMb: 2,
  }),
];

export const baseListeners: readonly Listener[] = [
  { process: 'sshd', protocol: 'tcp', port: 22 },
  { process: 'resolved', protocol: 'tcp', port: 53, local: true },
  { process: 'resolved', protocol: 'udp', port: 53, local: true },
  { process: 'chronyd', protocol: 'udp', port: 323, local: true },
];

export const baseTraffic: readonly Traffic[] = [
  {
    process: 'resolved',
    role: 'connects',
    peer: 'resolver',
    protocol: 'udp',
    port: 53,
    open: 0.6,
    lifeSeconds: 2,
    upBytes: 60,
    downBytes: 180,
    active: 0.7,
  },
  {
    process: 'chronyd',
    role: 'connects',
    peer: 'internet',
    protocol: 'udp',
    port: 123,
    open: 1,
    lifeSeconds: 600,
    upBytes: 48,
    downBytes: 48,
    active: 0.02,
  },
];

export const baseJobs: readonly Job[] = [
  {
    template: {
      ...service('job', 'root', '/bin/sh -c run-parts --report /etc/cron.hourly', 'cron.service'),
      cpuPermille: 60,
    },
    everySeconds: 90,
    lifeSeconds: 4,
  },
  {
    template: session('check', 'root', '/usr/bin/python3 /opt/checks/disk.py', { cpuPermille: 300, memoryMb: 30 }),
    everySeconds: 45,
    lifeSeconds: 2,
  },
];
