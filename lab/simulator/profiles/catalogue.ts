// All profiles, and how a mixed fleet is put together.
import { database } from './database.ts';
import { idle } from './idle.ts';
import { noisy } from './noisy.ts';
import { recorded } from './recorded.ts';
import type { Profile, ProfileName } from './profile.ts';
import { typical } from './typical.ts';
import { webServer } from './web-server.ts';
import { workstation } from './workstation.ts';

export const profiles: Record<ProfileName, Profile> = {
  idle,
  'web-server': webServer,
  database,
  workstation,
  noisy,
  typical,
  recorded,
};

export type FleetProfile = ProfileName | 'mix';

/** A mixed fleet repeats this, so that even three hosts talk to each other. */
const mix: readonly ProfileName[] = [
  'web-server',
  'database',
  'workstation',
  'web-server',
  'idle',
  'web-server',
  'workstation',
  'noisy',
  'web-server',
  'database',
  'workstation',
  'idle',
  'web-server',
  'web-server',
  'workstation',
  'database',
];

export function profileOf(fleet: FleetProfile, index: number): Profile {
  return profiles[fleet === 'mix' ? mix[index % mix.length]! : fleet];
}
