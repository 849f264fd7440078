// Which part of the map is in sight: zoomed about a point, moved, and never beyond its edges.

export interface Viewport {
  /** Of the left upper corner, in the map's own units. */
  x: number;
  y: number;
  /** How many times larger than the whole world. */
  zoom: number;
}

export interface Size {
  width: number;
  height: number;
}

export const whole: Viewport = { x: 0, y: 0, zoom: 1 };
const mostZoom = 12;

export function within(view: Viewport, { width, height }: Size): Viewport {
  const zoom = Math.min(mostZoom, Math.max(1, view.zoom));
  const most = { x: width - width / zoom, y: height - height / zoom };
  return { x: Math.min(most.x, Math.max(0, view.x)), y: Math.min(most.y, Math.max(0, view.y)), zoom };
}

/** The point keeps its place on the screen. */
export function zoomed(view: Viewport, size: Size, factor: number, [x, y]: readonly [number, number]): Viewport {
  const zoom = Math.min(mostZoom, Math.max(1, view.zoom * factor));
  const kept = view.zoom / zoom;
  return within({ x: x - (x - view.x) * kept, y: y - (y - view.y) * kept, zoom }, size);
}

/** By parts of what is in sight: 0.25 is a quarter to the right or down. */
export const moved = (view: Viewport, size: Size, right: number, down: number): Viewport =>
  within({ ...view, x: view.x + (right * size.width) / view.zoom, y: view.y + (down * size.height) / view.zoom }, size);

export const middle = (view: Viewport, { width, height }: Size): [number, number] => [
  view.x + width / view.zoom / 2,
  view.y + height / view.zoom / 2,
];
