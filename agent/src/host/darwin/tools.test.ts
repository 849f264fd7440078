// The tools that macOS shares with Linux, asked on this machine with the very arguments of the readers.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { HostError } from '../host-error.ts';
import { runCommand } from '../portable/command.ts';
import { LSOF_FIELDS, parseLsof } from './lsof.ts';
import { parsePs, psColumns, psCommandColumns } from './ps.ts';

/** Undefined where the tool is not installed or refuses, as env(1) ends with 127 and lsof with 1. */
const inC = (...args: string[]): Promise<string | undefined> =>
  runCommand('/usr/bin/env', ['LC_ALL=C', ...args], { timeoutMs: 10_000 }).catch((error: unknown) => {
    if (error instanceof HostError && error.code === 'command-failed') return undefined;
    throw error;
  });

describe.runIf(process.platform !== 'win32')('on this machine', () => {
  it('ps gives this process with its start, memory and command line', async ({ skip }) => {
    const table = await inC('ps', '-axww', '-o', psColumns);
    const commands = await inC('ps', '-axww', '-o', psCommandColumns);
    if (table === undefined || commands === undefined) return skip('ps is not installed');
    const own = parsePs(table, commands).find((row) => row.pid === process.pid)!;
    expect(own).toMatchObject({ parentPid: process.ppid, uid: process.getuid!() });
    expect(own.commandLine).toMatch(/node/);
    expect(own.memoryBytes).toBeGreaterThan(10 << 20);
    expect(Math.abs(own.startedUnixUs! / 1e3 - performance.timeOrigin)).toBeLessThan(10_000);
  });

  it('lsof gives a listener of this process', async ({ skip }) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const text = await inC('lsof', '-nP', '-a', '-p', String(process.pid), '-i', '-F', LSOF_FIELDS);
    server.close();
    if (text === undefined) return skip('lsof is not installed');
    const found = parseLsof(text).find((row) => row.localPort === port);
    expect(found).toMatchObject({ protocol: 6, state: 10, pid: process.pid, remotePort: 0 });
  });
});
