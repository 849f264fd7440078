// What starts a process again, out of unit files and crontabs as systems have them.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemdRestart } from './restarts-systemd.linux.ts';

function unitFolders(files: Record<string, string>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'foretop-units-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return [join(root, 'etc'), join(root, 'lib')];
}

const restartOf = (unit: string, files: Record<string, string>, controlGroup = `/system.slice/${unit}`) =>
  systemdRestart({ pid: 500, unit, controlGroup }, unitFolders(files));

// A name that no system has: where systemd runs, it is asked first.
const unit = 'foretop-test-none.service';

describe.skipIf(process.platform !== 'linux')('the unit of a process', () => {
  test.each<[string, Record<string, string>, string]>([
    ['restarts', { [`lib/${unit}`]: '[Service]\nRestart=always\n' }, `unit ${unit} (Restart=always)`],
    ['says nothing about it', { [`lib/${unit}`]: '[Service]\nExecStart=/bin/true\n' }, ''],
    ['says no', { [`lib/${unit}`]: '[Service]\nRestart=no\n' }, ''],
    [
      'was replaced by the administrator’s',
      { [`lib/${unit}`]: 'Restart=always\n', [`etc/${unit}`]: 'Restart=no\n' },
      '',
    ],
    [
      'is changed by a drop-in',
      { [`lib/${unit}`]: 'Restart=no\n', [`etc/${unit}.d/10.conf`]: 'Restart=on-failure\n' },
      `unit ${unit} (Restart=on-failure)`,
    ],
    [
      'is changed back by the last one',
      {
        [`lib/${unit}`]: 'Restart=always\n',
        [`lib/${unit}.d/1.conf`]: 'Restart=always\n',
        [`etc/${unit}.d/2.conf`]: 'Restart=\n',
      },
      '',
    ],
  ])('%s', async (_what, files, by) => {
    const found = await restartOf(unit, files);
    expect(found.by).toBe(by);
    expect(found.checked[0]).toContain(`systemd: ${unit}, Restart=`);
  });

  test('that is an instance is read from its template', async () => {
    const found = await restartOf('foretop-none@a.b.service', { 'lib/foretop-none@.service': 'Restart=always\n' });
    expect(found.by).toBe('unit foretop-none@a.b.service (Restart=always)');
  });

  test.each([
    ['no unit', '', '/', 'in no unit'],
    ['a scope', 'session-3.scope', '/user.slice/session-3.scope', 'session-3.scope is no service'],
    ['a user’s own', unit, `/user.slice/user-1000.slice/user@1000.service/app.slice/${unit}`, 'a user'],
    ['one that nobody knows', unit, `/system.slice/${unit}`, 'nothing found'],
    ['a name with a slash', '../../etc/passwd.service', '/x', 'is no service'],
  ])('%s is said, and nothing is claimed', async (_what, name, group, said) => {
    const found = await restartOf(name, {}, group);
    expect(found).toMatchObject({ by: '', checked: [expect.stringContaining(said)] });
  });
});
