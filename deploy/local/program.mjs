// Starts programs: short ones whose output matters only when they fail, and long ones that are watched and stopped.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { isWindows, root } from './environment.mjs';
import { StepError } from './steps.mjs';

const keptLines = 200;
const keptLineLength = 2_000;

/** Programs that run now, so that an interrupted start leaves none behind. */
const running = new Set();

/**
 * A program in a process group of its own: the terminal's Ctrl+C reaches only us, and we stop it once and in order.
 * `lines` are the last lines of its output; `onLine` sees each, with the stream it came from.
 */
export function startProgram(name, command, args, { env, input, shell = false, onLine = () => {} } = {}) {
  const stdin = input === undefined ? 'ignore' : 'pipe';
  const child = spawn(command, args, { cwd: root, env, shell, detached: !isWindows, stdio: [stdin, 'pipe', 'pipe'] });
  const lines = [];
  const keep = (stream) => (line) => {
    lines.push(line.slice(0, keptLineLength));
    if (lines.length > keptLines) lines.shift();
    onLine(line, stream);
  };
  createInterface({ input: child.stdout }).on('line', keep('stdout'));
  createInterface({ input: child.stderr }).on('line', keep('stderr'));
  child.stdin?.on('error', () => {}); // it may end before it has read its input
  child.stdin?.end(input);

  const program = { name, child, lines, ended: false, exited: undefined, stop: (graceMs) => stop(program, graceMs) };
  program.exited = new Promise((resolve) => {
    const end = (exit) => {
      program.ended = true;
      running.delete(program);
      resolve(exit);
    };
    child.once('error', (error) => {
      lines.push(`cannot run ${command}: ${error.message}`);
      end({ code: null, signal: null });
    });
    // A grandchild may hold the pipes open for longer, so `close` is waited for only a moment.
    child.once('exit', (code, signal) => {
      const timer = setTimeout(() => end({ code, signal }), 500);
      child.once('close', () => {
        clearTimeout(timer);
        end({ code, signal });
      });
    });
  });
  running.add(program);
  return program;
}

/** What `promise` gives, unless the signal comes first: then its reason is thrown. */
export async function unlessAborted(signal, promise) {
  const aborted = new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  return Promise.race([promise, aborted]);
}

/** Asks the program to end and waits; after `graceMs` its whole process group is killed. */
async function stop(program, graceMs) {
  const { child } = program;
  if (program.ended) return program.exited;
  child.kill('SIGTERM');
  const timer = setTimeout(() => killGroup(child), graceMs);
  const exit = await program.exited;
  clearTimeout(timer);
  return exit;
}

function killGroup(child) {
  try {
    if (isWindows) child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Ends whatever still runs, at once: for installs and builds that the user interrupted. */
export async function abandonPrograms() {
  const all = [...running];
  for (const { child } of all) killGroup(child);
  await Promise.all(all.map((program) => program.exited));
}

/** Runs a program to its end and returns its standard output. Throws StepError with its last lines when it fails. */
export async function runProgram(name, command, args, { failure, ...options } = {}) {
  const output = [];
  const onLine = (line, stream) => stream === 'stdout' && output.push(line);
  const program = startProgram(name, command, args, { ...options, onLine });
  const { code, signal } = await program.exited;
  if (code === 0) return output.join('\n');
  const message = failure ?? `${name} failed`;
  throw new StepError(`${message} (${signal ?? `exit code ${code}`}).`, program.lines.slice(-40));
}

/** Runs a program on the user's terminal and returns its exit code. */
export async function runInForeground(command, args, env) {
  const child = spawn(command, args, { cwd: root, env, stdio: 'inherit' });
  return new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(`cannot run ${command}: ${error.message}`);
      resolve(127);
    });
    child.once('close', (code) => resolve(code ?? 1));
  });
}
