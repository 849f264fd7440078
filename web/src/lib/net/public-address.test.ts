import { expect, it } from 'vitest';
import { isPublic } from './public-address.ts';

it.each([
  ['8.8.8.8', true],
  ['2a02:2e0::1', true],
  ['10.1.2.3', false],
  ['172.31.0.1', false],
  ['169.254.169.254', false],
  ['::1', false],
  ['fd00::1', false],
  ['fe80::1', false],
  ['2001:db8::5', false],
  ['0.0.0.0', false],
  ['', false],
  ['example.org', false],
  ['⟨202E⟩8.8.8.8', false],
])('%s: %s', (address, expected) => expect(isPublic(address)).toBe(expected));
