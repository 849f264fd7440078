// A host that hardly does anything: a spare machine with monitoring on it.
import { baseJobs, baseListeners, baseProcesses, baseTraffic } from './base.ts';
import { type Profile, service, session } from './profile.ts';

export const idle: Profile = {
  name: 'idle',
  label: 'spare',
  os: 'Debian GNU/Linux 12 (bookworm)',
  kernel: '6.1.0-28-amd64',
  cpus: 2,
  memoryGb: 2,
  linkMbit: 1000,
  processes: [
    ...baseProcesses,
    service(
      'exporter',
      'prometheus',
      '/usr/bin/prometheus-node-exporter --collector.systemd',
      'prometheus-node-exporter.service',
      { cpuPermille: 4, memoryMb: 22, threads: 6 },
    ),
    service(
      'unattended',
      'root',
      '/usr/bin/python3 /usr/share/unattended-upgrades/unattended-upgrade-shutdown',
      'unattended-upgrades.service',
      { memoryMb: 20, threads: 2 },
    ),
    service('polkit', 'root', '/usr/lib/polkit-1/polkitd --no-debug', 'polkit.service', { memoryMb: 8, threads: 4 }),
    session('shell', 'root', '-bash', { memoryMb: 5 }),
  ],
  listeners: [...baseListeners, { process: 'exporter', protocol: 'tcp', port: 9100 }],
  traffic: [
    ...baseTraffic,
    {
      process: 'exporter',
      role: 'accepts',
      peer: 'intranet',
      protocol: 'tcp',
      port: 9100,
      open: 1,
      lifeSeconds: 3_600,
      upBytes: 300,
      downBytes: 14_000,
      active: 0.07,
    },
    {
      process: 'sshd',
      role: 'accepts',
      peer: 'intranet',
      protocol: 'tcp',
      port: 22,
      open: 1,
      lifeSeconds: 900,
      upBytes: 90,
      downBytes: 400,
      active: 0.1,
    },
  ],
  jobs: baseJobs,
};
