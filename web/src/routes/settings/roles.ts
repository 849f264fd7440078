// What roles and scopes allow, in words.
import type { RoleName, TokenScope } from '@foretop/proto/api';

export const roleWords: Record<RoleName, string> = {
  viewer: 'Sees hosts, connections and history, and exports them. Changes nothing.',
  operator: 'And may ask hosts to end a process or a connection, where a key of theirs is in the roster.',
  admin: 'And manages hosts, labels, accounts, tokens, keys and history. Sees every host.',
};

export const scopeWords: Record<TokenScope, string> = {
  read: 'read what the dashboard shows',
  export: 'export lists as files',
  'command:request': 'ask for an offer, or queue a command for somebody to sign',
  admin: 'manage hosts and history',
};

const ranks: Record<RoleName, number> = { viewer: 0, operator: 1, admin: 2 };
const needed: Record<TokenScope, RoleName> = {
  read: 'viewer',
  export: 'viewer',
  'command:request': 'operator',
  admin: 'admin',
};

/** What a token of that role can be good for at most. */
export const scopesOf = (role: RoleName): TokenScope[] =>
  (Object.keys(needed) as TokenScope[]).filter((scope) => ranks[role] >= ranks[needed[scope]]);
