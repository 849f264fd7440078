// Keys and clicks as a page that was busy gets them: with nothing between.
import type { Page } from '@playwright/test';

/** Keys, and buttons by CSS selector to be clicked. */
export const atOnce = (page: Page, ...done: (string | { click: string })[]): Promise<void> =>
  page.evaluate(`for (const one of ${JSON.stringify(done)})
    if (typeof one === 'object') document.querySelector(one.click).click();
    else document.body.dispatchEvent(new KeyboardEvent('keydown', { key: one, bubbles: true }))`);
