// A host of the container lab: starts its programs, starts most of those again that end, and stops all of them when it is stopped.  node host.ts web-1
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { hosts, type Program } from './hosts.ts';

const againMs = 1_000;
const programFile = fileURLToPath(new URL('program.ts', import.meta.url));
const small = ['--max-old-space-size=48', '--max-semi-space-size=1'];

const name = process.argv[2] ?? '';
const programs = hosts[name];
if (programs === undefined) throw new Error(`There is no host '${name}'; there are ${Object.keys(hosts).join(', ')}.`);

const running = new Set<ChildProcess>();
const timers = new Set<NodeJS.Timeout>();

for (const program of programs) {
  if (program.every === undefined) start(program);
  else later(program.every.firstS * 1_000, program);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
console.log(`${name} runs ${programs.map(({ name }) => name).join(', ')}`);

function start(program: Program): void {
  const child = spawn(process.execPath, [...small, programFile, program.name], { stdio: 'inherit' });
  running.add(child);
  child.on('exit', (code, signal) => {
    running.delete(child);
    if (code !== 0) console.log(`${program.name} ended with ${code ?? signal}`);
    if (program.once) return;
    later(program.every === undefined ? againMs : program.every.s * 1_000, program);
  });
}

function later(ms: number, program: Program): void {
  const timer = setTimeout(() => {
    timers.delete(timer);
    start(program);
  }, ms);
  timers.add(timer);
}

function stop(): void {
  for (const timer of timers) clearTimeout(timer);
  for (const child of running) {
    child.removeAllListeners('exit');
    child.kill('SIGTERM');
  }
}
