// What a canvas shows, as far as a test can tell.
import type { Locator } from '@playwright/test';

/** The part of a canvas' columns that hold something in colour; grid, labels and hatching are grey. */
export function colouredShare(canvas: Locator): Promise<number> {
  return canvas.evaluate((element) => {
    const source = element as unknown as Canvas;
    // A copy, because a canvas that is read often is taken off the graphics card.
    const copy = source.ownerDocument.createElement('canvas');
    copy.width = source.width;
    copy.height = source.height;
    const context = copy.getContext('2d', { willReadFrequently: true });
    context.drawImage(source, 0, 0);
    const { data } = context.getImageData(0, 0, copy.width, copy.height);
    const isColoured = (at: number) => {
      const [red = 0, green = 0, blue = 0, opacity = 0] = data.subarray(at, at + 4);
      return opacity > 60 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60;
    };
    let columns = 0;
    for (let x = 0; x < copy.width; x++) {
      for (let y = 0; y < copy.height; y++) {
        if (!isColoured((y * copy.width + x) * 4)) continue;
        columns++;
        break;
      }
    }
    return columns / copy.width;
  });
}

// The few members of the DOM that this needs; the lab is checked without its types.
interface Canvas {
  width: number;
  height: number;
  ownerDocument: { createElement(name: 'canvas'): Canvas };
  getContext(kind: '2d', options: { willReadFrequently: boolean }): Context;
}

interface Context {
  drawImage(source: Canvas, x: number, y: number): void;
  getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray };
}
