// docs/configuration.md tells what the schema says.
import { readFileSync } from 'node:fs';
import { documentSettings } from '@foretop/proto/settings';
import { expect, test } from 'vitest';
import { settings } from './settings.ts';

test('the table of settings is the one that the schema makes', () => {
  const text = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
  expect(text).toContain(documentSettings(settings));
});
