// Who holds a lock file: processes that run, that are gone, that share a pid.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../../test/temporary-directory.ts';
import { type HolderChecks, lockByFile } from './file-lock.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let path: string;
beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory.path, 'agent.lock.pid');
});
afterEach(() => directory[Symbol.dispose]());

const nowSeconds = () => Date.now() / 1e3;
const checks = (over: Partial<HolderChecks> = {}): HolderChecks => ({
  ...{ pid: 100, startedAt: nowSeconds() - 5, runs: () => true, bootedAt: () => nowSeconds() - 3600, ...over },
});
const hold = (pid: number, lockedAt: number) => writeFileSync(path, JSON.stringify({ pid, lockedAt }));

describe('lockByFile', () => {
  it('is held once, by the same process too', () => {
    expect(lockByFile(path, checks())).toBe(true);
    expect(lockByFile(path, checks())).toBe(false);
    expect(lockByFile(path, checks({ pid: 101 }))).toBe(false);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: 100 });
  });

  it.each([
    ['whose holder is gone', 7, -60, { runs: () => false }, true],
    ['whose holder runs', 7, -60, {}, false],
    ['of an earlier boot', 7, -7200, {}, true],
    ['of this pid in an earlier life', 100, -60, {}, true],
  ])('a file %s', (_, pid, age, over, free) => {
    hold(pid, Math.floor(nowSeconds() + age));
    expect(lockByFile(path, checks(over))).toBe(free);
  });

  it('waits for a file that is just being written, and takes over a damaged one', () => {
    writeFileSync(path, '');
    expect(lockByFile(path, checks())).toBe(false);
    utimesSync(path, nowSeconds() - 60, nowSeconds() - 60);
    expect(lockByFile(path, checks())).toBe(true);
  });

  it('holds between real processes, and ends with its holder', () => {
    const script = `
      const { lockByFile } = await import(${JSON.stringify(new URL('./file-lock.ts', import.meta.url).href)});
      console.log(lockByFile(process.argv[1]), lockByFile(process.argv[1]));`;
    const run = () =>
      spawnSync(process.execPath, ['--input-type=module', '-e', script, path], { encoding: 'utf8' }).stdout.trim();
    expect(run()).toBe('true false');
    expect(existsSync(path)).toBe(false);
    expect(lockByFile(path)).toBe(true);
    expect(run()).toBe('false false');
  });
});
