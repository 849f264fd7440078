// The host of the benchmarks: 200 open connections, 60 that close a minute, 30 processes; nothing but hosts of the fleet.
import { baseListeners, baseProcesses } from './base.ts';
import { type Profile, service } from './profile.ts';

/** Each connection is one of the connecting and one of the accepting host, so that half of what a host has is here. */
export const typical: Profile = {
  name: 'typical',
  label: 'node',
  os: 'Debian GNU/Linux 12 (bookworm)',
  kernel: '6.1.0-28-amd64',
  cpus: 8,
  memoryGb: 16,
  linkMbit: 10_000,
  processes: [
    ...baseProcesses,
    service('gateway', 'app', '/opt/mesh/bin/gateway --listen :8443', 'gateway.service', {
      count: 4,
      cpuPermille: 60,
      memoryMb: 60,
      threads: 12,
      descriptors: 120,
    }),
    service('orders', 'app', '/usr/bin/node /srv/orders/server.js', 'orders.service', {
      count: 8,
      cpuPermille: 40,
      memoryMb: 140,
      threads: 11,
      descriptors: 60,
    }),
    service('billing', 'app', '/usr/bin/java -Xmx1g -jar /srv/billing/billing.jar', 'billing.service', {
      count: 8,
      cpuPermille: 30,
      memoryMb: 420,
      threads: 48,
      descriptors: 90,
    }),
  ],
  listeners: [...baseListeners, { process: 'gateway', protocol: 'tcp', port: 8443 }],
  traffic: [
    {
      process: 'orders',
      role: 'connects',
      peer: { hosts: 'any' },
      protocol: 'tcp',
      port: 8443,
      open: 67,
      lifeSeconds: 86_400,
      upBytes: 1_200,
      downBytes: 6_000,
      active: 0.1,
    },
    {
      process: 'billing',
      role: 'connects',
      peer: { hosts: 'any' },
      protocol: 'tcp',
      port: 8443,
      open: 30,
      lifeSeconds: 60,
      upBytes: 2_400,
      downBytes: 9_000,
      active: 0.25,
    },
  ],
  jobs: [],
};
