// Versions of an installed agent only rise.
import { existsSync } from 'node:fs';
import { tryCommand } from './command.ts';
import { ServiceError } from './service-error.ts';

/** Throws ServiceError when the program in place says that it is newer. */
export function refuseOlderProgram(place: string, program: string, version: string): void {
  if (place === program || !existsSync(place)) return;
  const { status, stdout } = tryCommand(place, '--version');
  const present = stdout.trim();
  if (status !== 0 || !isVersion(present) || compareVersions(version, present) >= 0) return;
  throw new ServiceError(
    `Version ${present} is installed; ${version} is older, and versions only rise. To go back: foretop-agent uninstall --keep-data, then install again.`,
  );
}

const isVersion = (text: string) => /^\d{1,6}\.\d{1,6}\.\d{1,6}$/.test(text);

/** Of MAJOR.MINOR.PATCH. Below 0: the first is older. */
export function compareVersions(one: string, other: string): number {
  const [a, b] = [one, other].map((text) => text.split('.').map(Number));
  const differences = a!.map((part, index) => part - b![index]!);
  return differences.find((difference) => difference !== 0) ?? 0;
}
