// The time zone as Node tells it, each in a process of its own; and as it is after /etc/localtime was changed.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const module = fileURLToPath(new URL('./environment.ts', import.meta.url));
const zones = '/usr/share/zoneinfo';
const mayMount = process.getuid?.() === 0 && existsSync('/usr/bin/unshare') && existsSync(`${zones}/Asia/Tokyo`);
if (!mayMount) console.warn('skipped: a change of /etc/localtime needs root, unshare and tzdata');

/** What a program prints that has the function `readTimeZone`. */
function printed(program: string, variables: Record<string, string>, before: readonly string[] = []): string {
  const script = `import { readTimeZone } from ${JSON.stringify(module)};\n${program}`;
  const [command, ...rest] = [...before, process.execPath, '--input-type=module', '--eval', script];
  const { TZ: _, ...env } = process.env;
  return execFileSync(command!, rest, { encoding: 'utf8', env: { ...env, ...variables } }).trim();
}

test.each([
  ['Europe/Berlin', 'Europe/Berlin'],
  [':America/New_York', 'America/New_York'],
  ['UTC', 'UTC'],
  [`${zones}/Europe/Berlin`, ''],
  ['nonsense', ''],
])('with TZ=%s it is "%s"', (zone, expected) => {
  expect(printed('console.log(readTimeZone())', { TZ: zone })).toBe(expected);
});

test.skipIf(!mayMount)('a change of the host’s zone is seen the next time', () => {
  const change = (zone: string) => `ln -sf ${zones}/${zone} /etc/localtime`;
  const program = `
    import { execSync } from 'node:child_process';
    const first = readTimeZone();
    execSync('${change('Asia/Tokyo')}');
    console.log(first, readTimeZone());`;
  const inMount = `mount -t tmpfs tmpfs /etc && ${change('Europe/Berlin')} && exec "$@"`;
  expect(printed(program, {}, ['unshare', '--mount', 'sh', '-c', inMount, 'sh'])).toBe('Europe/Berlin Asia/Tokyo');
});
