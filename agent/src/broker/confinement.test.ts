// What the kernel tells of a process, and that a real worker has lost what it must not have.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../../test/temporary-directory.ts';
import { unconfined, unconfinedBy } from './confinement.ts';

const status = (fields: Record<string, string>) => {
  const all = { CapInh: '0', CapPrm: '0000000000000000', CapEff: '0', CapBnd: '1ff', CapAmb: '0', NoNewPrivs: '1' };
  return Object.entries({ ...all, ...fields })
    .map(([name, value]) => `${name}:\t${value}\n`)
    .join('');
};

describe('a thread', () => {
  it('without rights is confined', () => {
    expect(unconfinedBy(status({}))).toBeUndefined();
  });

  it.each([
    [{ CapEff: '0000000000001000' }, 'CapEff is 0000000000001000'],
    [{ CapPrm: '20' }, 'CapPrm is 20'],
    [{ CapAmb: '8000000000' }, 'CapAmb is 8000000000'],
    [{ NoNewPrivs: '0' }, 'NoNewPrivs is 0, 1 is required'],
  ])('with %j is not', (fields, fault) => {
    expect(unconfinedBy(status(fields))).toContain(fault);
  });

  it('that tells nothing is not', () => {
    expect(unconfinedBy('')).toBe('CapPrm is not told, 0 is required');
    expect(unconfined(0x7fff_ffff)).toContain('cannot be read');
  });
});

const isLinux = process.platform === 'linux';
if (!isLinux) console.warn('landlock: not tested, only Linux has it');

describe.skipIf(!isLinux)('landlock', () => {
  /** What a program sees that was executed under the restriction. Prints one JSON line. */
  const probe = (data: string, elsewhere: string, port: number) => `
    const { readFileSync, writeFileSync, readdirSync } = require('node:fs');
    const { connect, createServer } = require('node:net');
    const attempt = (work) => { try { work(); return 'ok'; } catch (error) { return error.code; } };
    const reach = (port) => new Promise((done) => {
      const socket = connect(port, '127.0.0.1', () => (socket.destroy(), done('ok')));
      socket.on('error', (error) => done(error.code));
    });
    (async () => console.log(JSON.stringify({
      key: attempt(() => readFileSync(${JSON.stringify(join(data, 'agent-key.json'))})),
      list: attempt(() => readdirSync(${JSON.stringify(data)})),
      write: attempt(() => writeFileSync(${JSON.stringify(join(elsewhere, 'new'))}, '')),
      names: attempt(() => readFileSync('/etc/hosts')),
      parent: attempt(() => process.kill(process.ppid, 0)),
      allowed: await reach(${port}),
      other: await reach(${port} + 1 > 65_535 ? 1_024 : ${port} + 1),
      listen: await new Promise((done) => createServer().on('error', (e) => done(e.code)).listen(0, function () { this.close(); done('ok'); })),
    })))();`;

  it('takes the data directory, writing, other ports and signals from what is executed next', async ({ skip }) => {
    const version = landlockVersion();
    if (version < 1) skip('this kernel has no Landlock');
    const temporary = temporaryDirectory();
    onTestFinished(() => temporary[Symbol.dispose]());
    const data = join(temporary.path, 'data');
    mkdirSync(data);
    writeFileSync(join(data, 'agent-key.json'), '{}');
    const { createServer } = await import('node:net');
    const server = createServer((socket) => void socket.destroy()).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const landlock = new URL('./landlock.ts', import.meta.url).href;
    const libc = new URL('../host/linux/libc.ts', import.meta.url).href;
    const privileges = new URL('./privileges.ts', import.meta.url).href;
    const script = `
      const { restrict } = await import(${JSON.stringify(landlock)});
      const { openLibc } = await import(${JSON.stringify(libc)});
      const { renounceForChildren } = await import(${JSON.stringify(privileges)});
      renounceForChildren(openLibc());
      restrict(openLibc(), { without: ${JSON.stringify(data)}, ports: [${port}] });
      process.execve(process.execPath, [process.execPath, '-e', ${JSON.stringify(probe(data, temporary.path, port))}]);`;
    const seen = JSON.parse(await outputOf(['--no-warnings', '--input-type=module', '-e', script])) as Record<
      string,
      string
    >;
    expect(seen).toMatchObject({ key: 'EACCES', list: 'EACCES', write: 'EACCES', names: 'ok', allowed: 'ok' });
    if (version >= 4) expect([seen['other'], seen['listen']]).toEqual(['EACCES', 'EACCES']);
    if (version >= 6) expect(seen['parent']).toBe('EPERM');
  });
});

function landlockVersion(): number {
  const libc = new URL('../host/linux/libc.ts', import.meta.url).href;
  const script = `const { openLibc } = await import(${JSON.stringify(libc)}); console.log(openLibc().landlockCreateRuleset(null, 0, 1));`;
  return Number(
    execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', script], { encoding: 'utf8' }),
  );
}

async function outputOf(args: string[]): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await once(child, 'close');
  return output;
}
