// Lucide's icons as the markup that they are: their own component builds each from a list at run time, which costs every page
// 4 kB and is slower to draw. They take `class` and nothing else.
import type { Plugin } from 'vite';

type Shapes = readonly (readonly [element: string, attributes: Readonly<Record<string, string>>])[];

const iconFile = /@lucide\/svelte\/dist\/icons\/[^/]+\.svelte$/;

export const staticIcons = (): Plugin => ({
  name: 'static-icons',
  enforce: 'pre',
  transform: { filter: { id: iconFile }, handler: (code, id) => ({ code: markupOf(code, id), map: { mappings: '' } }) },
});

function markupOf(code: string, id: string): string {
  const data = /const iconData = (\{.*\});/.exec(code)?.[1];
  if (data === undefined) throw new Error(`${id} holds no icon data as this version of Lucide writes them`);
  const { node } = JSON.parse(data) as { node: Shapes };
  const shapes = node.map(
    ([element, attributes]) =>
      `<${element} ${Object.entries(attributes)
        .map(([name, value]) => `${name}="${value}"`)
        .join(' ')} />`,
  );
  return `<script lang="ts">let { class: name = '' }: { class?: string } = $props();</script>
<svg class={name} width="24" height="24" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${shapes.join('')}</svg>
`;
}
