// The installation script under real shells: what it refuses before it fetches anything, and that half of it does nothing.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const script = readFileSync(new URL('./install.sh', import.meta.url), 'utf8');
const served = script.replace('@COLLECTOR@', 'https://collector.test');
const folder = mkdtempSync(join(tmpdir(), 'foretop-script-'));
afterAll(() => rmSync(folder, { recursive: true }));
const token = join(folder, 'token');
writeFileSync(token, 'fte1_x\n');
if (process.platform === 'linux') symlinkSync('/bin/cat', join(folder, 'cat'));

const shells = [['dash'], ['busybox', 'ash'], ['bash', '--posix']].filter(
  ([name]) => spawnSync(name!, ['-c', 'true']).error === undefined,
);

describe.skipIf(process.platform !== 'linux').each(shells.map((shell) => [shell.join(' '), shell]))(
  'install.sh under %s (skipped off Linux)',
  (_name, [command, ...prefix]) => {
    const shell = spawnSync('/bin/sh', ['-c', `command -v ${command}`], { encoding: 'utf8' }).stdout.trim();

    /** As `curl … | sh -s -- ARGUMENTS`, with no program in reach that could fetch or change anything. */
    function pipe(input: string, args: readonly string[]) {
      const env = { PATH: folder, TMPDIR: folder };
      return spawnSync(shell, [...prefix, '-s', '--', ...args], { input, encoding: 'utf8', env, timeout: 20_000 });
    }

    test('the shell understands all of it', () => {
      const { status, stderr } = spawnSync(command!, [...prefix, '-n'], { input: script, encoding: 'utf8' });
      expect(stderr).toBe('');
      expect(status).toBe(0);
    });

    test.each([
      [['--token-file'], 2, /--token-file needs a value/],
      [['--nonsense'], 2, /there is no option --nonsense/],
      [['--collector', 'http://collector.test'], 1, /plain http to another machine/],
      [['--collector', 'http://localhost.evil.test'], 1, /plain http to another machine/],
      [['--collector', 'http://127.0.0.1.evil.test/'], 1, /plain http to another machine/],
      [['--collector', 'ftp://collector.test'], 1, /https:\/\/HOST is required/],
      [['--token-file', '/nonexistent'], 1, /token file '\/nonexistent' cannot be read/],
      [['--ca', '/nonexistent'], 1, /certificate authority '\/nonexistent' cannot be read/],
      [['--token-file', token, '--release-key', '/nonexistent'], 1, /release key '\/nonexistent' cannot be read/],
    ])('%j is refused', (args, code, reason) => {
      const { status, stderr } = pipe(served, args);
      expect(stderr).toMatch(reason);
      expect(status).toBe(code);
    });

    test('a script that nobody filled in does nothing', () => {
      expect(pipe(script, []).stderr).toMatch(/'@COLLECTOR@'; https:\/\/HOST is required/);
    });

    test('help says what can be said, and ends well', () => {
      const { status, stdout } = pipe(served.replace('  cat <<', '  while read -r line; do echo "$line"; done <<'), [
        '--help',
      ]);
      expect(stdout).toContain('--allow-unverified');
      expect(status).toBe(0);
    });

    test('cut off anywhere, it runs nothing', () => {
      const lines = served.split('\n');
      const cuts = lines
        .slice(0, -1)
        .flatMap((_line, count) => (count % 12 === 0 ? [lines.slice(0, count).join('\n')] : []));
      for (let length = served.trimEnd().length - 1; length > served.trimEnd().length - 20; length -= 1) {
        cuts.push(served.slice(0, length));
      }
      // What would be said first, whatever is wrong with the host.
      for (const cut of cuts) expect(pipe(cut, ['--nonsense']).stderr).not.toContain('there is no option');
    });
  },
);
