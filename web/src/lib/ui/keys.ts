// Keys of the keyboard: what was pressed, and whether a page may act on it.

/** The key for shortcuts, or undefined while somebody types, holds a modifier, or a dialog is open. */
export function shortcut(event: KeyboardEvent): string | undefined {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return undefined;
  const target = event.target;
  if (target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable], dialog'))
    return undefined;
  // Shift F is the one letter that means something else with Shift.
  if (event.key === 'F' && event.shiftKey) return 'F';
  return event.key.length === 1 ? event.key.toLowerCase() : event.key;
}

/** For the window of a page: gives it each key that is for it, and keeps the browser from keys that it took. */
export const pageKeys =
  (take: (key: string) => boolean | undefined) =>
  (event: KeyboardEvent): void => {
    const key = shortcut(event);
    if (key === undefined || (key === 'Enter' && onControl(event))) return;
    if (take(key)) event.preventDefault();
  };

/** Space and Enter belong to the control that has the focus. */
export const onControl = (event: KeyboardEvent): boolean =>
  event.target instanceof HTMLElement && event.target.closest('a, button, summary, [role="tab"]') !== null;
