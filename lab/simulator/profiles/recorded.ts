// A real machine, recorded by record.ts while it built and tested software: see ../README.md.
import { fileURLToPath } from 'node:url';
import { readSnapshot } from '../recording/snapshot.ts';
import { profileOfSnapshot } from '../recording/snapshot-profile.ts';

const path = fileURLToPath(new URL('../snapshots/build-machine.json', import.meta.url));

export const recorded = profileOfSnapshot(readSnapshot(path));
