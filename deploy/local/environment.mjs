// The only file of deploy/local that reads the environment: where things are and what the user set.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const isWindows = process.platform === 'win32';
export const isRoot = process.getuid?.() === 0;

/** The pinned Node that `npm ci` brings; the Node that runs this script may be older. */
export const pinnedNode = join(root, 'node_modules', 'node', 'bin', isWindows ? 'node.exe' : 'node');

const binFolder = join(root, 'node_modules', '.bin');
const pathKey = Object.keys(process.env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
const separator = isWindows ? ';' : ':';
const searchPath = (process.env[pathKey] ?? '').split(separator);

/** Where the user stood when typing the command; npm itself moves to the top of the repository. */
export const startFolder = process.env.INIT_CWD ?? process.cwd();

/** What FORETOP_DATA and FORETOP_PORT say, undefined where they say nothing. */
export const given = {
  dataDir: process.env.FORETOP_DATA || undefined,
  port: process.env.FORETOP_PORT || undefined,
};

/** Where the reporter of `npm test` writes its sums. */
export const summaryFile = process.env.FORETOP_TEST_SUMMARY;

/** Seconds since 1970 that built files bear, as reproducible builds have it. */
export const sourceDateEpoch = process.env.SOURCE_DATE_EPOCH || undefined;

/** The collector's own default. */
export function defaultDataDir() {
  if (isRoot) return '/var/lib/foretop';
  return join(process.env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'foretop');
}

/** Tools see the pinned Node first and send no usage data anywhere. */
export function toolEnvironment(more = {}) {
  return {
    ...process.env,
    [pathKey]: [binFolder, ...searchPath].join(separator),
    TURBO_TELEMETRY_DISABLED: '1',
    DO_NOT_TRACK: '1',
    ...more,
  };
}

export function aptEnvironment() {
  return { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
}

/** npm replaces node_modules, so it runs with the Node that was there before it. */
export function npmCommand() {
  const own = searchPath.filter((folder) => !folder.includes('node_modules'));
  const env = { ...process.env, [pathKey]: own.join(separator) };
  const { npm_execpath: script, npm_node_execpath: node } = process.env;
  if (script?.endsWith('.js') && node && !resolve(node).startsWith(join(root, 'node_modules'))) {
    return { command: node, args: [script], env, shell: false };
  }
  return { command: 'npm', args: [], env, shell: isWindows };
}

/** The full path of the first of these programs that PATH has. */
export function findProgram(...names) {
  for (const name of names) {
    for (const folder of searchPath) {
      const path = join(folder, isWindows ? `${name}.exe` : name);
      if (folder !== '' && existsSync(path)) return path;
    }
  }
  return undefined;
}

export const color = Boolean(process.stdout.isTTY) && !process.env.NO_COLOR;

/** On a machine of somebody else, for nobody's eyes. */
export const isCi = Boolean(process.env.CI);
