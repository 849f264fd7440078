// Which program it is, whatever its version: paths with what changes from one installation or update to the next folded away.
import type { ObservedProcess } from '../../observation.ts';

const longestIdentity = 256;
const deletedSuffix = ' (deleted)';

/** The path without the kernel's " (deleted)"; empty = not known. */
export function executablePath(process: ObservedProcess): string {
  const path = process.executable;
  return path.endsWith(deletedSuffix) ? path.slice(0, -deletedSuffix.length) : path;
}

/**
 * The program's path with numbers, versions and hashes as "*" ("/opt/app-1.2.3/bin/app" and "/opt/app-1.3.0/bin/app" are one), else the
 * command's name; empty = nothing known of a process.
 */
export function programOf(process: ObservedProcess | undefined): string {
  if (process === undefined) return '';
  let program = programs.get(process);
  if (program === undefined) programs.set(process, (program = foldedPath(process)));
  return program;
}

/** A process's observations share its object. */
const programs = new WeakMap<ObservedProcess, string>();

function foldedPath(process: ObservedProcess): string {
  const path = executablePath(process);
  const named = path === '' ? process.comm : path.split(/[/\\]/).map(foldPart).join('/');
  return named.slice(0, longestIdentity);
}

/** What people call it. */
export function programTitle(process: ObservedProcess | undefined): string {
  if (process === undefined) return '';
  return process.comm || executablePath(process).split(/[/\\]/).at(-1)! || `process ${process.pid}`;
}

function foldPart(part: string): string {
  // A hash, a UUID, a temporary name: long, and with digits in it.
  if (/^[0-9a-f-]{12,}$/i.test(part) || (/^[0-9a-z]{20,}/i.test(part) && /\d/.test(part))) return '*';
  return part.replaceAll(/\d+([._-]\d+)*/g, '*');
}

/** Programs that run what others wrote: their path says nothing about who speaks. */
const interpreters =
  /^(python|perl|ruby|node|nodejs|deno|bun|php|java|javaw|lua|bash|dash|zsh|sh|ksh|busybox|powershell|pwsh|cmd|wscript|cscript|mshta|rundll32|regsvr32|msbuild|installutil|curl|wget|nc|ncat|socat|openssl|ssh|bitsadmin|certutil|dllhost|osascript)[\d.]*(\.exe)?$/i;

export function isInterpreter(process: ObservedProcess): boolean {
  const base = executablePath(process).split(/[/\\]/).at(-1)!;
  return interpreters.test(base || process.comm);
}

const browsers =
  /^(firefox|firefox-bin|firefox-esr|chrome|google-chrome|chromium|chromium-browser|msedge|microsoft-edge|brave|opera|vivaldi|safari|webkit.*|com\.apple\.webkit.*|epiphany)(\.exe)?$/i;

/** By the name of its file, where browsers are installed; by the command's name only if no path is known. */
export function isBrowser(process: ObservedProcess): boolean {
  const path = executablePath(process);
  if (path === '') return browsers.test(process.comm);
  return browsers.test(path.split(/[/\\]/).at(-1)!) && (isInstalled(process) || ownInstallation.test(path));
}

/** Chromium's and its kin's installers for one user. */
const ownInstallation = /\\appdata\\local\\(google|microsoft|chromium|bravesoftware|vivaldi|programs)\\/i;

/** Where only an administrator or a package manager writes. */
export function isInstalled(process: ObservedProcess): boolean {
  return /^(\/(usr|bin|sbin|lib|opt|snap|nix\/store|system|applications|library)\/|[a-z]:[\\/](windows[\\/](system32|syswow64)|program files( \(x86\))?)[\\/])/i.test(
    executablePath(process),
  );
}
