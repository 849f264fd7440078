// On a phone what stands over a table makes room for it: once somebody reads on in it, or pushes it up. It is back at the table's top.

/** Less is no more than a trembling finger. */
const pushPx = 24;

/** For onMount. @returns what ends it. */
export function foldOverTables(): () => void {
  const ends = new AbortController();
  const heard = { capture: true, passive: true, signal: ends.signal };
  let began: Touch | undefined;
  document.addEventListener('scroll', onscroll, heard);
  document.addEventListener(
    'touchstart',
    ({ touches }) => (began = touches.length === 1 ? touches[0] : undefined),
    heard,
  );
  document.addEventListener(
    'touchmove',
    ({ touches: [now] }) => {
      if (!began || !now) return;
      const [x, y] = [now.clientX - began.clientX, now.clientY - began.clientY];
      if (Math.abs(y) > pushPx && Math.abs(y) > Math.abs(x)) pushed(began.target as Element, y);
    },
    heard,
  );
  return () => ends.abort();
}

/** What is over a table; of pages one in the other the outer one. */
const pageOf = () => document.querySelector('.split > .left');

function onscroll({ target: table }: Event): void {
  const page = pageOf();
  if (!(table instanceof HTMLElement) || table.role !== 'grid' || !page?.contains(table)) return;
  if (isRead(table)) {
    if (table.scrollTop <= 0) unfold(table);
    return;
  }
  const typing = page.contains(document.activeElement) && !table.contains(document.activeElement);
  const before = table.getBoundingClientRect().top;
  const overPx = before - page.getBoundingClientRect().top;
  if (typing || table.scrollTop <= overPx || table.scrollHeight - table.clientHeight <= 2 * overPx) return;
  fold(table);
  // The rows stay where they are on the screen.
  table.scrollTop -= before - table.getBoundingClientRect().top;
}

function pushed(from: Element, downPx: number): void {
  const page = pageOf();
  const table = page?.querySelector<HTMLElement>('[role="grid"]');
  if (!page?.contains(from) || !table) return;
  if (downPx < 0 && !table.contains(from)) fold(table);
  else if (downPx > 0 && table.scrollTop <= 0) unfold(table);
}

// A table that is read says so itself, so that another one in its place begins unfolded. The style is in Dock.svelte.
const isRead = (table: HTMLElement) => 'read' in table.dataset;
const fold = (table: HTMLElement) => void (table.dataset['read'] = '');
const unfold = (table: HTMLElement) => void delete table.dataset['read'];
