// Where the release lies that the files of a run share, until its end.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    releaseFolder: string;
  }
}

export function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'foretop-release-'));
  project.provide('releaseFolder', folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
