// Steps of an installation: in order, idempotent, and taken back when one fails. On real files.
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, afterEach, expect, test } from 'vitest';
import { placeFile, placeFolder } from './files.ts';
import { runSteps, type Step } from './steps.ts';

const owner = () => ({ uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 });
let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'foretop-steps-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string) => join(folder, name);
const steps = (content: string): Step[] => [
  placeFolder(at('etc'), 0o755, owner),
  placeFile({ path: at('etc/agent.json'), content, mode: 0o640, owner }),
];
const failing: Step = {
  text: 'Fail',
  isDone: () => false,
  run() {
    throw new Error('on purpose');
  },
};

async function run(list: Step[], dryRun = false) {
  const lines: string[] = [];
  const outcome = await runSteps(list, { dryRun, say: (line) => lines.push(line) }).catch(
    (error: Error) => error.message,
  );
  return { outcome, lines };
}

test('what is there already is left alone', async () => {
  expect(await run(steps('one'))).toMatchObject({ outcome: 2 });
  const { mtimeMs, mode } = statSync(at('etc/agent.json'));
  expect(mode & 0o777).toBe(0o640);
  expect(await run(steps('one'))).toMatchObject({ outcome: 0 });
  expect(statSync(at('etc/agent.json')).mtimeMs).toBe(mtimeMs);
});

test('a file with another mode is written anew', async () => {
  await run(steps('one'));
  chmodSync(at('etc/agent.json'), 0o666);
  expect(await run(steps('one'))).toMatchObject({ outcome: 1 });
  expect(statSync(at('etc/agent.json')).mode & 0o777).toBe(0o640);
});

test('a failure takes back what was made, and brings back what was there', async () => {
  expect((await run([...steps('one'), failing])).outcome).toBe('on purpose');
  expect(readdirSync(folder)).toEqual([]);
  await run(steps('one'));
  const { lines } = await run([...steps('two'), failing]);
  expect(readFileSync(at('etc/agent.json'), 'utf8')).toBe('one');
  expect(readdirSync(at('etc'))).toEqual(['agent.json']);
  expect(lines).toContain(`  undone: Write ${at('etc/agent.json')}`);
});

test('success leaves no copies behind', async () => {
  await run(steps('one'));
  await run(steps('two'));
  expect(readdirSync(at('etc'))).toEqual(['agent.json']);
});

test('a dry run says everything and does nothing', async () => {
  const { outcome, lines } = await run([...steps('one'), failing], true);
  expect(outcome).toBe(3);
  expect(lines).toHaveLength(3);
  expect(existsSync(at('etc'))).toBe(false);
});

test('a way back that fails does not keep the others from going', async () => {
  writeFileSync(at('kept'), '');
  const stuck: Step = {
    text: 'Stick',
    isDone: () => false,
    run: () => ({
      undo() {
        throw new Error('stuck');
      },
    }),
  };
  const { lines } = await run([...steps('one'), stuck, failing]);
  expect(readdirSync(folder)).toEqual(['kept']);
  expect(lines).toContain('  not undone: Stick: stuck');
});
