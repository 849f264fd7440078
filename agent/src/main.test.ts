// The command line as a process: what it prints of its configuration, and how it refuses a wrong one.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

function agent(args: string[], environment: Record<string, string> = {}) {
  const { promise, resolve } = Promise.withResolvers<{ code: number; stdout: string; stderr: string }>();
  const env = { PATH: process.env['PATH'], ...environment };
  execFile(process.execPath, [main, ...args], { env }, (error, stdout, stderr) => {
    resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
  });
  return promise;
}

function dataWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'foretop-agent-main-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'agent.json'), text);
  return folder;
}

test('--print-config prints what would be in effect and leaves the data directory alone', async () => {
  const data = dataWith('{ "collector": "https://watch.example.org", "max-spool": "1GiB" }');
  const { code, stdout, stderr } = await agent(['run', '--print-config', '--data', data], {
    FORETOP_AGENT_NAME: 'web 1',
  });
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/"collector": "https:\/\/watch\.example\.org", +\/\/ .*agent\.json, line 1\n/);
  expect(stdout).toMatch(/"name": "web 1", +\/\/ FORETOP_AGENT_NAME\n/);
  expect(stdout).toMatch(/"max-spool": "1GiB", +\/\/ .*agent\.json, line 1\n/);
  expect(readdirSync(data)).toEqual(['agent.json']);
});

test('a wrong configuration exits with 2 and tells all faults', async () => {
  const data = dataWith('{ "colector": "http://localhost:1" }');
  const { code, stdout, stderr } = await agent(['run', '--data', data, '--log-level', 'loud']);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain('Where is the collector?');
  expect(stderr).toContain('--log-level is "loud"; one of fatal');
  expect(stderr).toContain('did you mean "collector"?');
});
