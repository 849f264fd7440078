// Tools that end, fail, hang, flood and are not there.
import { describe, expect, it } from 'vitest';
import { runCommand } from './command.ts';

const node = (script: string, options: { timeoutMs?: number; maxBytes?: number; signal?: AbortSignal } = {}) =>
  runCommand(process.execPath, ['-e', script], { timeoutMs: 5_000, ...options });

describe('runCommand', () => {
  it('gives what was printed', async () => expect(await node('console.log("äö")')).toBe('äö\n'));

  it.each([
    ['console.error("no right"); process.exit(2)', {}, 'command-failed', /failed: no right/],
    ['setInterval(() => {}, 1000)', { timeoutMs: 300 }, 'command-timeout', /longer than 300 ms/],
    ['console.log("x".repeat(5000))', { maxBytes: 1000 }, 'command-output', /more than 1000 bytes/],
  ])('%s', async (script, options, code, message) => {
    const error = await node(script, options).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code, retryable: true });
    expect(String(error)).toMatch(message);
  });

  it('says that a tool is not installed', async () => {
    const run = runCommand('no-such-tool', ['-x'], { timeoutMs: 1_000 });
    await expect(run).rejects.toMatchObject({ code: 'command-missing', retryable: false });
  });
});
