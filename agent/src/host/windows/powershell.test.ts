// The conversation with a shell that stays, played by a small program in PowerShell's place.
import { afterEach, describe, expect, it } from 'vitest';
import { PowerShell } from './powershell.ts';

// Answers each line as PowerShell would that runs it, after what stands in `& {…}`.
const stand = `
let started = 0;
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const script = /& \\{(.*)\\}\\)\\)/.exec(line)[1];
  const number = /foretop-end-(\\d+)/.exec(line)[1];
  if (script === 'exit') process.exit(3);
  if (script === 'hang') return;
  if (script === 'flood') return void process.stdout.write('x'.repeat(5000));
  if (script === 'fail') return void process.stdout.write('part\\r\\nforetop-failed-' + number + ' Access  denied\\r\\n');
  const text = script === 'pid' ? String(process.pid) : 'answer ' + script + ' ÄÖ';
  process.stdout.write(text + '\\r\\nforetop-e');
  setTimeout(() => process.stdout.write('nd-' + number + '\\r\\n'), 5);
});`;

let shell: PowerShell | undefined;
afterEach(() => shell?.[Symbol.dispose]());
const open = (options = {}) =>
  (shell = new PowerShell({ file: process.execPath, args: ['-e', stand], maxBytes: 1000, ...options }));
const never = new AbortController().signal;

describe('PowerShell', () => {
  it('answers one query after the other in the same process', async () => {
    open();
    const pid = await shell!.query('pid', never);
    expect(await shell!.query('Get-This', never)).toBe('answer Get-This ÄÖ');
    expect(await shell!.query('pid', never)).toBe(pid);
  });

  it.each([
    ['fail', /failed: Access {2}denied/],
    ['exit', /ended with code 3/],
    ['flood', /wrote more than 1000 characters/],
  ])('says why %s fails, and starts again', async (script, message) => {
    open();
    const pid = await shell!.query('pid', never);
    await expect(shell!.query(script, never)).rejects.toThrow(message);
    const again = await shell!.query('pid', never);
    expect(again).not.toBe(pid);
  });

  it('stops at the signal', async () => {
    open();
    await expect(shell!.query('hang', AbortSignal.timeout(50))).rejects.toThrow(/was stopped/);
    expect(await shell!.query('still', never)).toContain('answer still');
  });

  it('says that it is not installed', async () => {
    open({ file: 'no-such-powershell.exe' });
    await expect(shell!.query('pid', never)).rejects.toMatchObject({ code: 'command-missing', retryable: false });
  });
});
