// Places in words, with whatever of them is known.
import { expect, it } from 'vitest';
import { networkText, placeText, whereText } from './place-words.ts';

const place = { country: 'DE', city: 'Falkenstein', asn: 24940, organisation: 'Hetzner Online GmbH' };
const nothing = { country: null, city: null, asn: null, organisation: null };

it.each([
  [place, 'DE · Falkenstein', 'AS24940 Hetzner Online GmbH', 'Germany, Falkenstein, AS24940 Hetzner Online GmbH'],
  [{ ...nothing, country: 'SG' }, 'SG', '', 'Singapore'],
  [{ ...nothing, asn: 64500 }, '', 'AS64500', 'AS64500'],
  [{ ...nothing, organisation: 'A\u202eB' }, '', 'A⟨202E⟩B', 'A⟨202E⟩B'],
  [nothing, '', '', ''],
])('%o', (some, where, network, all) =>
  expect([whereText(some), networkText(some), placeText(some)]).toEqual([where, network, all]),
);
