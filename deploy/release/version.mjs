// Versions of releases only rise.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StepError } from '../local/steps.mjs';

/** Throws StepError when `out` holds a release with a higher version. */
export function refuseOlder(version, out) {
  const file = join(out, 'VERSION');
  if (!existsSync(file)) return;
  const present = readFileSync(file, 'utf8').trim();
  if (compareVersions(version, present) >= 0) return;
  throw new StepError(`'${out}' holds version ${present}; ${version} is older, and versions only rise.`);
}

/** Of MAJOR.MINOR.PATCH. Below 0: the first is older. */
export function compareVersions(one, other) {
  const [a, b] = [one, other].map((version) => version.split('.').map(Number));
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
