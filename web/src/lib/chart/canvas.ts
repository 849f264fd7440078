// What the charts draw with: a canvas in device pixels, and the hatching that means "not known".

export interface Surface {
  context: CanvasRenderingContext2D;
  width: number;
  height: number;
}

/** A cleared canvas of the size it is shown at; undefined while it is not shown. Sizes are given, so that no layout is forced. */
export function surfaceOf(canvas: HTMLCanvasElement, width: number, height: number): Surface | undefined {
  const context = canvas.getContext('2d');
  if (!context || width <= 0 || height <= 0) return undefined;
  const ratio = devicePixelRatio || 1;
  const [deviceWidth, deviceHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== deviceWidth || canvas.height !== deviceHeight) {
    canvas.width = deviceWidth;
    canvas.height = deviceHeight;
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

export function hatch(
  context: CanvasRenderingContext2D,
  box: { x: number; y: number; width: number; height: number },
  colour: string,
  spacing = 5,
): void {
  context.save();
  context.beginPath();
  context.rect(box.x, box.y, box.width, box.height);
  context.clip();
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  for (let offset = -box.height; offset < box.width; offset += spacing) {
    context.moveTo(box.x + offset, box.y + box.height);
    context.lineTo(box.x + offset + box.height, box.y);
  }
  context.stroke();
  context.restore();
}
