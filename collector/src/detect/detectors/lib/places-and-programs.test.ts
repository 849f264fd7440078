// What addresses, names, ports and paths are taken for.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aProcess } from '../../../../test/observations.ts';
import { addressKind } from './address-kind.ts';
import { isBrowser, isInstalled, isInterpreter, programOf } from './executable.ts';
import { destinationPrevalence, knownService, periodicProtocol } from './known-services.ts';
import { builderOf, isTemporaryPath } from './temporary-path.ts';

test.each([
  ['8.8.8.8', 'external'],
  ['10.1.2.3', 'private'],
  ['10.1.2.255', 'broadcast'],
  ['172.31.0.1', 'private'],
  ['172.32.0.1', 'external'],
  ['192.168.99.245', 'private'],
  ['100.64.0.1', 'private'],
  ['169.254.169.254', 'link-local'],
  ['127.9.9.9', 'loopback'],
  ['224.0.0.251', 'multicast'],
  ['239.255.255.250', 'multicast'],
  ['255.255.255.255', 'broadcast'],
  ['0.0.0.0', 'unspecified'],
  ['2606:4700::1', 'external'],
  ['fe80::1', 'link-local'],
  ['fd00::1', 'private'],
  ['ff02::fb', 'multicast'],
  ['::1', 'loopback'],
  ['::', 'unspecified'],
])('%s is %s', (address, kind) => expect(addressKind(address)).toBe(kind));

test('any text has a kind, and the same one again', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(addressKind(text)).toBe(addressKind(text));
    }),
  );
});

test.each([
  ['ctldl.windowsupdate.com', true],
  ['windowsupdate.com', true],
  ['notwindowsupdate.com', false],
  ['windowsupdate.com.evil.example', false],
  ['', false],
  ['com', false],
])('%s is a known service: %s', (name, known) => expect(knownService(name) !== undefined).toBe(known));

test('NTP is periodic over UDP only', () => {
  expect(periodicProtocol(17, 123)).toBeDefined();
  expect(periodicProtocol(6, 123)).toBeUndefined();
});

test('what the fleet has in common on a rented place says nothing', () => {
  const knowledge = {
    place: () => ({}),
    listed: () => undefined,
    registrableDomain: (name: string) => name.split('.').slice(-2).join('.'),
    prevalence: () => ({ hosts: 90, fleet: 100 }),
    timeZone: () => '',
  };
  expect(destinationPrevalence(knowledge, 'api.example.com')).toEqual({ hosts: 90, fleet: 100 });
  expect(destinationPrevalence(knowledge, 'd1234.cloudfront.net')).toEqual({ hosts: 1, fleet: 100 });
});

const at = (executable: string) => aProcess({ executable });

test.each([
  ['/opt/app-1.2.3/bin/app', '/opt/app-1.3.0/bin/app', true],
  [
    '/nix/store/0c6kzph7l0dcbfmjap64f0czdafn3b7x-git-2.44/bin/git',
    '/nix/store/9zzkzph7l0dcbfmjap64f0czdafn3b7x-git-2.45/bin/git',
    true,
  ],
  ['/usr/bin/curl', '/usr/bin/curl (deleted)', true],
  ['/usr/bin/curl', '/usr/local/bin/curl', false],
])('%s and %s are one program: %s', (one, other, same) =>
  expect(programOf(at(one)) === programOf(at(other))).toBe(same),
);

test('a program without a path is known by its name, none by nothing', () => {
  expect(programOf(aProcess({ executable: '', comm: 'nc' }))).toBe('nc');
  expect(programOf(undefined)).toBe('');
});

test.each([
  ['/usr/bin/python3.11', true, true, false],
  ['C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe', true, true, false],
  ['/usr/lib/firefox/firefox', false, true, true],
  ['/home/ada/.cache/firefox', false, false, false],
  ['C:\\Users\\ada\\AppData\\Local\\Google\\Chrome\\Application\\chrome.exe', false, false, true],
  ['/usr/sbin/chronyd', false, true, false],
  ['/srv/app/server', false, false, false],
])('%s: interpreter %s, installed %s, browser %s', (path, interpreter, installed, browser) => {
  expect([isInterpreter(at(path)), isInstalled(at(path)), isBrowser(at(path))]).toEqual([
    interpreter,
    installed,
    browser,
  ]);
});

test.each([
  ['/tmp/a', true, false],
  ['/tmpfiles/a', false, false],
  ['/home/tmp/a', false, false],
  ['/dev/shm/a', true, false],
  ['memfd:x', true, false],
  ['/memfd:runc_cloned:/proc/self/exe', true, true],
  ['/private/var/folders/xy/T/a', true, false],
  ['C:\\Windows\\Temp\\a.exe', true, false],
  ['/tmp/.mount_Edit1/usr/bin/editor', true, true],
])('%s is temporary: %s, and something known: %s', (path, temporary, known) => {
  expect([isTemporaryPath(path), builderOf(path) !== undefined]).toEqual([temporary, known]);
});
