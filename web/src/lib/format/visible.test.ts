// visible(): nothing hidden gets through, ordinary text is left alone.
import { expect, it } from 'vitest';
import { visible } from './visible.ts';

it.each([
  ['plain', 'plain'],
  ['/usr/bin/naïve 日本 😀', '/usr/bin/naïve 日本 😀'],
  ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
  ['a\0b', 'a⟨00⟩b'],
  ['\u001b[31m', '⟨1B⟩[31m'],
  ['exe\u202egpj', 'exe⟨202E⟩gpj'],
  ['ba\u200bsh', 'ba⟨200B⟩sh'],
  ['\ufeff', '⟨FEFF⟩'],
  ['\u2066x\u2069', '⟨2066⟩x⟨2069⟩'],
  ['\u{e0041}', '⟨E0041⟩'],
  ['\ud800', '⟨D800⟩'],
  ['a\r\nb', 'a⟨0D⟩⟨0A⟩b'],
])('%j', (text, shown) => expect(visible(text)).toBe(shown));
