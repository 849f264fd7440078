// Draws many small canvases a few milliseconds a frame, so that a tick of a thousand hosts makes no long task.

const budgetMs = 5;
/** By canvas, in the order in which they were asked for; the newest drawing of each. */
const waiting = new Map<HTMLCanvasElement, () => void>();
let asked = false;

/** In this frame or one soon after. @returns what takes the wish back. */
export function drawInTurn(canvas: HTMLCanvasElement, draw: () => void): () => void {
  waiting.set(canvas, draw);
  if (!asked) requestAnimationFrame(drawSome);
  asked = true;
  return () => {
    if (waiting.get(canvas) === draw) waiting.delete(canvas);
  };
}

function drawSome(): void {
  const untilMs = performance.now() + budgetMs;
  for (const [canvas, draw] of waiting) {
    waiting.delete(canvas);
    draw();
    if (performance.now() >= untilMs) break;
  }
  asked = waiting.size > 0;
  if (asked) requestAnimationFrame(drawSome);
}
