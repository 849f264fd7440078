// What a process is called where its comm says too little.
import { expect, it } from 'vitest';
import { processName } from './process-name.ts';

it.each([
  ['node-MainThread', '/usr/bin/node', 'node app.js', 'node'],
  ['node-MainThread', '/opt/foretop/foretop-agent', 'foretop-agent run', 'foretop-agent'],
  ['node-MainThread', '', '/usr/bin/node app.js', 'node'],
  ['.NET MainThread', '/srv/app/service', './service', 'service'],
  ['systemd-resolve', '/usr/lib/systemd/systemd-resolved', '', 'systemd-resolved'],
  ['node-MainThread', '/usr/bin/node (deleted)', '', 'node'],
  // These say what they are.
  ['backup.py', '/usr/bin/python3.11', 'python3 backup.py', 'backup.py'],
  ['Web Content', '/usr/lib/firefox/firefox', 'firefox -contentproc', 'Web Content'],
  ['sh', '/bin/busybox', 'sh -c x', 'sh'],
  ['kworker/0:1', '', '', 'kworker/0:1'],
])('%s of %s is %s', (comm, executable, commandLine, name) => {
  expect(processName(comm, { executable, commandLine })).toBe(name);
});
